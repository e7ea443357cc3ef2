"""Boundaries done on paper, and ones that a function was made to have.

The machine of conftest.py moves 48 B over DRAM and needs 4 cycles on two PEs.
"""

import numpy as np
import pytest

from accelsim.arch.load import load_arch
from accelsim.base.errors import AccelsimError
from accelsim.cost.evaluate import evaluate
from accelsim.mapping.load import load_mapping, select
from accelsim.study.crossover import (
    CANNOT_RUN,
    DOES_NOT_FIT,
    Boundary,
    boundaries,
    crossover,
    sentence,
)
from accelsim.study.design import Design
from accelsim.study.ranges import read_range
from accelsim.workload.load import load_workload


def found(design, along, grid=64):
    segments = crossover(design, read_range(design, along), grid).segments
    return [(s.bound, s.low, s.high) for s in segments]


def test_bytes_over_cycles_is_the_bandwidth_that_is_enough(design):
    # 48 B in 4 cycles of 1 GHz.
    along = "memories.DRAM.bandwidth=1 GB/s..1 TB/s"
    (dram, _, first), (compute, second, _) = found(design(), along)
    assert (dram, compute) == ("DRAM", "compute")
    assert first == second == pytest.approx(12e9, rel=1e-8)


def test_in_bytes_per_cycle_too(design):
    segments = found(design(), "memories.DRAM.bandwidth=1 B/cycle..100 B/cycle", grid=2)
    assert segments[1][1] == pytest.approx(12, rel=1e-8)


def test_along_the_clock_it_goes_the_other_way(design):
    # 4 cycles take as long as 48 B at 4 GB/s where the clock is 4 GB/s * 4 / 48 B.
    slow = design(memories__DRAM__bandwidth="4 GB/s")
    segments = crossover(slow, read_range(slow, "clock=100 MHz..1 GHz")).segments
    assert [s.bound for s in segments] == ["compute", "DRAM"]
    assert segments[1].low == pytest.approx(1e9 / 3, rel=1e-8)
    assert segments[0].low_latency_s == pytest.approx(40e-9)
    assert segments[0].high_latency_s == pytest.approx(12e-9)
    assert segments[1].high_latency_s == pytest.approx(12e-9)


def test_whole_numbers_have_a_first_one(design):
    # 4.8 cycles on DRAM: one PE needs 8 cycles, two need 4.
    assert found(design(memories__DRAM__bandwidth="10 B/cycle"), "compute.Array.columns=1..8") == [
        ("compute", 1, 1),
        ("DRAM", 2, 8),
    ]


def test_one_bound_is_one_segment(design):
    assert found(design(), "clock=1 GHz..2 GHz") == [("DRAM", 1e9, 2e9)]


def test_what_overflows_does_not_fit(design):
    segments = found(design(), "memories.Registers.capacity=2 B..64 B")
    assert [bound for bound, _, _ in segments] == [DOES_NOT_FIT, "DRAM"]
    assert segments[1][1] == pytest.approx(6)


ONE_PASS = load_workload("attention/one_pass")
FUSEMAX = load_arch("fusemax_cloud")


def told(design, capacity):
    """The bound under a buffer of so many bytes, and the latency."""
    moved = design.at({"memories.GlobalBuffer.capacity": capacity})
    columns = moved.columns(lambda cost: {"bound": cost.bound, "latency": cost.latency_s}, 1)
    return columns["bound"].item(), columns["latency"].item()


def test_what_has_no_tiles_cannot_run():
    design = Design(ONE_PASS, FUSEMAX, select(load_mapping("fusemax_binding"), ONE_PASS, FUSEMAX))
    segments = crossover(
        design, read_range(design, "memories.GlobalBuffer.capacity=1 KiB..16 MiB")
    ).segments
    assert segments[0].bound == CANNOT_RUN
    assert np.isnan(segments[0].low_latency_s)
    # Just before it, a tile is missing; from it on, the mapping is legal.
    fits = segments[1].low
    assert design.at({"memories.GlobalBuffer.capacity": fits}).violations() == ()
    with pytest.raises(AccelsimError, match="A tile may not fit"):
        told(design, 1024)
    with pytest.raises(AccelsimError, match="A tile may not fit"):
        found(design, "memories.GlobalBuffer.capacity=1 KiB..2 KiB")


