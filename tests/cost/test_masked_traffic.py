"""Under conditions nothing moves less than what the points touch, whatever the nest."""

from collections import Counter
from dataclasses import replace
from functools import cache
from itertools import product
from random import Random
from types import SimpleNamespace

import pytest

from accelsim.base.yamlfile import parse_yaml
from accelsim.cost.coverage import coverage_of
from accelsim.cost.flows import all_flows
from accelsim.workload.load import read_workload
from tests.cost.strategies import deep_nest, single_nest

CONDITIONS = {
    "b <= a": lambda a, b: b <= a,
    "a < b + 2": lambda a, b: a < b + 2,
    "b <= a and a <= b + 2": lambda a, b: b <= a <= b + 2,
    "a + b >= 3": lambda a, b: a + b >= 3,
}

TEXT = """
about: Where the condition comes from.
word: 2 B
ranks: {{A: 4, B: 4}}
inputs: {{X: [A, B]}}
cascade: |
  Z[a,b] = X[a,b] where {where}
"""


@cache
def _conditions(where):
    return read_workload(parse_yaml(TEXT.format(where=where)), "text").einsums[0].conditions


def _masked(rng, where):
    """A random nest of one Einsum over A, B and others, under the condition."""
    while True:
        case = rng.choice((single_nest, deep_nest))(rng)
        (einsum,) = case.cascade.einsums
        if {"A", "B"} <= set(einsum.ranks):
            masked = replace(einsum, conditions=_conditions(where))
            return replace(case.cascade, einsums=(masked,)), case.nests


def _touched(cascade, holds):
    """By tensor, the elements that some point has."""
    (einsum,) = cascade.einsums
    found = {access.tensor: set() for access in (*einsum.reads, einsum.output)}
    for point in product(*(range(cascade.ranks[rank]) for rank in einsum.ranks)):
        at = dict(zip(einsum.ranks, point, strict=True))
        if holds(at["A"], at["B"]):
            for access in (*einsum.reads, einsum.output):
                found[access.tensor].add(tuple(at[rank] for rank in access.ranks))
    return {tensor: len(elements) for tensor, elements in found.items()}


def _outermost(cascade, nests):
    """What the outermost memory of each tensor sends, or, of the output, takes."""
    (einsum,) = cascade.einsums
    mapping = SimpleNamespace(cascade=cascade, nests=nests)
    first = {t: nests["Z"].storages_of(t)[0].memory for t in cascade.tensors}
    moved = Counter()
    for flow in all_flows(cascade, nests, cascade.ranks, coverage_of(mapping)):
        action = "write" if flow.tensor == einsum.output.tensor else "read"
        if flow.memory == first[flow.tensor] and flow.action == action:
            moved[flow.tensor] += flow.elements
        assert flow.elements > -1e-9
    return moved


@pytest.mark.parametrize("where", CONDITIONS)
def test_no_nest_moves_less_than_the_points_touch(where):
    rng, seen = Random(where), 0
    for _ in range(300):
        cascade, nests = _masked(rng, where)
        touched = _touched(cascade, CONDITIONS[where])
        if not any(touched.values()):
            continue
        moved = _outermost(cascade, nests)
        for tensor, least in touched.items():
            assert moved[tensor] >= least * (1 - 1e-12), (tensor, cascade.ranks, nests)
        seen += 1
    assert seen > 200
