"""Which number reaches a target, done on paper: the machine of conftest.py moves 48 B over DRAM
(12 cycles at 4 B/cycle of a 1 GHz clock) and needs 4 cycles on two PEs."""

import pytest

from accelsim.base.errors import StudyError
from accelsim.study.pointwise import call_subject
from accelsim.study.reach import levers, reached
from accelsim.study.subject import ArraySubject


@pytest.fixture
def subject(design):
    return ArraySubject(design(), "a toy")


def by_name(found):
    return {each.name: each for each in found.solved}


def test_bandwidth_and_clock_halve_what_dram_bounds(subject):
    found = reached(subject, ["latency=2x"])
    solved = by_name(found)
    assert solved["memories.DRAM.bandwidth"].value == pytest.approx(8)
    assert solved["memories.DRAM.bandwidth"].factor == pytest.approx(2)
    # Bandwidth is in B/cycle: a faster clock is a faster DRAM.
    assert solved["clock"].value == pytest.approx(2e9)
    assert solved["compute.Array.columns"].value is None
    assert found.sentence.endswith("(2x) gives latency=2x")


def test_none_alone_goes_beyond_what_binds_next(design):
    # At 4 GB/s of a clock of its own, 12 ns; the arrays need 4, and the clock changes no DRAM.
    found = reached(
        ArraySubject(design(memories__DRAM__bandwidth="4 GB/s"), "a toy"), ["latency=4x"]
    )
    assert all(each.value is None for each in found.solved)
    assert found.sentence.endswith(
        "no single number gives latency=4x: at best 3x by memories.DRAM.bandwidth alone, "
        "bound by compute"
    )


def test_arrays_of_one_machine_are_widened_together():
    from accelsim.study.whatif import array_subject

    subject = array_subject("attention/one_pass", "fusemax_cloud")
    together = "compute.Array2D.columns,compute.Array1D.columns"
    assert together in levers(subject)
    solved = by_name(reached(subject, ["latency=2x"]))
    assert solved[together].value == 512
    assert solved["compute.Array2D.columns"].value is None


def test_gpus_are_asked_for_theirs():
    subject = call_subject("h100_sxm", "copy", {"bytes": 10**9})
    named = levers(subject)
    assert {"memories.HBM.bandwidth", "clock", "sms", "power.limit"} <= set(named)
    assert not [path for path in named if "quoted" in path or path == "cluster_sms"]
    solved = by_name(reached(subject, ["latency=1.2x"]))
    # Device memory is all that is waited for while a billion bytes move.
    assert solved["memories.HBM.bandwidth"].factor == pytest.approx(1.2, rel=0.03)
    assert solved["power.limit"].value is None


def test_slips_are_told(subject):
    with pytest.raises(StudyError, match="there is no target 'latncy'"):
        reached(subject, ["latncy=2x"])
