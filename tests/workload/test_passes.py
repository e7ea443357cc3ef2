"""Passes of known cascades, of hand-made ones, and their invariance under rewriting."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from itertools import product

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from accelsim.workload.dependencies import dependencies
from accelsim.workload.einsum import (
    Access,
    Cascade,
    Einsum,
    Expression,
    Index,
    Operation,
    Tensor,
    accesses,
)
from accelsim.workload.fibres import Fibre, family, fibres, moves
from accelsim.workload.load import load_workload
from accelsim.workload.passes import passes
from tests.workload.random_cascades import cascades

CascadeOf = Callable[..., Cascade]

ATTENTION = {
    "three_pass": 3,
    "deferred_division": 2,
    "two_pass": 2,
    "one_pass": 1,
    "rabe_staats": 1,
    "flash_attention_2": 1,
}


# --- attention -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "live"), [("sliding_window_sinks", "S + W"), ("block_sparse", "M")]
)
def test_sparse_attention_traverses_what_it_sees_three_times(name: str, live: str) -> None:
    found = passes(load_workload(f"attention/{name}"))["M"]
    assert (found.passes, found.footprint) == (3, live)


@pytest.mark.parametrize("causal", ["", "_causal"], ids=["full", "causal"])
@pytest.mark.parametrize(("name", "count"), ATTENTION.items())
def test_attention_has_its_passes_over_the_keys_and_one_over_all_else(
    name: str, count: int, causal: str
) -> None:
    found = passes(load_workload(f"attention/{name}{causal}"))
    assert found["M"].passes == count
    assert {found[rank].passes for rank in "BHPEF"} == {1}


@pytest.mark.parametrize(
    ("name", "footprint", "tiles", "summaries"),
    [
        ("three_pass", "M", None, None),
        ("deferred_division", "M", None, None),
        ("two_pass", "M", 3, 2),  # the summaries of all tiles are read again, with the tiles
        ("one_pass", "M0", 2, 1),
        ("rabe_staats", "M0", 2, 2),  # only the summaries are read again
        ("flash_attention_2", "M0", 2, 1),
    ],
)
def test_attention_keeps_the_keys_or_one_tile_of_them(
    name: str, footprint: str, tiles: int | None, summaries: int | None
) -> None:
    found = passes(load_workload(f"attention/{name}"))
    assert found["M"].footprint == footprint
    assert {rank: found[rank].passes for rank in ("M0", "M1") if rank in found} == (
        {"M0": tiles, "M1": summaries} if tiles else {}
    )


def test_three_pass_attention_as_json() -> None:
    found = passes(load_workload("attention/three_pass"))["M"].to_plain()
    assert json.loads(json.dumps(found)) == {
        "passes": 3,
        "einsums": [["QK", "GM"], ["SN", "SD"], ["A", "AV"]],
        "footprint": "M",
        "forced_by": [
            {
                "pass": 2,
                "reduction": "GM",
                "result": "GM[b,h,p]",
                "einsum": "SN",
                "revisits": "QK",
                "fibre_of": "K",
                "via": ["GM"],
            },
            {
                "pass": 3,
                "reduction": "SD",
                "result": "SD[b,h,p]",
                "einsum": "A",
                "revisits": "SN",
                "fibre_of": "K",
                "via": ["SD"],
            },
        ],
    }


def test_the_second_pass_of_two_pass_attention_waits_for_the_last_running_value() -> None:
    (wait,) = passes(load_workload("attention/two_pass"))["M"].forced_by
    assert (wait.reduction, wait.result, wait.einsum) == ("RM", "RM[b,h,M1,p]", "A")


# --- by hand -------------------------------------------------------------------------------------

RANKS = "{P: 4, M: 8, M0: 2, F: 3, W: 2}"
INPUTS = "{X: [M], Y: [M], S: [P, M], K: [W], V: [F], T: [F, M]}"

BY_HAND = {
    "copy": ("Z[m] = X[m]", 1, "1"),
    "mean and variance": (
        """A[] += X[m]
        V2[] += square(X[m] - A[] / M)""",
        2,
        "M",
    ),
    "variance from the sum of squares": (
        """A[] += X[m]
        V2[] += square(X[m])
        Z[] = V2[] - square(A[]) / M""",
        1,
        "1",
    ),
    "a result that meets another fibre": (
        """A[] += X[m]
        Z[m] = Y[m] * A[]""",
        1,
        "1",
    ),
    "a result that meets its own fibre through another": (
        """A[] += X[m]
        B[m] = Y[m] * A[]
        Z[m] = B[m] + X[m]""",
        2,
        "M",
    ),
    "a result that meets its own fibre through a product": (
        """A[m] = X[m] * Y[m]
        B[] += A[m]
        Z[m] = Y[m] * B[]""",
        2,
        "M",
    ),
    "layer norm, then a matrix product": (
        """A[] += X[m]
        V2[] += square(X[m] - A[] / M)
        N[m] = (X[m] - A[] / M) * rsqrt(V2[] / M)
        Z[f] += T[f,m] * N[m]""",
        3,
        "M",
    ),
    "a reduction broadcast over another rank": (
        """A[p] += S[p,m]
        Z[p,f] = A[p] * V[f]""",
        1,
        "1",
    ),
    "a reduction broadcast back by an Einsum of its own": (
        """A[p] += S[p,m]
        B[p,m] = A[p] * Y[m]
        Z[p,m] = S[p,m] - B[p,m]""",
        2,
        "M",
    ),
    "a reduction over another rank": (
        """A[m] max= S[p,m]
        Z[p,m] = S[p,m] - A[m]""",
        1,
        "1",
    ),
    "a cumulative sum": (
        """C[0] = 0
        C[m+1] = C[m] + X[m]
        Z[m] = C[m+1] * X[m]""",
        1,
        "1",
    ),
    "a cumulative sum over its total": (
        """C[0] = 0
        C[m+1] = C[m] + X[m]
        Z[m] = C[m+1] / C[M]""",
        2,
        "M",
    ),
    "a cumulative sum whose total comes last": (
        """C[0] = 0
        C[m+1] = C[m] + X[m]
        Z[] = C[M] / 2""",
        1,
        "1",
    ),
    "a running value that starts from a result": (
        """A[] += X[m]
        C[0] = A[]
        C[m+1] = C[m] + X[m]""",
        2,
        "M",
    ),
    "an online softmax denominator": (
        """R[0] = -inf
        D[0] = 0
        R[m+1] = max(R[m], X[m])
        D[m+1] = D[m] * exp(R[m] - R[m+1]) + exp(X[m] - R[m+1])
        Z[] = R[M] + log(D[M])""",
        1,
        "1",
    ),
    "tiles on their own": (
        """m -> m1, m0
        A[m1] max= X[m1,m0]
        Z[m1,m0] = X[m1,m0] - A[m1]""",
        1,
        "M0",
    ),
    "tiles that are only added up": (
        """m -> m1, m0
        Z[] += X[m1,m0] * Y[m1,m0]""",
        1,
        "1",
    ),
    "a reduction in two stages": (
        """m -> m1, m0
        A[m1] max= X[m1,m0]
        B[] max= A[m1]
        Z[m1,m0] = X[m1,m0] - B[]""",
        2,
        "M",
    ),
    "a reduction in two stages, the other way round": (
        """m -> m1, m0
        A[m0] max= X[m1,m0]
        B[] max= A[m0]
        Z[m1,m0] = X[m1,m0] - B[]""",
        2,
        "M",
    ),
    "columns that need all rows": (
        """m -> m1, m0
        A[m1] max= X[m1,m0]
        B[m1,m0] = X[m1,m0] - A[m1]
        C[m0] += B[m1,m0]
        Z[m1,m0] = B[m1,m0] / C[m0]""",
        2,
        "M",
    ),
}


@pytest.mark.parametrize("name", BY_HAND)
def test_passes_over_m(name: str, cascade_of: CascadeOf) -> None:
    text, count, footprint = BY_HAND[name]
    found = passes(cascade_of(text, RANKS, INPUTS))["M"]
    assert (found.passes, found.footprint) == (count, footprint)


@pytest.mark.parametrize("length", range(1, 6))
def test_a_chain_of_k_reductions_and_a_last_visit_take_k_and_one_passes(
    length: int, cascade_of: CascadeOf
) -> None:
    lines = ["A0[] += X[m]"]
    lines += [f"A{k}[] += X[m] * A{k - 1}[]" for k in range(1, length)]
    found = passes(cascade_of("\n".join([*lines, f"Z[m] = X[m] * A{length - 1}[]"]), RANKS, INPUTS))
    assert found["M"].passes == length + 1
    assert [wait.result for wait in found["M"].forced_by] == [f"A{k}[]" for k in range(length)]


def test_softmax_over_both_ranks_revisits_both(cascade_of: CascadeOf) -> None:
    text = """G[] max= S[p,m]
    N[p,m] = exp(S[p,m] - G[])
    D[] += N[p,m]
    A[p,m] = N[p,m] / D[]"""
    found = passes(cascade_of(text, RANKS, INPUTS))
    assert (found["M"].passes, found["P"].passes) == (3, 3)


def test_summaries_of_tiles_count_for_the_outer_part(cascade_of: CascadeOf) -> None:
    text = """m -> m1, m0
    A[m1] max= X[m1,m0]
    G[] max= A[m1]
    Z[m1] = A[m1] - G[]"""
    found = passes(cascade_of(text, RANKS, INPUTS))
    assert {rank: (found[rank].passes, found[rank].footprint) for rank in ("M", "M1", "M0")} == {
        "M": (1, "1"),
        "M1": (2, "M1"),
        "M0": (1, "1"),
    }
    assert found["M1"].einsums == (("A", "G"), ("Z",))


def test_without_summaries_the_outer_part_is_traversed_with_the_whole(
    cascade_of: CascadeOf,
) -> None:
    text = """m -> m1, m0
    G[] max= X[m1,m0]
    Z[m1,m0] = X[m1,m0] - G[]"""
    found = passes(cascade_of(text, RANKS, INPUTS))
    assert [(found[rank].passes, found[rank].footprint) for rank in ("M", "M1", "M0")] == [
        (2, "M"),
        (2, "M1"),
        (2, "M0"),
    ]


def test_a_tile_of_tiles_may_be_what_is_kept(cascade_of: CascadeOf) -> None:
    text = """m -> m2, m1, m0
    A[m2] max= X[m2,m1,m0]
    Z[m2,m1,m0] = X[m2,m1,m0] - A[m2]"""
    found = passes(cascade_of(text, "{M: 8, M1: 2, M0: 2}", INPUTS.split(", S:")[0] + "}"))
    assert (found["M"].passes, found["M"].footprint) == (1, "M1*M0")


def test_indices_of_a_rank_and_of_its_parts_visit_the_same_fibre(cascade_of: CascadeOf) -> None:
    text = """m -> m1, m0
    G[] max= X[m]
    Z[m1,m0] = X[m1,m0] - G[]"""
    assert passes(cascade_of(text, RANKS, INPUTS))["M"].passes == 2


def test_weights_of_a_recurrence_are_visited_at_each_step(cascade_of: CascadeOf) -> None:
    text = """H[0,j] = B[j]
    A[t,j] += W[j,k] * H[t,k]
    H[t+1,j] = tanh(A[t,j])"""
    found = passes(cascade_of(text, "{T: 10, J: 3, K: J}", "{W: [J, K], B: [J]}"))
    assert (found["K"].passes, found["K"].footprint, found["K"].repeats) == (10, "K", "T")
    assert found["T"].passes == 1


def test_keys_of_each_step_are_visited_at_their_step(cascade_of: CascadeOf) -> None:
    """Linear attention: the state is a running value, each step has its own key."""
    text = """H[0,e,f] = 0
    H[t+1,e,f] = H[t,e,f] + K[t,e] * V[t,f]
    O[t,f] += Q[t,e] * H[t+1,e,f]"""
    found = passes(cascade_of(text, "{T: 9, E: 2, F: 2}", "{Q: [T, E], K: [T, E], V: [T, F]}"))
    assert [found[rank].passes for rank in "TEF"] == [1, 1, 1]


# --- rewriting changes nothing -------------------------------------------------------------------


def counts(cascade: Cascade) -> dict[str, int]:
    return {rank: found.passes for rank, found in passes(cascade).items()}


@cache
def shipped(name: str) -> Cascade:
    return load_workload(f"attention/{name}")


@st.composite
def any_cascade(draw: st.DrawFn, cascade_of: CascadeOf) -> Cascade:
    """A shipped attention cascade or a random one."""
    if draw(st.booleans()):
        return shipped(draw(st.sampled_from(sorted(ATTENTION))))
    return cascade_of(*draw(cascades()))


def rewritten(cascade: Cascade, einsums: list[Einsum], new: tuple[Tensor, ...] = ()) -> Cascade:
    tensors = {**cascade.tensors, **{tensor.name: tensor for tensor in new}}
    return replace(cascade, einsums=tuple(einsums), tensors=tensors)


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_names_do_not_matter(data: st.DataObject, cascade_of: CascadeOf) -> None:
    cascade = data.draw(any_cascade(cascade_of))
    names = data.draw(st.permutations([f"R{at}" for at in range(len(cascade.tensors))]))
    new = dict(zip(cascade.tensors, names, strict=True))
    renamed = replace(
        cascade,
        tensors={new[n]: t._replace(name=new[n]) for n, t in cascade.tensors.items()},
        einsums=tuple(
            replace(e, output=_named(e.output, new), expression=_mapped(e.expression, new))
            for e in cascade.einsums
        ),
        initial=tuple(
            replace(i, access=_named(i.access, new), expression=_mapped(i.expression, new))
            for i in cascade.initial
        ),
    )
    assert counts(renamed) == counts(cascade)


def _named(access: Access, names: Mapping[str, str]) -> Access:
    return replace(access, tensor=names[access.tensor])


def _mapped(expression: Expression, names: Mapping[str, str]) -> Expression:
    if isinstance(expression, Access):
        return _named(expression, names)
    if isinstance(expression, Operation):
        return replace(expression, args=tuple(_mapped(each, names) for each in expression.args))
    return expression


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_the_order_of_independent_einsums_does_not_matter(
    data: st.DataObject, cascade_of: CascadeOf
) -> None:
    cascade = data.draw(any_cascade(cascade_of))
    waiting = list(cascade.einsums)
    order: list[Einsum] = []
    while waiting:
        names = {each.name for each in waiting}
        ready = [each for each in waiting if not names & set(dependencies(cascade, each))]
        order.append(data.draw(st.sampled_from(ready)))
        waiting.remove(order[-1])
    reordered = rewritten(cascade, order)
    assert counts(reordered) == counts(cascade)
    assert {r: p.footprint for r, p in passes(reordered).items()} == {
        r: p.footprint for r, p in passes(cascade).items()
    }


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_splitting_an_einsum_does_not_matter(data: st.DataObject, cascade_of: CascadeOf) -> None:
    """exp(S - G) into T = S - G; N = exp(T), at a random place of a random cascade."""
    cascade = data.draw(any_cascade(cascade_of))
    einsum = data.draw(st.sampled_from(cascade.einsums))
    inner = [each for each in _operations(einsum.expression) if any(accesses(each))]
    assume(inner)
    part = data.draw(st.sampled_from(inner))
    ranks = tuple(dict.fromkeys(rank for access in accesses(part) for rank in access.ranks))
    access = Access("NEW", tuple(Index(((rank, 1),)) for rank in ranks))
    whole = replace(einsum, expression=_replaced(einsum.expression, part, access))
    at = cascade.einsums.index(einsum)
    einsums = [*cascade.einsums[:at], Einsum(access, part), whole, *cascade.einsums[at + 1 :]]
    split = rewritten(cascade, einsums, (Tensor("NEW", ranks, 2),))
    assert counts(split) == counts(cascade)


def _operations(expression: Expression) -> Iterator[Expression]:
    if isinstance(expression, Operation):
        yield expression
        for argument in expression.args:
            yield from _operations(argument)


def _replaced(expression: Expression, part: Expression, new: Expression) -> Expression:
    if expression == part:
        return new
    if isinstance(expression, Operation):
        return replace(
            expression, args=tuple(_replaced(each, part, new) for each in expression.args)
        )
    return expression


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_inlining_an_einsum_does_not_matter(data: st.DataObject, cascade_of: CascadeOf) -> None:
    cascade = data.draw(any_cascade(cascade_of))
    candidates = [each for each in cascade.einsums if _can_be_inlined(cascade, each)]
    assume(candidates)
    gone = data.draw(st.sampled_from(candidates))
    einsums = [
        replace(each, expression=_replaced(each.expression, gone.output, gone.expression))
        for each in cascade.einsums
        if each != gone
    ]
    tensors = {name: each for name, each in cascade.tensors.items() if name != gone.name}
    inlined = replace(cascade, einsums=tuple(einsums), tensors=tensors)
    found = counts(inlined)
    assert found == {rank: n for rank, n in counts(cascade).items() if rank in found}


def _can_be_inlined(cascade: Cascade, einsum: Einsum) -> bool:
    """A map that is read, always by the very indices that it is written by."""
    reads = [a for e in cascade.einsums for a in e.reads if a.tensor == einsum.name]
    initial = [a for i in cascade.initial for a in accesses(i.expression)]
    return (
        einsum.reduction is None
        and not cascade.iterative_ranks(einsum.name)
        and bool(reads)
        and all(access == einsum.output for access in reads)
        and all(access.tensor != einsum.name for access in initial)
    )


# --- element by element --------------------------------------------------------------------------

Needs = tuple[int, frozenset[tuple[int, ...]]]


@settings(max_examples=80, deadline=None)
@given(made=cascades(steps=("map", "reduce", "tile")))
def test_passes_are_those_of_single_elements(
    made: tuple[str, str, str],
    cascade_of: CascadeOf,
    points_by_enumeration: Callable[..., list[dict[str, int]]],
) -> None:
    """Without running values, each element's traversal follows from the elements it is made of."""
    text, _, inputs = made
    text = "\n".join(line.split(" where ")[0] for line in text.splitlines())
    cascade = cascade_of(text, "{P: 3, M: 9, M0: 3, N: 1, R: 1, W: 1}", inputs)
    found = passes(cascade)
    for rank in ("M", "M0", "P"):
        if rank in found:
            slow = [
                _by_elements(cascade, each, points_by_enumeration) for each in fibres(cascade, rank)
            ]
            assert found[rank].passes == max(slow, default=1)


