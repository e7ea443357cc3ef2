"""The best of a space is the best of a plain loop over its points, each checked and evaluated."""

from itertools import product
from math import inf

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accelsim.arch.load import load_arch
from accelsim.base.errors import MapperError
from accelsim.base.yamlfile import parse_yaml
from accelsim.cost.evaluate import evaluate
from accelsim.mapper.find import find_mapping
from accelsim.mapper.found import figures_of
from accelsim.mapper.front import find_front
from accelsim.mapper.objective import value_of
from accelsim.mapper.stated.points import number_of, points_of
from accelsim.mapper.stated.space import load_space, space_from_yaml
from accelsim.mapper.stated.structures import structures
from accelsim.mapping.binding import bind
from accelsim.mapping.check import check
from accelsim.mapping.load import load_mapping, mapping_from_yaml
from accelsim.mapping.save import save_mapping
from accelsim.workload.load import load_workload

OBJECTIVES = ["latency", "energy", "energy_delay", "traffic.DRAM", "traffic.GlobalBuffer"]

# Rows of a head, of which K may be kept: what flat_head leaves open, written anew.
SPACE = """
about: Rows and columns of flat_head.
source: made up
extends: flat_head
workload: attention/three_pass
machine: spatial
tiles:
  R0: powers of 2 up to Array2D.rows
  C0: [1, 3, Array2D.columns]
  P1: 1 to P
  P2: ceil(P / (ceil(P1 / R0) * R0))
where: [P1 % R0 == 0 or P1 < R0, "C0 != 3 or R0 > 1"]
choices:
  K:
    streamed: {}
    kept:
      keep: [{einsums: QK, memory: GlobalBuffer, tensors: K}]
      tiles: {resident_bytes: M * E * K.word}
"""

POINT = """
about: A point of it.
source: made up
extends: flat_head
machine: spatial
tiles: {R0: %d, C0: %d, P1: %d, P2: ceil(P / (ceil(P1 / R0) * R0))%s}
"""
KEPT = """
nests:
- einsums: [QK]
  array: Array2D
  levels:
  - {memory: DRAM, keep: [Q, K], loops: {B: B, H: H, P: P2}}
  - {memory: GlobalBuffer, keep: [QK, K], loops: {P: ceil(P1 / R0), M: ceil(M / C0), E: E}}
  - {array: Array2D, spatial: {rows: {P: R0}, columns: {M: C0}}}
  - {memory: RegisterFile2D, keep: [Q, K, QK]}
"""


def small_case(sizes, kibibytes, rows=4):
    names = ("B", "H", "P", "M", "E", "F")
    ranks = {f"ranks.{name}": str(size) for name, size in zip(names, sizes, strict=True)}
    settings = {
        "memories.GlobalBuffer.capacity": f"{kibibytes} KiB",
        "compute.Array2D.rows": str(rows),
        "compute.Array2D.columns": "4",
        "compute.Array1D.columns": "4",
    }
    return load_workload("attention/three_pass", ranks), load_arch("flat_cloud", settings)


def value(mapping, cascade, arch, minimise):
    if check(bind(mapping, cascade, arch)):
        return inf
    return value_of(minimise, figures_of(evaluate(cascade, arch, mapping)))


def all_points(length):
    """Of SPACE, one after the other."""
    for r0, c0, p1, kept in product((1, 2, 4), (1, 3, 4), range(1, length + 1), (False, True)):
        if (p1 % r0 and p1 >= r0) or (c0 == 3 and r0 == 1):
            continue
        tiles = (r0, c0, p1, ", resident_bytes: M * E * K.word" if kept else "")
        text = POINT % tiles + (KEPT if kept else "")
        yield mapping_from_yaml(parse_yaml(text, "point.yaml"))


SIZES = st.tuples(*(st.integers(1, most) for most in (2, 3, 8, 8, 6, 6)))


@settings(max_examples=10)
@given(SIZES, st.sampled_from([0.0625, 0.25, 1, 64]), st.sampled_from(OBJECTIVES))
def test_it_is_the_best_of_a_loop_over_all_points(sizes, kibibytes, minimise):
    cascade, arch = small_case(sizes, kibibytes)
    best = min(value(point, cascade, arch, minimise) for point in all_points(cascade.ranks["P"]))
    space = space_from_yaml(parse_yaml(SPACE, "space.yaml"))
    if best == inf:
        with pytest.raises(MapperError, match="no mapping of attention/three_pass was found"):
            find_mapping(cascade, arch, minimise, space=space)
        return
    found = find_mapping(cascade, arch, minimise, space=space)
    assert found.optimal
    assert found.value == pytest.approx(best, rel=1e-12)
    assert not check(bind(found.mapping, cascade, arch))


