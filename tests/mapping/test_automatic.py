"""Mappings made by rules: legal wherever the machine can, and never below what physics allows."""

from functools import cache
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accelsim.arch.load import is_gpu, load_arch
from accelsim.arch.spatial import missing_operations, point_cost
from accelsim.base.catalogue import names
from accelsim.base.errors import MappingError
from accelsim.cost.evaluate import evaluate
from accelsim.mapping.automatic import automatic_mapping
from accelsim.mapping.binding import bind
from accelsim.mapping.check import check
from accelsim.mapping.render import render
from accelsim.workload.budget import budgeted
from accelsim.workload.counts import counts, einsum_counts
from accelsim.workload.extent import tensor_bytes, tensor_read_bytes
from accelsim.workload.load import load_workload
from tests.mapping.strategies import plain_workloads, random_machine, random_workload

WORKLOADS = plain_workloads()
MACHINES = [name for name in names("machines") if not is_gpu(name)]


@cache
def arch_of(machine):
    return load_arch(machine)


def automatic(cascade, arch):
    """The bound mapping, which must be legal, and its cost."""
    mapping = automatic_mapping(cascade, arch)
    bound = bind(mapping, cascade, arch)
    assert check(bound) == ()
    return bound, evaluate(cascade, arch, mapping)


def can_run(cascade, arch):
    return all(
        any(not missing_operations(arch, array.name, e.operations) for array in arch.compute)
        for e in cascade.einsums
    )


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


# --- every shipped workload on every shipped machine --------------------------------------------


def least_cycles(cascade, arch):
    """Of each Einsum by itself on the array that suits it best, all processing elements busy."""
    return sum(
        einsum_counts(cascade, einsum.name).points
        * min(
            point_cost(arch, array.name, einsum.operations).cycles / array.pes
            for array in arch.compute
            if not missing_operations(arch, array.name, einsum.operations)
        )
        for einsum in cascade.einsums
    )


def least_bytes(cascade, bound):
    """What comes into every step and goes out of it, once; what stays inside a step is free."""
    total = 0
    for step in bound.steps:
        inside = set(step.einsums)
        read = {a.tensor for name in inside for a in cascade.einsum(name).reads} - inside
        total += sum(tensor_read_bytes(cascade, tensor, tuple(inside)) for tensor in read)
        for name in inside:
            readers = {e.name for e in cascade.einsums for a in e.reads if a.tensor == name}
            if name in cascade.outputs:
                total += tensor_bytes(cascade, name)
            elif readers - inside:
                total += tensor_read_bytes(cascade, name, tuple(readers - inside))
    return total


def assert_within_physics(cascade, arch, bound, cost):
    dram = arch.memories[0]
    assert cost.traffic_bytes[dram.name] >= least_bytes(cascade, bound) * (1 - 1e-12)
    assert cost.cycles >= least_cycles(cascade, arch) * (1 - 1e-12)
    rate = dram.bandwidth.per_cycle(arch.clock_hz)
    assert cost.cycles >= cost.traffic_bytes[dram.name] / rate * (1 - 1e-12)


@pytest.mark.parametrize("workload", WORKLOADS)
def test_every_workload_is_legal_within_physics_or_refused_on_every_machine(workload):
    cascade = budgeted(load_workload(workload))
    for machine in MACHINES:
        arch = arch_of(machine)
        if can_run(cascade, arch):
            assert_within_physics(cascade, arch, *automatic(cascade, arch))
        else:
            with pytest.raises(MappingError, match=f"the machine cannot run {workload};"):
                automatic_mapping(cascade, arch)


@pytest.mark.parametrize(
    ("workload", "machine", "most"),
    [
        ("attention/three_pass", "flat_cloud", 1.0),
        ("attention/rabe_staats", "tpu_v3", 1.0),
        ("attention/two_pass", "flat_edge", 1.01),
        ("transformer/linear_layers", "tpu_v4i", 1.0),
        ("transformer/linear_layers", "flat_edge", 2.5),
        ("transformer/linear_layers", "eyeriss", 5.0),
    ],
)
def test_unfused_traffic_is_near_the_compulsory_one(workload, machine, most):
    cascade = load_workload(workload)
    _, cost = automatic(cascade, arch_of(machine))
    compulsory = sum(each.compulsory_bytes for each in counts(cascade).einsums)
    assert cost.traffic_bytes["DRAM"] <= most * compulsory


