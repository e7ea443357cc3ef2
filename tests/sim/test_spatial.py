from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accelsim.arch.spatial import with_values
from accelsim.base.errors import InputError
from accelsim.cost.result import Cost
from accelsim.cost.spatial import cost
from accelsim.mapping.binding import BoundMapping
from accelsim.sim.spatial import simulate
from accelsim.sim.trace import Interval, Trace, waterfall

Bound = Callable[..., BoundMapping]
ALL = 100_000
DRAM = "memories.DRAM.bandwidth"

SMALL = {"B": 1, "H": 4, "P": 1024, "M": 1024}  # 64 tiles
LARGE = {"B": 1, "H": 1, "P": 4096, "M": 4096}  # 256 tiles

BINDING = (("BQK LM", "RD RNV AV"), ("", "RM"), ("SLN SLD", "PRM SPD"), ("SLNV", "SPNV"))
SLD_LATER = (("BQK LM", "RD RNV AV"), ("", "RM"), ("SLN", "PRM SPD"), ("SLD SLNV", "SPNV"))
SPLIT = (*BINDING[:3], ("SLNV", ""), ("", "SPNV"))
MERGED = (*BINDING[:2], ("SLN SLD SLNV", "PRM SPD SPNV"))
RNV_LATER = (("BQK LM", "RD AV"), *BINDING[1:3], ("SLNV", "SPNV RNV"))
NOTHING_BESIDE = tuple(
    (("BQK", ""), ("LM", ""), ("", "RM PRM SPD"), ("SLN SLD SLNV", ""), ("", "RD SPNV RNV AV"))
)


def formula(mapping: BoundMapping) -> Cost:
    return cost(mapping)


def error(mapping: BoundMapping) -> float:
    """Of the simulation, relative to the formula."""
    return float(simulate(mapping, most_tiles=ALL).cycles / formula(mapping).cycles - 1)


def of(trace: Trace, activity: str) -> dict[tuple[str, int], list[Interval]]:
    found: dict[tuple[str, int], list[Interval]] = defaultdict(list)
    for interval in trace.intervals:
        if interval.activity == activity:
            found[interval.subject.einsum, interval.subject.tile].append(interval)
    return found


# --- FuseMax --------------------------------------------------------------------------------------


def test_fusemax_shows_its_waterfall(bound: Bound):
    """RNV works on tile 0 beside BQK on tile 1, and nothing waits."""
    trace = simulate(bound("fusemax_binding", B=1, H=1, P=2048, M=2048), most_tiles=ALL)
    assert waterfall(trace, columns=60, tiles=2).splitlines()[2:-1] == [
        "phase 1 Array2D BQK LM  |000000000000            111111111111            222222222222|",
        "phase 1 Array1D RD RNV  |                        000000000000            111111111111|",
        "phase 2 Array1D RM      |           0                       1                        |",
        "phase 3 Array2D SLN SLD |           000                     111                      |",
        "phase 3 Array1D PRM SPD |           000                     111                      |",
        "phase 4 Array2D SLNV    |             000000000000            111111111111           |",
        "phase 4 Array1D SPNV    |             000000000000            111111111111           |",
        "DRAM load BQK SLNV      |0000111111              222222                  333333      |",
    ]


@pytest.mark.parametrize(
    ("ranks", "tiles"),
    [
        ({"H": 1, "P": 2048, "M": 2048}, 64),
        ({"H": 1, "P": 256, "M": 16384}, 64),
        ({"H": 1, "P": 16384, "M": 256}, 64),
        ({"H": 12, "P": 1024, "M": 1024}, 192),
        ({"H": 2, "P": 8192, "M": 8192}, 2048),
    ],
)
def test_fusemax_agrees_with_the_formula_from_64_tiles_on(bound: Bound, ranks, tiles):
    mapping = bound("fusemax_binding", B=1, **ranks)
    trace = simulate(mapping, most_tiles=ALL)
    assert (trace.tiles_played, trace.tiles) == (tiles, tiles)
    assert trace.cycles == pytest.approx(float(formula(mapping).cycles), rel=0.01)


def test_filling_and_draining_the_pipeline_take_65_cycles(bound: Bound):
    """The formula hides BQK and LM of the first tile, 64 + 1 cycles, behind the last division."""
    mapping = bound("fusemax_binding", arch={DRAM: "1 PB/s"}, **LARGE)
    trace = simulate(mapping, most_tiles=ALL)
    assert trace.cycles - float(formula(mapping).cycles) == pytest.approx(65, abs=0.1)


def test_the_architecture_alone_waits_256_cycles_a_tile_for_its_maximum(bound: Bound):
    trace = simulate(bound("fusemax_architecture", **SMALL), most_tiles=ALL)
    assert trace.cycles_of("Array2D", "drain") == 64 * 256
    first = of(trace, "drain")["LM", 0][0]
    assert (first.end - first.start, first.end) == (256, of(trace, "work")["RM", 0][0].start)
    assert "~" * 10 in waterfall(trace)


