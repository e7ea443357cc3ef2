"""Cycles of schedules whose phases one can add up by hand."""

import numpy as np

from accelsim.cost.cycles import (
    EinsumCycles,
    StepCycles,
    compute_cycles,
    drain_cycles,
    tile_counts,
    tiles_with_work,
)
from accelsim.mapping.binding import BoundStep
from accelsim.mapping.loops import Loop, LoopNest
from accelsim.mapping.mapping import Phase
from tests.cost.strategies import cascade_of, einsum_of

# S[p,m] and T[p,m] have work in every tile of M, D[p] in the last one. M = 1000 makes 4 tiles.
CASCADE = cascade_of(
    (
        einsum_of("S", "PM", {"Q": "P", "K": "M"}),
        einsum_of("T", "PM", {"S": "PM"}),
        einsum_of("D", "P", {"V": "P"}),
    ),
    {"P": 10, "M": 1000},
)
TILE = {"M": 250}


def einsum_cycles(drain=0, **cycles):
    return {name: EinsumCycles(name, "any", total, 1, drain) for name, total in cycles.items()}


def cycles_of(*phases, tile=TILE, drain=0, **cycles):
    step = BoundStep("step", tile, phases, {})
    return compute_cycles(step, einsum_cycles(drain, **cycles), CASCADE)


def test_steps_of_6_cycles_each():
    assert EinsumCycles("S", "Array", steps=100, cycles_per_step=6, drain_cycles=0).cycles == 600


def test_1000_keys_make_4_tiles_of_256():
    step = BoundStep("step", {"M": 256, "P": 4}, (), {})
    assert tile_counts(step, CASCADE) == {"M": 4, "P": 3}


def test_arrays_side_by_side_take_as_long_as_the_slower_one():
    assert cycles_of(Phase(run={"A": ("S",), "B": ("T",)}), S=400, T=240) == 400


def test_phases_run_one_after_the_other():
    phases = Phase(run={"A": ("S",)}), Phase(run={"B": ("T",)})
    assert cycles_of(*phases, S=400, T=240) == 640


def test_einsums_of_one_array_take_turns():
    assert cycles_of(Phase(run={"A": ("S", "T")}), S=400, T=240) == 640


def test_an_einsum_without_the_rank_of_the_tile_runs_at_the_last_tile_alone():
    # 3 tiles of S at 100 cycles; in the fourth, D takes 150 beside it, or after it.
    assert cycles_of(Phase(run={"A": ("S",), "B": ("D",)}), S=400, D=150) == 3 * 100 + 150
    assert cycles_of(Phase(run={"A": ("S", "D")}), S=400, D=150) == 3 * 100 + 250


def test_a_division_that_fits_beside_its_tile_costs_nothing():
    assert cycles_of(Phase(run={"A": ("S",), "B": ("D",)}), S=400, D=80) == 400


def test_the_division_runs_once_for_every_tile_of_its_own_rank():
    # 5 tiles of P times 4 of M: S takes 20 a tile, D 30 at 5 of the 20.
    tile = {"P": 2, "M": 250}
    phase = Phase(run={"A": ("S",), "B": ("D",)})
    assert tiles_with_work("D", tile_counts(BoundStep("", tile, (), {}), CASCADE), CASCADE) == 5
    assert cycles_of(phase, tile=tile, S=400, D=150) == 15 * 20 + 5 * 30


def masked(phase, drain=0, **cycles):
    """Of S and T, conditions leave one of the 4 tiles to be visited."""
    known = einsum_cycles(drain, **cycles)
    known |= {name: known[name]._replace(visited=1 / 4) for name in known if name in "ST"}
    return compute_cycles(BoundStep("step", TILE, (phase,), {}), known, CASCADE)


def test_the_division_runs_beside_the_last_tile_that_is_visited():
    # One tile of S at 100 cycles, no 25 at each of four; D's 80 hide behind it, 150 do not.
    phase = Phase(run={"A": ("S",), "B": ("D",)})
    assert masked(phase, S=100, D=80) == 100
    assert masked(phase, S=100, D=150) == 150


def test_a_sum_drains_only_at_tiles_that_are_visited():
    assert masked(Phase(run={"A": ("S",)}, drain=("S",)), drain=6, S=100) == 100 + 6


def test_an_empty_phase_takes_no_time():
    assert cycles_of(Phase()) == 0


def test_a_phase_that_waits_for_the_last_sum_drains_in_each_of_4_tiles():
    assert cycles_of(Phase(run={"A": ("S",)}, drain=("S",)), drain=6, S=400) == 400 + 4 * 6


def test_an_einsum_drains_only_where_it_runs():
    assert cycles_of(Phase(run={"A": ("D",)}, drain=("D",)), drain=6, D=150) == 150 + 6


def test_a_sum_over_4_rows_takes_4_steps_to_come_out():
    # Rows add up along K; the columns over M are not a chain.
    nest = LoopNest("Z", "Array", (Loop("K", 4, "rows"), Loop("M", 8, "columns")), ())
    cascade = cascade_of((einsum_of("Z", "M", {"X": "MK"}),), {"K": 4, "M": 8})
    assert drain_cycles(nest, cascade, cycles_per_step=1) == 4
    assert drain_cycles(nest, cascade, cycles_per_step=6) == 24


def test_a_step_takes_what_its_slowest_resource_takes():
    assert StepCycles("step", {"compute": 400, "DRAM": 512.5, "Buffer": 30}).cycles == 512.5


def test_tiles_and_cycles_may_be_arrays():
    tile = {"M": np.array([250, 500])}
    cycles = cycles_of(
        Phase(run={"A": ("S",), "B": ("D",)}), tile=tile, S=np.array([[400], [800]]), D=150
    )
    # With 2 tiles: half of S, then the larger of the other half and D.
    assert cycles.tolist() == [[300 + 150, 200 + 200], [800, 800]]
