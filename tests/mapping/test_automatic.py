"""Mappings made by rules, by hand: what a product moves, which array, where running values stay."""

import pytest

from accelsim.base.errors import MappingError
from accelsim.mapping.automatic import automatic_mapping
from accelsim.mapping.render import render
from accelsim.workload.load import load_workload
from tests.mapping.automatic import arch_of, automatic

# --- what a matrix product moves ----------------------------------------------------------------


def test_a_product_that_fits_the_buffer_moves_its_three_tensors_once(product, toy):
    _, cost = automatic(product(64, 64, 64), toy(buffer="24 KiB"))
    assert cost.traffic_bytes["DRAM"] == 3 * 64 * 64 * 2
    assert cost.occupancy_bytes["Buffer"] == 24 * 1024


def test_in_a_sixth_of_that_buffer_both_operands_come_twice(product, toy):
    bound, cost = automatic(product(64, 64, 64), toy(buffer="4 KiB"))
    assert cost.traffic_bytes["DRAM"] == (2 + 2 + 1) * 64 * 64 * 2
    assert render(bound) == (
        "Z on Array\n"
        "  DRAM keeps X, Y, Z\n"
        "  for M in 2\n"
        "    for N in 2\n"
        "      for K in 4\n"
        "        Buffer keeps X, Y, Z\n"
        "        for M in 4\n"
        "          for N in 8\n"
        "            for K in 16\n"
        "              spatial M in 8 over columns\n"
        "                spatial N in 4 over rows\n"
        "                  Registers keeps X, Y, Z\n"
        "                  Z at one point\n"
        "\n"
        "step Z, once\n"
        "  1. Array: Z\n"
    )


def test_a_product_keeps_all_32_processing_elements_busy(product, toy):
    _, cost = automatic(product(64, 64, 64), toy())
    assert cost.cycles == 64 * 64 * 64 / 32
    assert cost.utilization["Array"].busy == 1


def test_sums_leave_the_array_once_when_the_buffer_has_room(product, toy):
    _, cost = automatic(product(64, 64, 64), toy())
    written = [
        r.count for r in cost.rows if (r.part, r.action, r.tensor) == ("Buffer", "write", "Z")
    ]
    assert sum(written) == 64 * 64


def test_1000_rows_on_8_columns_take_125_rounds_of_8(product, toy):
    _, cost = automatic(product(1000, 4, 16), toy())
    assert cost.cycles_by_resource["compute"] == 125 * 16


def test_what_a_register_file_has_no_room_for_passes_by(product, toy):
    bound, cost = automatic(product(), toy(registers="4 B"))
    kept = [s.tensors for s in bound.nests["Z"].storages if s.memory == "Registers"]
    assert kept == [frozenset({"X", "Z"})]
    assert cost.occupancy_bytes["Registers"] == 4


def test_a_buffer_with_room_for_one_tile_of_a_step_keeps_that(product, toy):
    bound, _ = automatic(product(), toy(buffer="16 B"))
    assert [s.tensors for s in bound.nests["Z"].storages if s.memory == "Buffer"] == [{"X"}]


def test_a_buffer_without_any_room_is_left_out(product, toy):
    bound, _ = automatic(product(), toy(buffer="7 B"))
    assert [s.memory for s in bound.nests["Z"].storages] == ["DRAM", "Registers"]


def test_a_double_buffered_memory_is_half_as_large(product, toy):
    halved = {"capacity: 8 KiB": "capacity: 8 KiB, double_buffered: true"}
    _, cost = automatic(product(), toy(buffer="8 KiB", **halved))
    assert cost.traffic_bytes["DRAM"] == (2 + 2 + 1) * 64 * 64 * 2
    assert cost.occupancy_bytes["Buffer"] == 8 * 1024


def test_data_passes_through_two_buffers_on_its_way(product, toy):
    shared = "{name: Shared, capacity: 24 KiB, read: 2 pJ/B, write: 2 pJ/B}"
    buffer = "- {name: Buffer,"
    arch = toy(buffer="4 KiB", **{buffer: f"- {shared}\n{buffer}"})
    bound, cost = automatic(product(), arch)
    memories = [storage.memory for storage in bound.nests["Z"].storages]
    assert memories == ["DRAM", "Shared", "Buffer", "Registers"]
    assert cost.traffic_bytes["DRAM"] == 3 * 64 * 64 * 2