def test_an_array_is_in_use_as_long_as_the_formula_says(bound: Bound):
    mapping = bound("fusemax_binding", **LARGE)
    trace = simulate(mapping, most_tiles=ALL)
    for array, use in formula(mapping).utilization.items():
        assert trace.utilization[array] == pytest.approx(float(use.in_use), abs=0.003)


def test_the_ports_carry_the_traffic(bound: Bound):
    mapping = bound("fusemax_binding", **SMALL)
    carried = simulate(mapping, most_tiles=ALL).busy_cycles["DRAM"] * 400 * 2**30 / 940e6
    assert carried == pytest.approx(4 * 4 * 1024 * 64 * 2)  # Q, K, V and AV of 4 heads, once


# --- twenty mappings ------------------------------------------------------------------------------


def schedule(phases, runs, **changes):
    return {"phases": phases(*runs), **changes}


KEYS_FIRST = {"tile": {"B": 1, "H": 1, "M1": 1, "P": "P0"}}
NO_LAG: dict[str, object] = {"lag": {}}
AV_LATE = {"lag": {"RD": 1, "RNV": 1, "AV": 2}}
LAG_OF_RD_AND_AV = {"lag": {"RD": 1, "AV": 1}}

MAPPINGS = {
    "binding": ("fusemax_binding", "fusemax_cloud", "400 GiB/s", SMALL, None),
    "binding, memory-bound": ("fusemax_binding", "fusemax_cloud", "40 GB/s", LARGE, None),
    "binding, heads of 128": ("fusemax_binding", "fusemax_cloud", "1 TB/s", "wide", None),
    "binding, keys first": ("fusemax_binding", "fusemax_cloud", "400 GiB/s", LARGE, KEYS_FIRST),
    "SLD later": ("fusemax_binding", "fusemax_cloud", "400 GiB/s", LARGE, SLD_LATER),
    "phase split": ("fusemax_binding", "fusemax_cloud", "400 GiB/s", LARGE, SPLIT),
    "phases merged": ("fusemax_binding", "fusemax_cloud", "400 GiB/s", LARGE, MERGED),
    "RNV later": ("fusemax_binding", "fusemax_cloud", "400 GiB/s", LARGE, RNV_LATER),
    "nothing beside": ("fusemax_binding", "fusemax_cloud", "400 GiB/s", SMALL, NOTHING_BESIDE),
    "AV two rounds late": ("fusemax_binding", "fusemax_cloud", "400 GiB/s", LARGE, AV_LATE),
    "architecture": ("fusemax_architecture", "fusemax_cloud", "400 GiB/s", SMALL, None),
    "architecture, memory-bound": ("fusemax_architecture", "fusemax_cloud", "30 GB/s", SMALL, None),
    "cascade": ("fusemax_cascade", "cascade_cloud", "400 GiB/s", SMALL, None),
    "cascade, memory-bound": ("fusemax_cascade", "cascade_cloud", "4 GB/s", LARGE, None),
    "FLAT": ("flat", "flat_cloud", "400 GiB/s", SMALL, None),
    "FLAT, edge": ("flat", "flat_edge", "50 GiB/s", LARGE, None),
    "FLAT, scores in DRAM": ("flat_weight_stationary", "flat_cloud", "400 GiB/s", LARGE, None),
    "unfused": ("unfused", "unfused_cloud", "400 GiB/s", LARGE, None),
    "unfused, memory-bound": ("unfused", "unfused_cloud", "100 GB/s", SMALL, None),
    "linear layers": ("linear_layers", "fusemax_cloud", "400 GiB/s", "linear", None),
    "linear layers, memory-bound": ("linear_layers", "fusemax_cloud", "20 GB/s", "linear", None),
}
RANKS = {
    "wide": {"B": 1, "H": 2, "P": 2048, "M": 2048, "E": 128, "F": 128},
    "linear": {"B": 1, "P": 1024},
}
LAGS: dict[tuple[object, ...], dict[str, object]] = {
    RNV_LATER: LAG_OF_RD_AND_AV,
    NOTHING_BESIDE: NO_LAG,
}


@pytest.mark.parametrize("name", MAPPINGS)
def test_simulation_and_formula_agree_within_1_percent(bound: Bound, phases, name: str):
    mapping, machine, bandwidth, ranks, change = MAPPINGS[name]
    if isinstance(change, tuple):
        change = schedule(phases, change, **LAGS.get(change, {}))
    ranks = RANKS[ranks] if isinstance(ranks, str) else ranks
    assert abs(error(bound(mapping, machine, {DRAM: bandwidth}, change, **ranks))) < 0.01


