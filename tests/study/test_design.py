"""Numbers of a design by their paths."""

import numpy as np
import pytest

from accelsim.base.errors import AccelsimError
from accelsim.study.design import is_whole
from accelsim.study.quantities import Quantity


def test_its_numbers_are_listed_with_their_units(design):
    found = design().numbers()
    assert found["ranks.M"].value == 8
    assert found["words.A"][:2] == (2, "B")
    assert found["memories.DRAM.bandwidth"][:2] == (4, "B/cycle")
    assert "compute.Array.name" not in found


def test_a_text_is_read_in_the_unit_of_its_path(design):
    own = design()
    assert own.read("memories.DRAM.bandwidth", "2 GB/s") == Quantity(2e9, "B/s")
    assert own.read("memories.DRAM.bandwidth", "2 kB/cycle") == Quantity(2000, "B/cycle")
    assert own.read("clock", "2 GHz") == Quantity(2_000_000_000, "Hz")
    assert own.read("ranks.M", "16") == Quantity(16)
    assert own.read("words.A", "16 bit") == Quantity(2, "B")


def latencies(design, points):
    return design.columns(lambda cost: {"": cost.latency_s}, points)[""].tolist()


def test_arrays_are_evaluated_at_once(design):
    moved = design().at({"ranks.M": np.array([8, 16]), "memories.DRAM.bandwidth": 4e9})
    assert latencies(moved, 2) == pytest.approx([12e-9, 24e-9])
    wide = design().at({"memories.DRAM.bandwidth": 8}, {"memories.DRAM.bandwidth": "B/cycle"})
    assert latencies(wide, 1) == pytest.approx([6e-9])


def test_what_is_whole():
    found = {path: is_whole(path) for path in ("ranks.M", "compute.A.rows", "clock", "words.A")}
    assert list(found.values()) == [True, True, False, False]


def test_a_mapping_that_breaks_is_told(design):
    assert design().violations() == ()
    assert design().at({"memories.Registers.capacity": 4}).violations()


@pytest.mark.parametrize(
    ("path", "text", "message"),
    [
        ("ranks.N", "8", "the workload has no such number. Did you mean 'ranks.M'"),
        ("ranks.M", "8.5", "must be a whole number above 0"),
        ("words.A", "0 B", "must be above 0"),
        ("memories.DRAM.bandwith", "1 GB/s", "Did you mean 'bandwidth'"),
        ("clock", "1 GB", "is not a quantity in Hz"),
    ],
)
def test_slips_are_told(design, path, text, message):
    with pytest.raises(AccelsimError, match=message):
        design().read(path, text)