def _by_elements(
    cascade: Cascade, fibre: Fibre, points_of: Callable[..., list[dict[str, int]]]
) -> int:
    """Traversals of the root's fibre at 0 of its other ranks.

    An element needs the latest traversal of those it is made of, the next one if it visits the
    fibre and one of them needs every position; in it, what they need and the position visited.
    """
    members = family(cascade, fibre)
    written = {
        einsum.name: _by_position(cascade, einsum.output, points_of(cascade, einsum))
        for einsum in cascade.einsums
    }
    everything = _fibre_positions(cascade, fibre)
    deepest = 1

    @cache
    def needs(tensor: str, position: tuple[int, ...]) -> Needs | None:
        if tensor == fibre.root:
            return (1, frozenset()) if position in everything else None
        if tensor in cascade.inputs:
            return None
        einsum = cascade.einsum(tensor)
        points = [_at_point(einsum, point) for point in written[tensor][position]]
        return _union([each for each in points if each])

    def _at_point(einsum: Einsum, point: Mapping[str, int]) -> Needs | None:
        nonlocal deepest
        read = [(a, needs(a.tensor, _position(cascade, a, point))) for a in einsum.reads]
        known = [(access, each) for access, each in read if each]
        if not known:
            return None
        visits = any(
            access.tensor in members and fibre.parts <= moves(cascade, access)
            for access, _ in known
        )
        total = _union([each for _, each in known])
        if not visits or total is None:
            return total
        full = max(t + (len(positions) == len(everything)) for _, (t, positions) in known)
        deepest = max(deepest, full)
        own = frozenset([tuple(_leaf(point, part) for part in sorted(fibre.parts))])
        return full, own | (total[1] if total[0] == full else frozenset())

    for einsum in cascade.einsums:
        for position in written[einsum.name]:
            needs(einsum.name, position)
    return deepest