def test_an_illegal_mapping_cannot_run():
    """A tile of M0 keys lies side by side on 256 rows."""
    design = Design(ONE_PASS, FUSEMAX, select(load_mapping("fusemax_binding"), ONE_PASS, FUSEMAX))
    along = read_range(design, "ranks.M0=200..300")
    segments = crossover(design, along).segments
    assert [(each.bound, each.low, each.high) for each in segments] == [
        ("compute", 200, 256),
        (CANNOT_RUN, 257, 300),
    ]
    assert np.isnan(segments[1].low_latency_s)
    legal = [m0 for m0 in range(200, 301) if not design.at({"ranks.M0": m0}).violations()]
    assert legal == list(range(200, 257))
    with pytest.raises(AccelsimError, match="can run nowhere in that range: BQK: 261 tiles side"):
        found(design, "ranks.M0=261..300")


def test_a_mapping_that_chooses_does_so_at_each_value():
    """FLAT's dataflow for a smaller buffer is another one: what it says just below and just above
    the boundary is what the alternative that it takes there costs by itself."""
    cascade, arch = load_workload("attention/three_pass"), load_arch("flat_cloud")
    design = Design(cascade, arch, load_mapping("flat"))
    along = read_range(design, "memories.GlobalBuffer.capacity=1 MiB..64 MiB")
    below, above = crossover(design, along).segments
    for segment, place in ((below, above.low - 1), (above, above.low)):
        machine = load_arch("flat_cloud", {"memories.GlobalBuffer.capacity": f"{place} B"})
        cost = evaluate(cascade, machine, select(load_mapping("flat"), cascade, machine))
        assert cost.bound == segment.bound
    assert above.low_latency_s == pytest.approx(float(cost.latency_s))


def steps(*places):
    """A label that changes at each of these places: 0, 1, 2, ..."""
    return lambda values: np.searchsorted(places, values, side="right").astype(str).astype(object)


@pytest.mark.parametrize(
    "places", [(), (3.3,), (2.0,), (3.3, 3.4), (1.1, 3.3, 3.4, 3.45, 7.9), (1.0, 8.0)]
)
def test_several_boundaries_between_two_neighbours_are_all_found(places):
    ends = np.array([1.0, 3.0, 5.0, 8.0])
    seen = [place for place in places if place > 1]
    names = [str(number) for number in range(len(places) - len(seen), len(places) + 1)]
    assert boundaries(steps(*places), ends) == [
        Boundary(pytest.approx(place, rel=1e-8), before, after)
        for place, before, after in zip(seen, names, names[1:], strict=False)
    ]


def test_of_whole_numbers_the_first_ones_are_found():
    ends = np.array([1, 100, 1000])
    got = boundaries(steps(7, 8, 500), ends, is_whole=True)
    assert got == [Boundary(7, "0", "1"), Boundary(8, "1", "2"), Boundary(500, "2", "3")]


def test_the_sentence(design):
    def text(value):
        return f"{value:g}"

    one = crossover(design(), read_range(design(), "clock=1 GHz..2 GHz")).segments
    assert sentence(one, text) == "DRAM-bound from 1e+09 to 2e+09"
    two = crossover(
        design(), read_range(design(), "memories.Registers.capacity=2 B..64 B")
    ).segments
    assert sentence(two, text) == "does not fit below 6, DRAM-bound above"
    three = [*two, two[1]._replace(bound="compute", low=9.0)]
    assert sentence(three, text) == "does not fit below 6, DRAM-bound up to 9, compute-bound above"
