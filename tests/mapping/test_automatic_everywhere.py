"""Mappings made by rules: legal wherever the machine can, and never below what physics allows."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accelsim.arch.load import is_gpu
from accelsim.arch.spatial import missing_operations, point_cost
from accelsim.base.catalogue import names
from accelsim.base.errors import MappingError
from accelsim.mapping.automatic import automatic_mapping
from accelsim.mapping.binding import bind
from accelsim.mapping.check import check
from accelsim.workload.budget import budgeted
from accelsim.workload.counts import counts, einsum_counts
from accelsim.workload.extent import tensor_bytes, tensor_read_bytes
from accelsim.workload.load import load_workload
from tests.mapping.automatic import arch_of, automatic
from tests.mapping.strategies import plain_workloads, random_machine, random_workload

WORKLOADS = plain_workloads()
MACHINES = [name for name in names("machines") if not is_gpu(name)]


def can_run(cascade, arch):
    return all(
        any(not missing_operations(arch, array.name, e.operations) for array in arch.compute)
        for e in cascade.einsums
    )


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
