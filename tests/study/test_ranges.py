"""Ranges as they are written."""

import numpy as np
import pytest

from accelsim.base.errors import AccelsimError
from accelsim.study.ranges import read_range, read_ranges
from accelsim.study.spread import Range

ENDS = np.array([0.0, 0.5, 1.0])


def test_a_range_has_its_unit_and_scale(design):
    found = read_range(design(), "memories.DRAM.bandwidth=25 GB/s..2 TB/s log")
    assert found == Range("memories.DRAM.bandwidth", 25e9, 2e12, "B/s", True)
    assert read_range(design(), "ranks.M=4..16") == Range("ranks.M", 4, 16, "", False, True)


def test_numbers_lie_evenly_or_evenly_on_the_logarithm():
    assert Range("clock", 1, 100).at(ENDS).tolist() == [1, 50.5, 100]
    assert Range("clock", 1, 100, is_log=True).at(ENDS) == pytest.approx([1, 10, 100])


@pytest.mark.parametrize("is_log", [False, True])
def test_of_ranks_all_whole_numbers_and_no_others_come_up(is_log):
    found = Range("ranks.M", 2, 5, is_log=is_log, is_whole=True).at(np.linspace(0, 1, 4001))
    numbers, counts = np.unique(found, return_counts=True)
    assert numbers.tolist() == [2, 3, 4, 5]
    widths = np.log([3 / 2, 4 / 3, 5 / 4, 6 / 5]) / np.log(3) if is_log else np.full(4, 1 / 4)
    assert counts / 4001 == pytest.approx(widths, abs=1e-3)


def test_a_file_and_texts_together(design, folder):
    file = folder / "ranges.yaml"
    file.write_text("clock: 1 GHz..2 GHz\nranks.M: 8..16 log\n", encoding="utf-8")
    found = read_ranges(design(), ["words.A=1 B..4 B"], file)
    assert [each.path for each in found] == ["clock", "ranks.M", "words.A"]
    with pytest.raises(AccelsimError, match="clock has two ranges"):
        read_ranges(design(), ["clock=1 GHz..3 GHz"], file)
    file.write_text("clock: 1 GHz..2 GB\n", encoding="utf-8")
    with pytest.raises(AccelsimError, match=r"ranges\.yaml:1: .*is not a quantity in Hz"):
        read_ranges(design(), [], file)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("clock", "'clock' is no range"),
        ("clock=1 GHz", "'1 GHz' is no range"),
        ("clock=2 GHz..1 GHz", "is empty"),
        ("clock=1 GHz..1 GHz", "is empty"),
        ("memories.DRAM.read=0 pJ/B..1 pJ/B log", "logarithms need a range above 0"),
        ("memories.DRAM.bandwidth=1 GB/s..8 B/cycle", "in B/s at one end and in B/cycle"),
        ("ranks.M=1.5..8", "must be a whole number"),
    ],
)
def test_slips_are_told(design, text, message):
    with pytest.raises(AccelsimError, match=message):
        read_range(design(), text)