def _union(found: list[Needs]) -> Needs | None:
    if not found:
        return None
    last = max(traversal for traversal, _ in found)
    return last, frozenset().union(*(each for traversal, each in found if traversal == last))


def _position(cascade: Cascade, access: Access, point: Mapping[str, int]) -> tuple[int, ...]:
    return tuple(index.value(point, cascade.ranks) for index in cascade.positions(access))


def _by_position(
    cascade: Cascade, output: Access, points: list[dict[str, int]]
) -> dict[tuple[int, ...], list[dict[str, int]]]:
    found: dict[tuple[int, ...], list[dict[str, int]]] = {}
    for point in points:
        found.setdefault(_position(cascade, output, point), []).append(point)
    return found


def _leaf(point: Mapping[str, int], part: str) -> int:
    """The index of a part, in an Einsum over m or over m1 and m0 (tiles of 3)."""
    if part in point:
        return point[part]
    return point["M"] // 3 if part == "M1" else point["M"] % 3


def _fibre_positions(cascade: Cascade, fibre: Fibre) -> set[tuple[int, ...]]:
    """The root's positions along the fibre, 0 in all other ranks."""
    lengths = {"M1": 3, "M0": 3, "P": 3}
    along = {"M": 9 if {"M1", "M0"} <= fibre.parts else 3}
    along |= {part: lengths[part] for part in fibre.parts}
    if fibre.parts == {"P"}:
        along.pop("M")
    ranks = cascade.tensors[fibre.root].ranks
    return set(product(*(range(along.get(rank, 1)) for rank in ranks)))
