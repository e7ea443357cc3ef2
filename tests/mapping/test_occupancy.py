"""Bytes held, by hand: of a product of 10 x 5 and 5 x 20 in tiles of 2 x 8, elements of 2 B."""

import numpy as np
import pytest

from accelsim.arch.load import load_arch
from accelsim.mapping.automatic import automatic_mapping
from accelsim.mapping.binding import bind
from accelsim.mapping.load import load_mapping
from accelsim.mapping.occupancy import occupancy_bytes
from accelsim.workload.load import load_workload

SIZES = {"m": 10, "n": 20, "k": 5}
TILES = {"X": 2 * 5 * 2, "Y": 5 * 8 * 2, "Z": 2 * 8 * 2}


@pytest.fixture
def held(mapping_of, product, toy):
    def occupancy(*replaced, cascade=None, arch=None):
        bound = bind(mapping_of(*replaced), cascade or product(**SIZES), arch or toy())
        return occupancy_bytes(bound)

    return occupancy


def test_a_buffer_holds_a_tile_of_each_tensor(held):
    assert held()["Buffer"] == sum(TILES.values())


def test_the_outermost_memory_holds_all_three_tensors(held):
    # Loops cover 24 columns of 20: what is beyond the rank is not there.
    assert held()["DRAM"] == (10 * 5 + 5 * 20 + 10 * 20) * 2


def test_a_register_file_is_that_of_one_processing_element(held):
    assert held()["Registers"] == 3 * 2


def test_a_memory_that_nothing_uses_holds_nothing(held):
    assert held()["LaneRegisters"] == 0


def test_a_double_buffered_memory_holds_two_tiles(held, toy):
    arch = toy(**{"capacity: 64 KiB": "capacity: 64 KiB, double_buffered: true"})
    assert held(arch=arch)["Buffer"] == 2 * sum(TILES.values())


def test_tensors_that_share_room_are_held_as_the_largest_of_them(held):
    assert held(("schedule:", "share: [[X, Z]]\nschedule:"))["Buffer"] == TILES["Y"] + TILES["Z"]


def test_of_a_spilled_tensor_only_the_share_that_stays_is_held(held):
    spill = "spill: [{memory: Buffer, tensors: Y, fraction: 1 / 4}]\nschedule:"
    assert held(("schedule:", spill))["Buffer"] == sum(TILES.values()) - TILES["Y"] / 4


def test_a_sweep_holds_an_array_of_bytes(held, product):
    swept = product(**SIZES).with_ranks(K=np.array([5, 7]))
    assert held(cascade=swept)["Buffer"].tolist() == [132, 2 * 7 * 2 + 7 * 8 * 2 + TILES["Z"]]


# --- several Einsums of a step ------------------------------------------------------------------

TWO = """
- einsums: [W]
  array: Array
  levels:
  - {memory: DRAM, keep: [G, W], loops: {M: M, N: N1}}
  - {memory: Buffer, keep: [Z, G, W]}
  - {array: Array, spatial: {columns: {N: N0}}}
  - {memory: Registers, keep: [Z, G, W]}
schedule:
"""


@pytest.fixture
def chain(cascade_of):
    text = "Z[m,n] += X[m,k] * Y[k,n]\nW[m,n] = Z[m,n] * G[m]"
    return cascade_of(text, "{M: 10, N: 20, K: 5}", "{X: [M, K], Y: [K, N], G: [M]}")


def both(schedule):
    alone = "\nschedule:\n- {name: product, phases: [{run: {Array: [Z]}}]}\n"
    return (alone, f"{TWO}{schedule}\n")


ONE_STEP = both("- {name: both, phases: [{run: {Array: [Z, W]}}]}")
TWO_STEPS = both(
    "- {name: z, phases: [{run: {Array: [Z]}}]}\n- {name: w, phases: [{run: {Array: [W]}}]}"
)


def test_einsums_of_a_step_hold_a_common_tensor_once_at_its_larger_tile(held, chain):
    # W adds its own tile of 1 x 8 and one element of G; Z's 2 x 8 counts, not W's 1 x 8 of it.
    assert held(ONE_STEP, cascade=chain)["Buffer"] == sum(TILES.values()) + 8 * 2 + 2


def test_steps_one_after_the_other_hold_the_most_of_either(held, chain):
    assert held(TWO_STEPS, cascade=chain)["Buffer"] == sum(TILES.values())


def test_the_outermost_memory_holds_what_other_steps_need_as_well(held, chain):
    # X, Y and the result W at all times, G too; Z from the step that makes it to the one after.
    through_dram = ("{memory: DRAM, keep: [G, W]", "{memory: DRAM, keep: [Z, G, W]")
    everything = (10 * 5 + 5 * 20 + 10 * 20 + 10 + 10 * 20) * 2
    assert held(TWO_STEPS, through_dram, cascade=chain)["DRAM"] == everything


def test_what_nobody_reads_any_more_makes_room(held, cascade_of):
    text = "A[m] = X[m] * X[m]\nB[m] = A[m] * A[m]\nC[m] = B[m] * B[m]\nD[m] = C[m] * C[m]"
    cascade = cascade_of(text, "{M: 10}", "{X: [M]}")
    arch = load_arch("fusemax_cloud")
    # X and D, and between two steps A and B, B and C, at last C.
    assert occupancy_bytes(bind(automatic_mapping(cascade, arch), cascade, arch))["DRAM"] == 4 * 20


def test_registers_hold_what_an_einsum_uses_and_what_waits_for_a_later_one(held, chain):
    # X, Y, Z for the first; then Z, G, W: three words each time, not five.
    assert held(ONE_STEP, cascade=chain)["Registers"] == 3 * 2


def test_a_running_value_is_held_once_not_for_every_step():
    cascade = load_workload("attention/one_pass", {"ranks.P": "4096", "ranks.M": "65536"})
    found = occupancy_bytes(
        bind(load_mapping("fusemax_binding"), cascade, load_arch("fusemax_cloud"))
    )
    # For 4096 queries: Q 64, RNV 64, RM and RD of 2 B; for 256 keys: K and V, 64 each.
    assert found["GlobalBuffer"] == 4096 * (64 + 64 + 1 + 1) * 2 + 256 * (64 + 64) * 2
