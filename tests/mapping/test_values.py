import numpy as np
import pytest

from accelsim.arch.load import load_arch
from accelsim.base.errors import InputError
from accelsim.cost.evaluate import evaluate
from accelsim.mapping.load import load_mapping
from accelsim.mapping.values import with_values
from accelsim.workload.load import load_workload

ONE_PASS = load_workload("attention/one_pass")
FUSEMAX = load_arch("fusemax_cloud")


def test_ranks_take_arrays_and_what_depends_on_them_follows():
    swept = with_values(ONE_PASS, {"ranks.M": np.array([1024, 4096])})
    assert swept.ranks["M1"].tolist() == [1024 // 256, 4096 // 256]


def test_words_are_bytes_or_a_text_with_its_unit():
    changed = with_values(ONE_PASS, {"words.Q": 1, "words.K": "4 B"})
    assert [changed.tensors[name].word_bytes for name in "QKV"] == [1, 4, 2]


def test_a_machine_takes_numbers_in_house_units_texts_with_theirs_and_lists():
    changed = with_values(FUSEMAX, {"clock": [1e9, 2e9], "memories.DRAM.bandwidth": "1 TB/s"})
    assert changed.memory("DRAM").bandwidth.per_cycle(changed.clock_hz).tolist() == [1000, 500]


def test_arrays_broadcast_and_a_point_of_them_is_what_it_is_alone():
    bandwidths, lengths = np.array([[50e9], [400e9]]), np.array([1024, 4096, 16384])
    mapping = load_mapping("fusemax_binding")

    def cycles(bandwidth, length):
        arch = with_values(FUSEMAX, {"memories.DRAM.bandwidth": bandwidth})
        return evaluate(with_values(ONE_PASS, {"ranks.P": length}), arch, mapping).cycles

    swept = cycles(bandwidths, lengths)
    assert swept.shape == (2, 3)
    assert swept[1, 2] == cycles(400e9, 16384)


def test_the_area_of_a_buffer_follows_its_capacity():
    mib = 2**20
    areas = with_values(FUSEMAX, {"memories.GlobalBuffer.capacity": np.array([32, 64]) * mib})
    small, large = areas.memory("GlobalBuffer").area_um2
    assert large == 2 * small


@pytest.mark.parametrize(
    ("path", "value", "fact"),
    [
        ("memories.DRAM.bandwidth", -1, "-1 B/s must be above 0"),
        ("memories.DRAM.capacity", np.array([1, np.nan]), "nan B is beyond anything sensible"),
        ("compute.Array2D.rows", np.array([2.5, 3]), "2.5 is not a whole number"),
        ("memories.DRAM.capacity", "x", "'x' is not a quantity in B"),
        ("clock", np.array(["a"]), "is not a number, nor an array of them"),
        ("clock", None, "'None' is not a number, nor an array of them"),
        ("clok", 1, "there is no 'clok'. Did you mean 'clock'?"),
    ],
)
def test_what_the_machine_cannot_have_is_refused_with_its_path(path, value, fact):
    with pytest.raises(InputError) as error:
        with_values(FUSEMAX, {path: value})
    assert str(error.value).startswith(f"{path}: ")
    assert fact in str(error.value)


@pytest.mark.parametrize(
    ("path", "value", "fact"),
    [
        ("ranks.P", np.array([4, -1]), "a rank is a whole number from 1"),
        ("ranks.X", 1, "has no rank 'X'"),
        ("words.QQ", 1, "words.QQ: there is no such number. Did you mean 'Q'?"),
        ("word", 1, "Name a rank or a tensor, like 'ranks.P' or 'words.Q'"),
        ("words.Q", 0, "words.Q: 0 B must be above 0"),
    ],
)
def test_what_the_workload_cannot_have_is_refused_too(path, value, fact):
    with pytest.raises(InputError) as error:
        with_values(ONE_PASS, {path: value})
    assert fact in str(error.value)
