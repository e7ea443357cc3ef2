"""What shipped inputs say, against what stands in their YAML."""

import numpy as np
import pytest

from accelsim.arch.load import load_arch
from accelsim.arch.load_gpu import load_gpu
from accelsim.arch.spatial import with_values
from accelsim.mapping.load import load_mapping
from accelsim.study.quantities import quantities
from accelsim.workload.load import load_workload

FUSEMAX = quantities(load_arch("fusemax_cloud"))


def test_a_number_has_its_unit_and_who_says_so() -> None:
    bandwidth = FUSEMAX["memories.DRAM.bandwidth"]
    assert (bandwidth.value, bandwidth.unit) == (400 * 2**30, "B/s")
    assert bandwidth.source.startswith("FuseMax artifact: 400 * 2^30 B/s")
    mac = FUSEMAX["compute.Array2D.operations.mac.energy"]
    assert mac == (17.1645, "pJ", "FP16, Accelergy (Aladdin) at 45 nm")


def test_what_the_catalogue_supplied_has_its_source() -> None:
    assert FUSEMAX["memories.GlobalBuffer.area"].source.startswith("parts catalogue, sram: ")
    assert FUSEMAX["memories.GlobalBuffer.read"].source.startswith("Size, row and ports")


def test_without_one_of_its_own_it_has_that_of_what_is_around_it() -> None:
    assert FUSEMAX["clock"].source == load_arch("fusemax_cloud").source
    assert FUSEMAX["compute.Array2D.operations.max.energy"].source.startswith("FuseMax section V")


def test_defaults_and_prose_are_left_out() -> None:
    assert "memories.DRAM.ports" not in FUSEMAX
    assert FUSEMAX["memories.GlobalBuffer.ports"].value == 4
    assert not [path for path in FUSEMAX if path.split(".")[-1] in ("about", "notes", "source")]


def test_every_number_of_a_gpu_has_a_source() -> None:
    numbers = quantities(load_gpu("h100_sxm"))
    assert numbers["memories.HBM.bandwidth"][:2] == (3_350_000_000_000, "B/s")
    assert all(q.source for q in numbers.values() if isinstance(q.value, int | float))


def test_a_workload_says_its_ranks_words_and_einsums() -> None:
    said = quantities(load_workload("attention/one_pass", {"ranks.P": "128", "words.Q": "1 B"}))
    assert said["ranks.P"].value == 128
    assert said["words.Q"][:2] == (1, "B")
    assert "BQK[b,h,m1,m0,p] += Q[b,h,p,e] * K[b,h,m1,m0,e]" in [q.value for q in said.values()]


def test_a_mapping_says_its_nests() -> None:
    said = quantities(load_mapping("fusemax_binding"))
    assert any(path.startswith("nests.0.levels.0.") for path in said)
    assert any(path.startswith("schedule.") for path in said)


@pytest.mark.parametrize(("size", "kind"), [(3, list), (100, str)])
def test_a_long_array_is_its_hash(size: int, kind: type) -> None:
    machine = with_values(load_arch("fusemax_cloud"), {"clock": np.arange(1.0, size + 1)})
    clock = quantities(machine)["clock"]
    assert isinstance(clock.value, kind)
    assert clock.unit == "Hz"
