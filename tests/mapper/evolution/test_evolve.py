"""Evolved fronts: legal, repeatable, unbeaten by a brute force, and fuller than their seeds."""

from itertools import permutations

import numpy as np
import pytest
from moocore import hypervolume

from accelsim.arch.load import load_arch
from accelsim.base.pareto import unbeaten
from accelsim.base.yamlfile import parse_yaml
from accelsim.cost.evaluate import evaluate
from accelsim.mapper.constraints import Constraints
from accelsim.mapper.evolution.evolve import evolved
from accelsim.mapper.find import question_of
from accelsim.mapper.found import figures_of
from accelsim.mapper.front import find_front
from accelsim.mapper.objective import value_of
from accelsim.mapper.question import Budget
from accelsim.mapper.stated.space import space_from_yaml
from accelsim.mapper.tilewise.best import group_of
from accelsim.mapping.binding import bind
from accelsim.mapping.check import check
from accelsim.workload.load import load_workload

BOTH = ("latency", "traffic.DRAM")
BUDGET = Budget(seed=3)

SMALL = """
about: Four by four under 384 B, with more bandwidth than it needs.
source: made up
clock: 1 GHz
memories:
- {name: DRAM, bandwidth: 4 B/cycle, read: 30 pJ/B, write: 30 pJ/B}
- {name: Buffer, capacity: 384 B, bandwidth: 4 B/cycle, read: 1 pJ/B, write: 1 pJ/B}
- {name: Register, per: Array, capacity: 6 B, read: 0 pJ/B, write: 0 pJ/B}
compute:
- {name: Array, rows: 4, columns: 4, operations: {mac: {energy: 1 pJ}}}
"""

PRODUCT = """
about: A product.
source: made up
word: 2 B
ranks: {M: 12, N: 20, K: 18}
inputs: {A: [M, K], B: [N, K]}
cascade: |
  Z[m,n] += A[m,k] * B[n,k]
"""


@pytest.fixture
def small(tmp_path):
    (tmp_path / "product.yaml").write_text(PRODUCT)
    (tmp_path / "small.yaml").write_text(SMALL)
    return load_workload(str(tmp_path / "product.yaml")), load_arch(str(tmp_path / "small.yaml"))


def question(cascade, arch, constraints=None):
    evenly = "*".join(BOTH)
    return question_of(cascade, arch, evenly, constraints or Constraints(), BUDGET)


def values_of(mappings, cascade, arch):
    costs = [figures_of(evaluate(cascade, arch, mapping)) for mapping in mappings]
    return np.array([[float(value_of(name, cost)) for name in BOTH] for cost in costs])


def test_what_is_evolved_is_legal_unbeaten_and_not_below_its_bounds(small):
    asked = question(*small)
    front = evolved(asked, BOTH, group_of(asked), ())
    assert not any(check(bind(mapping, *small)) for mapping in front.mappings)
    values = values_of(front.mappings, *small)
    assert unbeaten(values).all()
    assert (values >= [float(value_of(name, asked.bound)) for name in BOTH]).all()
    assert front.candidates > 3000


def test_the_same_seed_evolves_the_same_front(small):
    asked = question(*small)
    one, other = (evolved(asked, BOTH, group_of(asked), ()) for _ in range(2))
    assert one == other


def plain_tiles(orders):
    """All tiles of the three ranks in the buffer, loops over them in these orders."""
    nest = """
      - einsums: [Z]
        array: Array
        levels:
        - memory: DRAM
          keep: [A, B, Z]
          loops: {%s}
        - memory: Buffer
          keep: [A, B, Z]
          loops: {M: ceil(M1 / R), N: ceil(N1 / C), K: K1}
        - {array: Array, spatial: {rows: {M: R}, columns: {N: C}}}
        - {memory: Register, keep: [A, B, Z]}"""
    options = "".join(
        f"\n    {''.join(order)}:\n      nests:"
        + nest % ", ".join(f"{rank}: ceil({rank} / {rank}1)" for rank in order)
        for order in orders
    )
    text = f"""
about: Tiles of a product.
source: made up
machine: spatial
tiles: {{M1: parts of M, N1: parts of N, K1: parts of K, R: [1, 2, 4], C: [1, 2, 4]}}
where: [M1 % R == 0, N1 % C == 0]
schedule: [{{name: Z, phases: [{{run: {{Array: Z}}}}]}}]
choices:
  order:{options}
"""
    return space_from_yaml(parse_yaml(text, "tiles.yaml"))


def test_no_plain_tile_beats_what_is_evolved(small):
    space = plain_tiles(permutations("MNK"))
    exact = np.array([each.values for each in find_front(*small, BOTH, space=space)])
    asked = question(*small)
    found = values_of(evolved(asked, BOTH, group_of(asked), ()).mappings, *small)
    assert len(exact) > 2
    # Of what the plain tiles' front covers in logarithms, nearly all is covered.
    corner = np.log(np.maximum(exact.max(axis=0), found.max(axis=0))) + 0.1
    covered, wanted = (hypervolume(np.log(each), ref=corner) for each in (found, exact))
    assert covered >= 0.97 * wanted
