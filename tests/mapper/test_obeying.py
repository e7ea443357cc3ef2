"""Whatever a strategy finds keeps to the constraints, measured here on nests and rows by hand."""

from math import prod
from random import Random

import pytest

from accelsim.arch.load import load_arch, read_arch
from accelsim.base.errors import MapperError
from accelsim.base.yamlfile import parse_yaml
from accelsim.cost.evaluate import evaluate
from accelsim.mapper.constraints import Constraints
from accelsim.mapper.find import STRATEGIES, find_mapping
from accelsim.mapper.obeying import broken, loops_of
from accelsim.mapper.question import Budget
from accelsim.mapper.stated.space import space_from_yaml
from accelsim.mapping.binding import bind
from accelsim.mapping.check import check
from accelsim.mapping.load import load_mapping
from accelsim.workload.load import load_workload, read_workload

CHAIN = """
about: Two products with something between.
source: made up
word: 2 B
ranks: {P: %d, M: %d, E: %d, F: %d}
inputs: {A: [P, E], B: [M, E], C: [M, F]}
cascade: |
  X[p,m] += A[p,e] * B[m,e]
  W[p,m] = exp(X[p,m])
  Y[p,f] += W[p,m] * C[m,f]
"""
ARRAYS = """
about: Two arrays under a buffer.
clock: 1 GHz
memories:
- {name: DRAM, bandwidth: 4 B/cycle, read: 30 pJ/B, write: 30 pJ/B}
- {name: Buffer, capacity: %d B, bandwidth: 64 B/cycle, read: 1 pJ/B, write: 1 pJ/B}
- {name: File, per: Square, under: Buffer, capacity: 6 B, read: 0 pJ/B, write: 0 pJ/B}
compute:
- {name: Square, rows: 4, columns: 4, under: File, operations: {mac: {energy: 1 pJ}, exp: {as: {mac: 6}}}}
- {name: Lanes, columns: 4, under: Buffer, operations: {mac: {energy: 2 pJ}, exp: {energy: 3 pJ}}}
"""
BUDGET = Budget(seed=1, candidates=12_000)


def problem(rng):
    sizes = tuple(rng.randint(3, 12) for _ in range(4))
    arch = read_arch(parse_yaml(ARRAYS % rng.choice((160, 400, 1000)), "machine.yaml"))
    return read_workload(parse_yaml(CHAIN % sizes, "chain.yaml"), "chain"), arch


def some_constraint(rng, free, cascade):
    """One that the mapping found without it breaks, or just keeps to."""
    cost, memory = free.cost, rng.choice(("DRAM", "Buffer"))
    kind = rng.choice(("capacity", "traffic", "einsum", "tensor", "array", "rows", "memory"))
    share = rng.choice((0.6, 0.85, 1))
    if kind == "capacity":
        return Constraints(capacity={"Buffer": rng.choice((0.5, 0.75))})
    if kind == "traffic":
        return Constraints(traffic_bytes={memory: moved(cost, cascade, memory) * share})
    if kind == "einsum":
        most = moved(cost, cascade, memory, einsum="Y") * share
        return Constraints(einsum_traffic_bytes={"Y": {memory: max(most, 1)}})
    if kind == "tensor":
        most = moved(cost, cascade, memory, tensor="B") * share
        return Constraints(tensor_traffic_bytes={"B": {memory: max(most, 1)}})
    fixed = {
        "array": {"array": rng.choice(("Square", "Lanes"))},
        "rows": {"columns": {rng.choice("PM"): rng.choice((2, 4))}},
        "memory": {"memories": {"DRAM": {rng.choice("PM"): rng.choice((1, 2))}}},
    }
    return Constraints(loops={rng.choice("XY"): fixed[kind]})


def moved(cost, cascade, memory, einsum=None, tensor=None):
    """Bytes of the long table's rows."""
    return sum(
        row.count * cascade.tensors[row.tensor].word_bytes
        for row in cost.rows
        if row.part == memory and einsum in (None, row.einsum) and tensor in (None, row.tensor)
    )


def is_kept(constraints, mapping, cascade, arch):
    cost, bound = evaluate(cascade, arch, mapping), bind(mapping, cascade, arch)
    rules = [
        cost.occupancy_bytes[memory] <= share * arch.memory(memory).capacity_bytes
        for memory, share in constraints.capacity.items()
    ]
    rules += [moved(cost, cascade, m) <= most for m, most in constraints.traffic_bytes.items()]
    for kind, limits in (
        ("einsum", constraints.einsum_traffic_bytes),
        ("tensor", constraints.tensor_traffic_bytes),
    ):
        for name, own in limits.items():
            rules += [moved(cost, cascade, m, **{kind: name}) <= most for m, most in own.items()]
    for name, fixed in constraints.loops.items():
        nest = bound.nests[name]
        rules.append(fixed.array in (None, nest.array))
        for rank, factor in fixed.columns.items():
            across = {axis: _factor(nest.loops, rank, axis) for axis in ("rows", "columns")}
            rules.append(across == {"rows": 1, "columns": factor})
        for rank, factor in fixed.memories.get("DRAM", {}).items():
            rules.append(_factor(_outside_chip(nest), rank, None) == factor)
    return all(rules)


def _factor(loops, rank, axis):
    return prod(loop.factor for loop in loops if (loop.rank, loop.axis) == (rank, axis))


def _outside_chip(nest):
    """Loops around the innermost tiles that the first memory on chip holds."""
    inside = [each for each in nest.storages if each.memory != "DRAM"]
    own = [each.depth for each in inside if each.memory == inside[0].memory]
    return nest.loops[: max(own, default=len(nest.loops))]


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("seed", range(5))
def test_what_is_found_keeps_to_a_random_constraint(strategy, seed):
    rng = Random(f"{strategy} {seed}")
    cascade, arch = problem(rng)
    asked = {"strategies": [strategy], "budget": BUDGET}
    minimise = rng.choice(("latency", "energy"))
    free = find_mapping(cascade, arch, minimise, strategies=["rules", strategy], budget=BUDGET)
    constraints = some_constraint(rng, free, cascade)
    try:
        found = find_mapping(cascade, arch, minimise, constraints=constraints, **asked)
    except MapperError as error:
        assert "without it there is one" in str(error) or "the constraints" in str(error)
        assert not is_kept(constraints, free.mapping, cascade, arch)
        return
    assert not check(bind(found.mapping, cascade, arch))
    assert is_kept(constraints, found.mapping, cascade, arch)
    assert found.value >= free.value * (1 - 1e-9) or not free.optimal
