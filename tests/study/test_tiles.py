"""Tiles that are varied, held against the same mapping with that tile written into it."""

import numpy as np
import pytest

from accelsim.base.errors import StudyError
from accelsim.cost.evaluate import evaluate
from accelsim.mapping.load import load_mapping, select
from accelsim.study.crossover import crossover_of
from accelsim.study.ranges import read_range
from accelsim.study.tiles import by_tiles, tiles_of
from accelsim.study.whatif import array_subject, what_if_of

BANDWIDTH = "memories.DRAM.bandwidth"


@pytest.fixture
def subject():
    return array_subject("attention/one_pass", "fusemax_cloud", "fusemax_binding")


def test_they_have_the_values_that_the_mapping_makes_of_the_machine(subject):
    found = tiles_of(subject.design)
    # P0 are the 2-D array's columns, P0 * P1 * P2 all queries.
    assert found["tiles.P0"].value == 256
    assert np.prod([found[f"tiles.{name}"].value for name in ("P0", "P1", "P2")]) == 4096


def test_each_point_is_that_of_a_mapping_with_the_tile(subject):
    found = what_if_of(subject, ["tiles.P0=64,256,128", f"{BANDWIDTH}=40 GB/s,400 GB/s"])
    design = subject.design
    for row in found.table.rows():
        mapping = load_mapping("fusemax_binding", {"tiles.P0": str(row["tiles.P0"])})
        at = design.at({BANDWIDTH: row[BANDWIDTH]})
        cost = evaluate(at.cascade, at.arch, select(mapping, at.cascade, at.arch))
        assert (row["latency_s"], row["bound"]) == (pytest.approx(cost.latency_s), cost.bound)


def test_a_tile_that_does_not_fit_is_a_row_with_its_error(subject):
    found = what_if_of(subject, ["tiles.P0=256:512:2"])
    assert found.table["error"].tolist()[0] == ""
    assert "512 tiles side by side on the 256 columns" in found.table["error"][-1]
    along = crossover_of(subject, read_range(subject, "tiles.P0=128..512"))
    assert along.boundaries == (257,)


def test_points_of_the_same_tiles_go_together():
    columns = {"tiles.A": np.array([2, 1, 2]), "clock": np.array([1.0, 2.0, 3.0])}
    found = [(values, places.tolist()) for values, places in by_tiles(columns)]
    assert found == [({"tiles.A": 1}, [1]), ({"tiles.A": 2}, [0, 2])]


def test_slips_are_told(subject):
    with pytest.raises(StudyError, match="Did you mean 'tiles.P2'"):
        what_if_of(subject, ["tiles.P9=1:2"])
    with pytest.raises(StudyError, match="tiles are of the mapping that is kept"):
        what_if_of(subject, ["tiles.P0=64,256"], find="latency")