def test_a_tile_that_is_no_part_of_the_outer_one_leaves_room_for_a_whole_number_of_it(toy):
    level2 = "{name: L2, capacity: 4 MiB, read: 2 pJ/B, write: 2 pJ/B}"
    buffer = "- {name: Buffer,"
    array = {
        "rows: 4": "rows: 128",
        "columns: 8\n  operations: {mac": "columns: 128\n  operations: {mac",
    }
    doubled = {buffer: f"- {level2}\n{buffer} double_buffered: true,"}
    bound, _ = automatic(
        load_workload("transformer/linear_layers"), toy(buffer="128 KiB", **doubled, **array)
    )
    assert {s.memory for nest in bound.nests.values() for s in nest.storages} >= {"L2", "Buffer"}


def test_running_values_stay_in_a_buffer_that_is_larger_than_the_one_around_it(cascade_of, toy):
    buffer = "- {name: Buffer,"
    narrow = "{name: Narrow, capacity: 16 B, read: 2 pJ/B, write: 2 pJ/B}"
    arch = toy(**{buffer: f"- {narrow}\n{buffer}"})
    bound, _ = automatic(cascade_of(RUNNING_SUM, "{M: 10, P: 20}", "{X: [M, P], G: [P]}"), arch)
    assert bound.nests["C"].storages_of("C")[0].memory == "Buffer"


def test_a_tensor_that_is_read_at_two_places_takes_room_for_both(cascade_of, toy):
    cascade = cascade_of("Z[m,n] = X[m] * X[n]", "{M: 2, N: M}", "{X: [M]}")
    both, alone = (automatic(cascade, toy(registers=size))[1] for size in ("6 B", "4 B"))
    assert both.occupancy_bytes["Registers"] == 2 * 2 + 2
    assert alone.occupancy_bytes["Registers"] == 2


def test_the_next_step_waits_for_a_sum_over_4_rows(cascade_of, toy):
    cascade = cascade_of("Z[m] += X[m,k] * Y[k]", "{M: 8, K: 100}", "{X: [M, K], Y: [K]}")
    bound, cost = automatic(cascade, toy())
    assert bound.steps[0].phases[0].drain == ("Z",)
    assert cost.cycles_by_resource["compute"] == 100 / 4 + 4


# --- which array --------------------------------------------------------------------------------


def test_an_einsum_runs_where_it_finishes_soonest(cascade_of, toy):
    text = "Z[m,n] = X[m] * Y[n]\nE[m,n] = exp(Z[m,n])"
    bound, cost = automatic(cascade_of(text, "{M: 16, N: 16}", "{X: [M], Y: [N]}"), toy())
    assert {name: nest.array for name, nest in bound.nests.items()} == {"Z": "Array", "E": "Lanes"}
    assert cost.einsums["Z"].cycles == 16 * 16 / 32
    assert cost.einsums["E"].cycles == 16 * 16 / 8 * 2


def test_what_no_array_can_do_is_said_for_each_einsum_and_array(cascade_of, toy):
    text = "Y[p] = exp(X[p])\nZ[p] = tanh(Y[p]) + sqrt(Y[p])"
    with pytest.raises(MappingError) as caught:
        automatic_mapping(cascade_of(text, "{P: 4}", "{X: [P]}"), toy())
    assert str(caught.value) == (
        "the machine cannot run w; give one of its arrays what they lack, if need be made of other "
        "operations (square: {as: {mul: 1}}):\n"
        "  Z: Array cannot do 'add', 'tanh', 'sqrt'; Lanes cannot do 'tanh', 'sqrt'"
    )


# --- running values -----------------------------------------------------------------------------

RUNNING_SUM = "C[0,p] = 0\nC[m+1,p] = C[m,p] + X[m,p]\nY[p] = C[M,p] * G[p]"