@pytest.mark.parametrize(
    ("runs", "lag", "cycles_per_tile"),
    [
        (SLD_LATER, {}, 1),  # max(7, 8) + max(1 + 64, 64) after max(8, 8) + max(64, 64)
        (SPLIT, {}, 64),  # 64 + 64 after max(64, 64)
        (MERGED, {}, 0),  # max(72, 72) after max(8, 8) + max(64, 64)
        (RNV_LATER, LAG_OF_RD_AND_AV, 64 - 64 / 16),  # AV, at 1 in 16 tiles, hides behind BQK
    ],
)
def test_another_order_of_phases_changes_both_alike(
    bound: Bound, phases, runs, lag, cycles_per_tile
):
    before = bound("fusemax_binding", **LARGE)
    after = bound("fusemax_binding", schedule=schedule(phases, runs, **lag), **LARGE)
    by_formula = float(formula(after).cycles - formula(before).cycles)
    played = [simulate(mapping, most_tiles=ALL).cycles for mapping in (before, after)]
    assert by_formula == pytest.approx(256 * cycles_per_tile)
    assert played[1] - played[0] == pytest.approx(by_formula, abs=130)


def test_where_the_port_is_nearly_as_busy_as_the_arrays_order_costs_1_percent_and_more(
    bound: Bound,
):
    """What the formula cannot know: data comes one round ahead, not sixteen."""
    assert 0.01 < error(bound("fusemax_binding", arch={DRAM: "55 GB/s"}, **LARGE)) < 0.02


def test_a_buffer_with_a_bandwidth_has_a_port_too(bound: Bound):
    mapping = bound("fusemax_binding", **LARGE)
    arch = with_values(mapping.arch, {"memories.GlobalBuffer.bandwidth": "100 GB/s"})
    slow = replace(mapping, arch=arch)
    assert formula(slow).bound == "GlobalBuffer"
    assert abs(error(slow)) < 0.01
    assert simulate(slow, most_tiles=ALL).utilization["GlobalBuffer"] > 0.99


# --- laws of a trace ------------------------------------------------------------------------------


@given(
    gigabytes=st.integers(10, 1000),
    queries=st.integers(1, 5),
    keys=st.integers(1, 5),
    order=st.permutations(["H", "P", "M1"]),
    name=st.sampled_from(["fusemax_binding", "fusemax_architecture"]),
)
@settings(max_examples=40, deadline=None)
def test_no_trace_breaks_a_law_or_beats_the_formula(bound, gigabytes, queries, keys, order, name):
    tile = {"B": 1} | {rank: {"H": 1, "P": 256, "M1": 1}[rank] for rank in order}
    ranks = {"B": 1, "H": 2, "P": 256 * queries, "M": 256 * keys}
    mapping = bound(name, arch={DRAM: f"{gigabytes} GB/s"}, schedule={"tile": tile}, **ranks)
    trace = simulate(mapping, most_tiles=ALL)
    assert trace.cycles >= formula(mapping).cycles * (1 - 1e-9)
    assert_one_thing_at_a_time(trace)
    assert_data_before_use(trace)
    assert_loads_one_round_ahead(trace)


def assert_one_thing_at_a_time(trace: Trace) -> None:
    for actor in trace.busy_cycles:
        own = [interval for interval in trace.intervals if interval.actor == actor]
        for before, after in pairwise(own):
            assert before.end <= after.start + 1e-6


def assert_data_before_use(trace: Trace) -> None:
    loads, works, writes = (of(trace, activity) for activity in ("load", "work", "write"))
    for job, (load,) in loads.items():
        assert load.start <= works[job][0].start + 1e-6
        assert load.end <= works[job][0].end + 1e-6
    for job, parts in writes.items():
        assert works[job][0].start <= parts[0].start
        assert works[job][0].end <= parts[-1].end + 1e-6


def assert_loads_one_round_ahead(trace: Trace) -> None:
    works = of(trace, "work")
    for (einsum, tile), (load,) in of(trace, "load").items():
        if tile >= 2:
            assert load.start >= works["SLNV", tile - 2][0].end - 1e-6, einsum


# --- windows and refusals -------------------------------------------------------------------------


def test_a_window_of_100_tiles_stands_for_a_run_of_3_million(bound: Bound):
    mapping = bound("fusemax_binding", B=1, H=12, P=131072, M=131072)
    trace = simulate(mapping, most_tiles=100)
    assert (trace.tiles_played, trace.tiles) == (100, 12 * 512 * 512)
    assert trace.estimated_cycles == pytest.approx(float(formula(mapping).cycles), rel=0.01)


def test_steps_are_played_one_after_the_other(bound: Bound):
    trace = simulate(bound("unfused", "unfused_cloud", **SMALL), most_tiles=ALL)
    assert [step.step for step in trace.steps] == ["QK", "softmax", "AV"]
    for before, after in pairwise(trace.steps):
        assert before.end == after.start


def test_no_tiles_cannot_be_played(bound: Bound):
    with pytest.raises(InputError) as refusal:
        simulate(bound("fusemax_binding", **SMALL), most_tiles=0)
    assert str(refusal.value) == "0 tiles are nothing to play. Play 1 or more"


def test_a_sweep_cannot_be_played(bound: Bound):
    mapping = bound("fusemax_binding", **SMALL)
    arch = with_values(mapping.arch, {DRAM: np.array([1e11, 2e11])})
    play = partial(simulate, replace(mapping, arch=arch), most_tiles=1)
    with pytest.raises(InputError) as refusal:
        play()
    assert str(refusal.value) == (
        "this mapping is a sweep of 2 points. Bind and simulate one point at a time"
    )