@settings(max_examples=10)
@given(
    SIZES,
    st.sampled_from([0.0625, 0.25, 1, 64]),
    st.lists(st.sampled_from(OBJECTIVES), min_size=2, max_size=3, unique=True),
)
def test_its_front_is_that_of_a_loop_over_all_points(sizes, kibibytes, minimise):
    cascade, arch = small_case(sizes, kibibytes)
    points = list(all_points(cascade.ranks["P"]))
    values = np.array([[value(point, cascade, arch, m) for m in minimise] for point in points])
    values = np.unique(values[np.isfinite(values).all(axis=1)], axis=0)
    space = space_from_yaml(parse_yaml(SPACE, "space.yaml"))
    if not len(values):
        with pytest.raises(MapperError, match="no mapping of attention/three_pass was found"):
            find_front(cascade, arch, minimise, space=space)
        return
    no_worse = (values[:, None] <= values[None] * (1 + 1e-12)).all(axis=2)
    better = (values[:, None] < values[None] * (1 - 1e-12)).any(axis=2)
    expected = values[~(no_worse & better).any(axis=0)]
    front = find_front(cascade, arch, minimise, space=space)
    assert all(each.found.optimal for each in front)
    assert not any(check(bind(each.found.mapping, cascade, arch)) for each in front)
    found = np.array([each.values for each in front])
    near = np.isclose(found[:, None], expected[None], rtol=1e-11).all(axis=2)
    assert near.any(axis=0).all() and near.any(axis=1).all()


@settings(max_examples=6)
@given(SIZES, st.sampled_from([0.125, 0.5, 64]), st.sampled_from(OBJECTIVES), st.data())
def test_a_shipped_space_too(sizes, kibibytes, minimise, data):
    cascade, arch = small_case(sizes, kibibytes)
    space = some_options(load_space("flat_dataflows"), data)
    values = [
        value(structure.mapping.model_copy(update={"tiles": point}), cascade, arch, minimise)
        for structure in structures(space)
        for variant in structure.variants
        for point in each_point(points_of(variant, cascade, arch))
    ]
    if min(values) == inf:
        return
    found = find_mapping(cascade, arch, minimise, space=space)
    assert found.value == pytest.approx(min(values), rel=1e-12)
    assert found.candidates + found.pruned <= len(values)


def some_options(space, data):
    """One option of each choice, but all granularities and two places for the scores."""
    kept = {"granularity": 4, "scores": 2}
    choices = {}
    for choice, options in space.choices.items():
        number = kept.get(choice, 1)
        names = st.lists(
            st.sampled_from(list(options)), min_size=number, max_size=number, unique=True
        )
        choices[choice] = {name: options[name] for name in data.draw(names)}
    return space.model_copy(update={"choices": choices})


def each_point(points):
    for place in range(number_of(points)):
        numbers = {name: float(column[place]) for name, column in points.items()}
        yield {name: int(n) if n == int(n) else repr(n) for name, n in numbers.items()}


def test_what_it_finds_reads_back_the_same(tmp_path):
    cascade, arch = small_case((1, 2, 12, 12, 4, 4), 1)
    found = find_mapping(cascade, arch, "traffic.DRAM", space=load_space("flat_dataflows"))
    again = load_mapping(save_mapping(found.mapping, tmp_path / "found.yaml"))
    assert evaluate(cascade, arch, again).energy_pj == found.cost.energy_pj
    assert "Chosen - granularity: " in again.about


def test_a_rank_that_the_space_chooses_is_left_alone_where_the_user_has():
    arch = load_arch("flat_cloud")
    space = load_space("one_pass_tiles")
    sizes = {"ranks.P": "300", "ranks.M": "300"}
    free = find_mapping(load_workload("attention/one_pass", sizes), arch, "energy", space=space)
    set_by_user = load_workload("attention/one_pass", {**sizes, "ranks.M0": "7"})
    bound = bind(find_mapping(set_by_user, arch, "energy", space=space).mapping, set_by_user, arch)
    assert bound.sizes["M0"] == 7
    assert isinstance(free.mapping.ranks["M0"], int)


def test_another_workload():
    with pytest.raises(MapperError, match=r"the space is for attention/three_pass, not for"):
        cascade, arch = load_workload("attention/one_pass"), load_arch("flat_cloud")
        find_mapping(cascade, arch, space=load_space("flat_dataflows"))


def test_interrupted_it_keeps_the_best_so_far():
    cascade, arch = small_case((1, 2, 12, 12, 4, 4), 1)
    told = []

    def interrupt(strategy, best, candidates):
        told.append(best)
        if best < inf and len(told) > 3:
            raise KeyboardInterrupt

    space = load_space("flat_dataflows")
    found = find_mapping(cascade, arch, "latency", space=space, progress=interrupt)
    assert (found.optimal, found.is_cut_short) == (False, True)
    assert found.value == pytest.approx(told[-1])