def test_a_running_sum_stays_in_the_buffer_and_only_its_end_leaves(cascade_of, toy):
    cascade = cascade_of(RUNNING_SUM, "{M: 10, P: 20}", "{X: [M, P], G: [P]}")
    bound, cost = automatic(cascade, toy())
    # X once, C's end out and in again, G, Y.
    assert cost.traffic_bytes["DRAM"] == (10 * 20 + 4 * 20) * 2
    assert bound.nests["C"].storages_of("C")[0].memory == "Buffer"


def test_a_running_sum_is_stepped_through_one_by_one_innermost(cascade_of, toy):
    cascade = cascade_of(RUNNING_SUM, "{M: 10, P: 20}", "{X: [M, P], G: [P]}")
    bound, cost = automatic(cascade, toy())
    assert [(loop.rank, loop.factor) for loop in bound.nests["C"].loops] == [
        ("P", 3),
        ("M", 10),
        ("P", 7),
    ]
    assert bound.steps[0].tile == {"P": 7, "M": 1}
    assert cost.einsums["C"].cycles == 3 * 10


def test_einsums_that_need_each_other_take_turns_in_one_step():
    bound, _ = automatic(load_workload("attention/one_pass"), arch_of("flat_cloud"))
    turns = next(step for step in bound.steps if "RD" in step.einsums)
    assert [list(phase.run.values()) for phase in turns.phases] == [[("SPD",)], [("RD",)]]
    assert turns.tile["M1"] == 1


def test_a_recurrent_layer_reads_weights_that_fit_once_for_all_steps(cascade_of, toy):
    text = """
    H[0,n] = 0
    Z[t,n] += W[n,k] * H[t,k]
    H[t+1,n] = max(Z[t,n], X[t,n])
    Y[n] = H[T,n] * G[n]
    """
    inputs = "{W: [N, K], X: [T, N], G: [N]}"
    bound, cost = automatic(cascade_of(text, "{T: 100, N: 64, K: N}", inputs), toy())
    read = [r.count for r in cost.rows if (r.part, r.action, r.tensor) == ("DRAM", "read", "W")]
    assert sum(read) == 64 * 64
    # All of H is needed for one step of Z, so T is outermost.
    assert bound.nests["Z"].loops[0] == bound.nests["H"].loops[0]
    assert (bound.nests["Z"].loops[0].rank, bound.nests["Z"].loops[0].factor) == ("T", 100)


def test_a_running_value_that_is_a_result_leaves_step_by_step_and_is_not_read_back(cascade_of, toy):
    ranks, inputs = "{M: 10, P: 6}", "{X: [M, P]}"
    cascade = cascade_of("C[0,p] = 0\nC[m+1,p] = C[m,p] + X[m,p]", ranks, inputs)
    bound, cost = automatic(cascade, toy())
    homes = [storage.memory for storage in bound.nests["C"].storages_of("C")]
    assert homes[:2] == ["DRAM", "Buffer"]
    assert cost.traffic_bytes["DRAM"] == (10 * 6 + 10 * 6) * 2


def test_who_takes_turns_with_a_result_reads_it_in_the_buffer(cascade_of, toy):
    # X, D's 10 steps and S, which is a result as well, once each.
    text = "D[0,n] = 0\nS[m,n] = D[m,n] * X[m,n]\nD[m+1,n] = S[m,n] + X[m,n]"
    outputs = "outputs: {S: [M, N], D: [M, N]}\n"
    cascade = cascade_of(text, "{M: 10, N: 6}", "{X: [M, N]}", outputs)
    _, cost = automatic(cascade, toy())
    assert cost.traffic_bytes["DRAM"] == (2 + 2) * 10 * 6 * 2


def test_a_value_that_runs_over_two_ranks_is_kept_outside(cascade_of, toy):
    text = """
    D[0,j] = 0
    D[i,0] = 0
    D[i+1,j+1] = max(D[i,j+1], D[i+1,j]) + X[i,j]
    Y[] = D[I,J] * 2
    """
    bound, _ = automatic(cascade_of(text, "{I: 4, J: 5}", "{X: [I, J]}"), toy())
    assert bound.nests["D"].storages_of("D")[0].memory == "DRAM"
    assert bound.steps[0].tile == {"I": 1, "J": 1}
