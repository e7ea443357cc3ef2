"""Whatever a strategy finds keeps to the constraints, measured here on nests and rows by hand."""

from itertools import product
from math import prod
from random import Random

import pytest

from accelsim.arch.load import load_arch, read_arch
from accelsim.base.errors import MapperError
from accelsim.base.yamlfile import parse_yaml
from accelsim.cost.evaluate import evaluate
from accelsim.mapper.constraints import Constraints
from accelsim.mapper.find import STRATEGIES, find_mapping
from accelsim.mapper.in_the_way import in_the_way
from accelsim.mapper.obeying import broken, loops_of
from accelsim.mapper.question import Budget
from accelsim.mapper.stated.space import space_from_yaml
from accelsim.mapping.binding import bind
from accelsim.mapping.check import check
from accelsim.mapping.load import load_mapping, mapping_from_yaml
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
- name: Square
  rows: 4
  columns: 4
  under: File
  operations: {mac: {energy: 1 pJ}, exp: {as: {mac: 6}}}
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


SEARCHING = [name for name in STRATEGIES if name != "shipped"]
"""Nothing is shipped for a workload that is made up here; `test_shipped` has what that keeps to."""


@pytest.mark.parametrize("strategy", SEARCHING)
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


# --- by hand --------------------------------------------------------------------------------------

NESTED = """
about: a
source: b
nests:
- einsums: X
  array: Square
  levels:
  - {memory: DRAM, keep: [A, B, X]}
  - {memory: Buffer, keep: [A], loops: {P: 2}}
  - {memory: Buffer, keep: [B], loops: {M: 3}}
  - {array: Square, spatial: {columns: {P: 4}}, loops: {E: 5}}
  - {memory: File, keep: [A, B, X], loops: {M: 2}}
schedule:
- {name: a, phases: [{run: {Square: [X]}}]}
"""


def test_loops_right_inside_a_memory_are_those_from_its_innermost_storage_on():
    """A stays in the buffer throughout, so that DRAM sends B by halves of P."""
    cascade = read_workload(parse_yaml(CHAIN % (8, 6, 5, 2), "chain.yaml"), "chain")
    arch = read_arch(parse_yaml(ARRAYS % 1000, "machine.yaml"))
    bound = bind(mapping_from_yaml(parse_yaml(NESTED)), cascade, arch)
    inside = {
        memory: [(loop.rank, loop.factor) for loop in loops_of(memory, bound.nests["X"], bound)]
        for memory in ("DRAM", "Buffer", "File")
    }
    assert inside == {"DRAM": [("P", 2)], "Buffer": [("M", 3), ("E", 5)], "File": [("M", 2)]}


def test_what_a_shipped_mapping_breaks_is_said_with_numbers():
    cascade, arch = load_workload("attention/three_pass"), load_arch("flat_cloud")
    cascade = cascade.with_ranks(B=1, H=1, P=256, M=256)
    mapping = load_mapping("flat_head")
    fixed = {"QK": {"array": "Array1D", "rows": {"P": 128}, "memories": {"DRAM": {"H": 1}}}}
    constraints = Constraints(
        traffic_bytes={"DRAM": 1000}, tensor_traffic_bytes={"K": {"DRAM": 32768}}, loops=fixed
    )
    cost = evaluate(cascade, arch, mapping)
    # Q, K, V and the result, of 256 vectors of 64 words of 2 bytes.
    assert [str(each) for each in broken(constraints, bind(mapping, cascade, arch), cost)] == [
        "QK: runs on Array2D, but is fixed on Array1D",
        "QK: has 256 of P on rows, but 128 is fixed",
        "DRAM: moves 131,072 B, but may move 1,000 B",
    ]


