"""Settings as numbers mean what their texts mean."""

from collections.abc import Callable

import numpy as np
import pytest

from accelsim.arch.load import load_arch
from accelsim.arch.spatial import Spatial, names
from accelsim.base.errors import AccelsimError
from accelsim.study.axes import Value
from accelsim.study.cases import arch_at
from accelsim.study.inputs import Inputs
from accelsim.study.setting import Setting
from accelsim.study.study import Study
from accelsim.study.sweep import sweep

Load = Callable[..., Study]


@pytest.fixture(scope="module")
def machine() -> Spatial:
    return load_arch("fusemax_cloud")


def read(machine: Spatial, path: str, setting: Setting) -> Spatial:
    return arch_at(machine, {path: setting}, Inputs())


@pytest.mark.parametrize(
    ("path", "values", "unit"),
    [
        ("clock", [9.4e8, 1e9 / 3], "Hz"),
        ("memories.DRAM.bandwidth", [25e9, 1e12 / 7], "B/s"),
        ("memories.DRAM.bandwidth", [16.0, 0.1], "B/cycle"),
        ("memories.GlobalBuffer.capacity", [1048576, 3000000], "B"),
        ("memories.GlobalBuffer.capacity", [1e6, 2e6], "B"),
        ("memories.GlobalBuffer.read", [0.1, 1 / 3], "pJ/B"),
        ("memories.GlobalBuffer.read", [1.5, 2.0], "pJ/bit"),
        ("compute.Array2D.rows", [16, 128], "1"),
        ("compute.Array2D.columns", [16.0, 128.0], "1"),
    ],
)
def test_a_machine_reads_numbers_as_it_reads_their_texts(
    machine: Spatial, path: str, values: list[Value], unit: str
) -> None:
    texts = [f"{value!r} {unit}".removesuffix(" 1") for value in values]
    given = names(read(machine, path, Setting.of(values, unit)))
    expected = names(read(machine, path, Setting.of(texts)))
    assert given.keys() == expected.keys()
    for name, number in expected.items():
        assert np.array_equal(given[name], number), name
        assert np.asarray(given[name]).dtype == np.asarray(number).dtype, name


@pytest.mark.parametrize(
    ("path", "values", "unit"),
    [
        ("memories.DRAM.bandwidth", [25e9, 0.0], "B/s"),
        ("memories.GlobalBuffer.capacity", [-1.0, 5.0, 9.0], "B"),
        ("memories.GlobalBuffer.capacity", [5.0, 9.0], "s"),
        ("compute.Array2D.rows", [16, 16.5, 32], "1"),
        ("compute.Array2D.rows", [16, 2.5e200, 32], "1"),
    ],
)
def test_what_a_machine_cannot_read_is_refused_in_the_same_words(
    machine: Spatial, path: str, values: list[Value], unit: str
) -> None:
    messages = []
    for setting in (Setting.of(values, unit), Setting.of(Setting.of(values, unit).as_written)):
        with pytest.raises(AccelsimError) as caught:
            read(machine, path, setting)
        messages.append(str(caught.value))
    assert messages[0] == messages[1]


def test_rows_of_numbers_are_rows_of_texts(load: Load) -> None:
    """A range and the list of its values have the same rows, failing points included."""
    ranges = """\
vary:
  bandwidth: {set: arch.memories.DRAM.bandwidth, from: 0 GB/s, to: 9 GB/s, steps: 4}
  size_bytes: {set: arch.memories.Registers.capacity, from: 1 B, to: 1 KiB, steps: 3, log: true}
"""
    listed = """\
vary:
  bandwidth: {set: arch.memories.DRAM.bandwidth, to: [0 B/s, 3e9 B/s, 6 GB/s, 9000 MB/s]}
  size_bytes: {set: arch.memories.Registers.capacity, to: [1 B, 32 B, 1 KiB]}
"""
    numbers, texts = sweep(load(ranges)), sweep(load(listed))
    assert numbers["bandwidth"].tolist() == [0] * 3 + [3e9] * 3 + [6e9] * 3 + [9e9] * 3
    assert numbers["error"].notna().sum() == 3
    same = [name for name in numbers if name not in ("point", "bandwidth", "error")]
    assert numbers[same].equals(texts[same])


def test_a_whole_number_has_the_address_of_its_float() -> None:
    whole, float_ = Setting.of([1, 2, 0]).hashes(7), Setting.of([1.0, 2.0, -0.0]).hashes(7)
    assert whole is not None and float_ is not None
    assert whole.tolist() == float_.tolist()


def test_a_million_numbers_have_as_many_hashes_whose_bits_are_even() -> None:
    hashes = Setting.of(np.arange(1_000_000) / 8.0).hashes(3)
    assert hashes is not None
    assert len(np.unique(hashes)) == 1_000_000
    bits = np.unpackbits(hashes.view(np.uint8)).reshape(-1, 64).mean(axis=0)
    assert abs(bits - 0.5).max() < 0.003