@pytest.mark.parametrize("machine", ["fusemax_cloud", "tpu_v3", "tpu_v4i", "flat_edge"])
def test_matrix_products_run_at_the_arrays_peak(machine):
    cascade = load_workload("transformer/linear_layers")
    _, cost = automatic(cascade, arch_of(machine))
    assert cost.utilization["Array2D"].busy == pytest.approx(1, rel=1e-3)


def test_a_whole_encoder_layer_runs_where_the_lanes_can_do_all_of_it(toy):
    more = "{mac: {}, square: {}, rsqrt: {}, gelu: {},"
    arch = toy(**{"{mac: {}, mul: {}, add": f"{more} mul: {{}}, add"})
    sizes = {"ranks.P": "24", "ranks.D": "40", "ranks.H": "3", "ranks.E": "8", "ranks.F": "8"}
    cascade = load_workload("transformer/encoder_layer", sizes)
    assert_within_physics(cascade, arch, *automatic(cascade, arch))


@pytest.mark.parametrize("first", range(0, 160, 20))
def test_shipped_workloads_of_any_size_are_legal_on_any_tree_of_memories(first):
    for seed in range(first, first + 20):
        rng = Random(seed)
        machine, cascade = random_machine(rng), random_workload(rng)
        assert check(bind(automatic_mapping(cascade, machine), cascade, machine)) == (), seed


# --- any cascade on any machine -----------------------------------------------------------------

SIZE = st.integers(1, 300)
CASCADES = {
    "causal": ("Z[m,n] += X[m,k] * Y[n,k] where n <= m", "{X: [M, K], Y: [N, K]}"),
    "window": ("Z[m] += X[m + k] * Y[k]", "{X: [I], Y: [K]}"),
    "product": ("Z[m,n] += X[m,k] * Y[k,n]", "{X: [M, K], Y: [K, N]}"),
    "batched": ("Z[b,m,n] += X[b,m,k] * Y[b,n,k]", "{X: [B, M, K], Y: [B, N, K]}"),
    "with itself": ("Z[m,l] += X[m,k] * X[l,k]", "{X: [M, K]}"),
    "map": ("Z[m,n] = exp(X[m,n] - Y[m])", "{X: [M, N], Y: [M]}"),
    "sums": ("S[m] += X[m,n]\nT[] max= S[m]", "{X: [M, N]}"),
    "softmax": (
        "G[m] max= X[m,n]\nE[m,n] = exp(X[m,n] - G[m])\nD[m] += E[m,n]\nA[m,n] = E[m,n] / D[m]",
        "{X: [M, N]}",
    ),
    "running": (
        "C[0,n] = 0\nC[m+1,n] = C[m,n] + X[m,n]\nZ[n] = C[M,n] * Y[n]",
        "{X: [M, N], Y: [N]}",
    ),
    "all of it": ("C[0,n] = 0\nC[m+1,n] = C[m,n] + X[m,n]\nZ[m,n] = C[m+1,n] * 2", "{X: [M, N]}"),
    "turns": (
        "D[0,n] = 0\nS[m,n] = D[m,n] * X[m,n]\nD[m+1,n] = S[m,n] + X[m,n]\nZ[n] = D[M,n] * Y[n]",
        "{X: [M, N], Y: [N]}",
    ),
}


@given(
    kind=st.sampled_from(sorted(CASCADES)),
    sizes=st.fixed_dictionaries({rank: SIZE for rank in "MNK"} | {"B": st.integers(1, 9)}),
    buffer=st.sampled_from([2, 8, 40, 100, 600, 5000, 60_000, 2_000_000]),
    registers=st.sampled_from([1, 2, 4, 6, 20]),
    rows=st.integers(1, 20),
    columns=st.integers(1, 20),
)
@settings(max_examples=200, deadline=None, derandomize=True)
def test_random_cascades_are_legal_and_within_physics(
    cascade_of, toy, kind, sizes, buffer, registers, rows, columns
):
    text, inputs = CASCADES[kind]
    ranks = ", ".join(f"{rank}: {size}" for rank, size in sizes.items())
    cascade = cascade_of(text, f"{{{ranks}, I: M + K - 1, L: M}}", inputs)
    array = {"rows: 4": f"rows: {rows}", "columns: 8": f"columns: {columns}"}
    arch = toy(buffer=f"{buffer} B", registers=f"{registers} B", **array)
    assert_within_physics(cascade, arch, *automatic(cascade, arch))