def test_which_constraints_are_in_the_way_is_found_by_leaving_each_out():
    tight = {"traffic_bytes": {"DRAM": 10, "Buffer": 20}, "loops": {"X": {"array": "Lanes"}}}
    every = Constraints(**tight)
    fact, _ = in_the_way(every, lambda less: "DRAM" not in less.traffic_bytes)
    assert fact == "keeps to at most 10 B over DRAM; without it there is one"
    fact, _ = in_the_way(every, lambda less: len(less.traffic_bytes) < 2 or not less.loops)
    assert fact == (
        "keeps to at most 10 B over DRAM and at most 20 B over Buffer and the fixed loops of X; "
        "without each of them alone there is one"
    )
    fact, _ = in_the_way(every, lambda less: not less.said)
    assert fact == (
        "keeps to at most 10 B over DRAM, at most 20 B over Buffer and the fixed loops of X "
        "together; without them there is one"
    )
    fact, remedy = in_the_way(every, lambda less: False)
    assert (fact, remedy[:4]) == ("fits this machine, with the constraints or without", "Give")
    fact, remedy = in_the_way(every, lambda less: True, within_s=0)
    assert fact == (
        "keeps to at most 10 B over DRAM, at most 20 B over Buffer and the fixed loops of X; "
        "there was no time to see which of them is in the way"
    )


# --- stated spaces --------------------------------------------------------------------------------

SPACE = """
about: Tiles of a product.
source: by hand
tiles: {T: 1 to 8, R: [1, 2, 4], HELD: Buffer.capacity}
where: [T * R <= P]
nests:
- einsums: X
  array: Square
  levels:
  - {memory: DRAM, keep: [A, B, X], loops: {P: ceil(P / (T * R))}}
  - {memory: Buffer, keep: [A, B, X], loops: {P: T, M: M, E: E}}
  - {array: Square, spatial: {columns: {P: R}}}
  - {memory: File, keep: [A, B, X]}
schedule:
- {name: a, phases: [{run: {Square: [X]}}]}
choices: {none: {all: {}}}
"""
PRODUCT = """
about: A product.
source: made up
word: 2 B
ranks: {P: %d, M: %d, E: %d}
inputs: {A: [P, E], B: [M, E]}
cascade: |
  X[p,m] += A[p,e] * B[m,e]
"""


@pytest.mark.parametrize("seed", range(10))
def test_the_best_point_of_a_space_that_keeps_to_the_constraints(seed):
    """Against a plain loop over its points."""
    rng = Random(seed)
    sizes = tuple(rng.randint(3, 9) for _ in range(3))
    cascade = read_workload(parse_yaml(PRODUCT % sizes, "product.yaml"), "product")
    arch = read_arch(parse_yaml(ARRAYS % 400, "machine.yaml"))
    constraints = rng.choice(
        (
            Constraints(capacity={"Buffer": rng.choice((0.2, 0.4))}),
            Constraints(traffic_bytes={"DRAM": 40 * sum(sizes)}),
            Constraints(tensor_traffic_bytes={"B": {"DRAM": 4 * sizes[1] * sizes[2]}}),
            Constraints(loops={"X": {"memories": {"DRAM": {"P": 2}}}}),
            Constraints(loops={"X": {"columns": {"P": 2}}}),
        )
    )
    values = []
    for t, r in product(range(1, 9), (1, 2, 4)):
        text = SPACE.replace("T: 1 to 8, R: [1, 2, 4]", f"T: {t}, R: {r}")
        text = text.replace("where: [T * R <= P]\n", "")
        mapping = mapping_from_yaml(parse_yaml(text.replace("choices: {none: {all: {}}}\n", "")))
        is_point = t * r <= sizes[0] and not check(bind(mapping, cascade, arch))
        if is_point and is_kept(constraints, mapping, cascade, arch):
            values.append(evaluate(cascade, arch, mapping).energy_pj)
    space = space_from_yaml(parse_yaml(SPACE))
    if not values:
        with pytest.raises(MapperError):
            find_mapping(cascade, arch, "energy", space=space, constraints=constraints)
        return
    found = find_mapping(cascade, arch, "energy", space=space, constraints=constraints)
    assert found.optimal
    assert found.value == pytest.approx(min(values), rel=1e-12)
    assert is_kept(constraints, found.mapping, cascade, arch)
