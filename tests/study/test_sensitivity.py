"""Elasticities of the machine of conftest.py, done on paper.

12 cycles on DRAM, 4 on two PEs; 800 pJ: 320 to read DRAM, 320 to write it, 96 in registers (48 each
way), 40 for products, 24 of leakage while it runs; 20 um^2: 6 of registers, 14 of PEs.
"""

from math import log2

import pytest

from accelsim.arch.load import load_arch
from accelsim.arch.spatial import with_values
from accelsim.base.errors import AccelsimError
from accelsim.cost.evaluate import evaluate
from accelsim.mapping.load import load_mapping
from accelsim.study.design import Design
from accelsim.study.sensitivity import elasticities, is_kink
from accelsim.workload.load import load_workload

DRAM = "memories.DRAM.bandwidth"
MUL = "compute.Array.operations.mul"


def sides(table):
    return {(row["parameter"], row["measure"]): (row["left"], row["right"]) for row in table.rows()}


def both(value):
    return pytest.approx((value, value))


def test_bound_by_dram_time_follows_its_bandwidth(design):
    found = sides(elasticities(design(), ["latency_s"]))
    # Its bandwidth is 4 B/cycle: a faster clock is a faster DRAM.
    assert found[DRAM, "latency_s"] == both(-1)
    assert found["clock", "latency_s"] == both(-1)
    assert found[f"{MUL}.cycles", "latency_s"] == (0, 0)
    per_second = sides(elasticities(design(memories__DRAM__bandwidth="4 GB/s"), ["latency_s"]))
    assert per_second["clock", "latency_s"] == (0, 0)


def test_bound_by_compute_time_follows_the_clock(design):
    found = sides(elasticities(design(memories__DRAM__bandwidth="100 B/cycle"), ["latency_s"]))
    assert found[DRAM, "latency_s"] == (0, 0)
    assert found["clock", "latency_s"] == both(-1)
    assert found[f"{MUL}.cycles", "latency_s"] == both(1)


def test_at_the_balance_there_is_a_kink(design):
    # 48 B at 12 B/cycle are 4 cycles, as many as the two PEs need.
    table = elasticities(design(memories__DRAM__bandwidth="12 B/cycle"), ["latency_s"])
    found = sides(table)
    assert found[DRAM, "latency_s"] == pytest.approx((-1, 0))
    assert found[f"{MUL}.cycles", "latency_s"] == pytest.approx((0, 1))
    assert {r["parameter"] for r in table.rows() if is_kink(r)} == {DRAM, f"{MUL}.cycles"}


def test_shares_of_energy_are_elasticities(design):
    found = sides(elasticities(design(), ["energy_pj"]))
    shares = {
        "memories.DRAM.read": 320,
        "memories.DRAM.write": 320,
        "memories.Registers.read": 48,
        "memories.Registers.write": 48,
        f"{MUL}.energy": 40,
        "memories.Registers.leakage": 24,
        "clock": -24,
        DRAM: -24,
        "memories.Registers.area": 0,
    }
    assert {path: found[path, "energy_pj"] for path in shares} == {
        path: both(share / 800) for path, share in shares.items()
    }


def test_shares_of_area_too(design):
    found = sides(elasticities(design(), ["area_um2"], ["*.area"]))
    assert found == {
        ("memories.Registers.area", "area_um2"): both(6 / 20),
        ("compute.Array.area", "area_um2"): both(14 / 20),
    }


def test_sizes_are_halved_and_doubled(design):
    table = elasticities(design(), ["latency_s", "area_um2"], ["ranks.M", "compute.Array.columns"])
    assert {row["method"] for row in table.rows()} == {"doubling"}
    found = sides(table)
    assert found["ranks.M", "latency_s"] == (1, 1)
    assert found["ranks.M", "area_um2"] == (0, 0)
    assert found["compute.Array.columns", "area_um2"] == (1, 1)
    # One PE needs 8 cycles, fewer than DRAM's 12.
    assert found["compute.Array.columns", "latency_s"] == (0, 0)


def test_a_side_that_does_not_fit_is_none(design):
    # Registers hold 2 B each of A, B and Z: 6 B, and 4 B are too few.
    machine = design(memories__Registers__capacity="8 B")
    found = sides(elasticities(machine, ["latency_s"], ["memories.Registers.capacity"]))
    assert found == {("memories.Registers.capacity", "latency_s"): (None, 0)}


def test_what_is_0_has_none(design):
    found = sides(elasticities(design(), ["in_use.Array"], ["memories.DRAM.read", "clock"]))
    assert found["clock", "in_use.Array"] == (0, 0)


def test_differences_come_near_the_derivatives(design):
    exact, near = (sides(elasticities(design(), step=step)) for step in (None, 1e-6))
    assert exact.keys() == near.keys()
    for key, both_sides in exact.items():
        assert near[key] == pytest.approx(both_sides, abs=1e-5)
    methods = {row["method"] for row in elasticities(design(), step=0.1).rows()}
    assert methods == {"difference", "doubling"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"of": ["latency"]}, "Did you mean 'latency_s'"),
        ({"of": ["bound"]}, "'bound' is no number"),
        ({"of": ["busy.Brray"]}, "no part of the run has 'busy.Brray'"),
        ({"parameters": ["memories.DRAM.bandwith"]}, "Did you mean 'memories.DRAM.bandwidth'"),
        ({"step": 0}, "a step of 0 is no step"),
    ],
)
def test_slips_are_told(design, arguments, message):
    with pytest.raises(AccelsimError, match=message):
        elasticities(design(), **arguments)


def test_a_rank_that_the_mapping_takes_from_an_array_follows_it():
    """FuseMax cuts M into tiles of as many keys as the array has rows: half the rows, and the same
    work is done in twice the tiles. Each size by itself, as `evaluate` has it."""
    cascade, arch = load_workload("attention/one_pass"), load_arch("fusemax_cloud")
    path = "compute.Array2D.rows"
    each = Design(cascade, arch, load_mapping("fusemax_binding"))
    latency_s = {
        rows: evaluate(cascade, with_values(arch, {path: rows}), each.mapping).latency_s
        for rows in (128, 256, 512)
    }
    slopes = (log2(latency_s[256] / latency_s[128]), log2(latency_s[512] / latency_s[256]))
    assert slopes[0] < -0.9
    for asked in ("*", path):
        found = sides(elasticities(each, ["latency_s"], [asked]))
        assert found[path, "latency_s"] == pytest.approx(slopes)
