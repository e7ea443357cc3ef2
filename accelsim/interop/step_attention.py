"""An attention as a cascade: scores, maximum, exponential, sum, weighted values, division.

Query heads that share keys, and sequences that do, are found in how the operands lie (layout.py);
a scale of the scores is folded into the queries, as in the catalogue: `Step.scale` has it.
"""

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

import numpy as np

from accelsim.base.errors import WorkloadError
from accelsim.interop.graph import Graph, Node
from accelsim.interop.layout import Rank, layout_of, size_of, together
from accelsim.interop.masks import HIDDEN, Band, band, condition, seen
from accelsim.interop.names import Names
from accelsim.interop.step import Step, step_of

Shapes = tuple[tuple[int, ...], ...]


def attention_step(graph: Graph, node: Node, names: Names) -> Step:
    turned = bool(node.said.get("keys_transposed"))
    (queries, keys, values), shapes = _operands(graph, node, turned)
    p, e = map(size_of, queries[-2:])
    m, f = map(size_of, values[-2:])
    if size_of(keys[-1]) != e or size_of(keys[-2]) != m:
        raise _unfit(shapes)
    batch, shared, heads, groups = _leading(queries, keys, values, shapes)
    seen_band, added = _masks(graph, node, p, m)
    where, sizes = condition(seen_band, p, m)
    where = f" where {where}" if where else ""
    ranks = {"B": batch, "H": heads, "G": groups, "P": p, "M": m, "E": e, "F": f, **sizes}
    (q, k, v), y = names.of_each(node.reads[:3]), names.of(node.makes[0])
    head, group = ("h", "H") if heads == groups else (f"h // {heads // groups}", "G")
    if heads == groups:
        del ranks["G"]
    lead, its = ([], "") if shared else (["B"], "b,")
    key, own = (["E", "M"], "e,m") if turned else (["M", "E"], "m,e")
    inputs: dict[str, Sequence[str]] = {
        q: ["B", "H", "P", "E"],
        k: [*lead, group, *key],
        v: [*lead, group, "M", "F"],
    }
    s, g, n, d, w = (f"{y}_{each}" for each in ("S", "G", "N", "D", "W"))
    lines = [f"{s}[b,h,p,m] += {q}[b,h,p,e] * {k}[{its}{head},{own}]{where}"]
    if added is not None:
        mask, indices, mask_ranks = _added(graph, added, names, ranks)
        inputs[mask] = mask_ranks
        lines.append(f"{s}M[b,h,p,m] = {s}[b,h,p,m] + {mask}[{indices}]{where}")
        s = f"{s}M"
    lines += [
        f"{g}[b,h,p] max= {s}[b,h,p,m]{where}",
        f"{n}[b,h,p,m] = exp({s}[b,h,p,m] - {g}[b,h,p]){where}",
        f"{d}[b,h,p] += {n}[b,h,p,m]{where}",
        f"{w}[b,h,p,f] += {n}[b,h,p,m] * {v}[{its}{head},m,f]{where}",
        f"{y}[b,h,p,f] = {w}[b,h,p,f] / {d}[b,h,p]",
    ]
    return step_of(graph, node, names, ranks, inputs, lines, float(node.said.get("scale", 1.0)))


# --- heads and sequences --------------------------------------------------------------------------


def _operands(graph: Graph, node: Node, turned: bool) -> tuple[list[tuple[Rank, ...]], Shapes]:
    """How queries, keys and values lie, as [.., heads, tokens, width], equally many ranks each."""
    found = [layout_of(graph, name)[1] for name in node.reads[:3]]
    if turned:
        found[1] = (*found[1][:-2], found[1][-1], found[1][-2])
    longest = max(3, *map(len, found))
    shapes = tuple(tuple(map(size_of, layout)) for layout in found)
    return [((),) * (longest - len(layout)) + layout for layout in found], shapes


def _leading(
    queries: Sequence[Rank], keys: Sequence[Rank], values: Sequence[Rank], shapes: Shapes
) -> tuple[int, bool, int, int]:
    """Sequences and whether they share keys, heads of queries and of keys: of several ranks
    before [tokens, width] the first is sequences, the others are heads."""
    cut = 1 if len(queries) > 3 else 0
    batch, shared = 1, True
    for ranks in zip(queries[:cut], keys[:cut], values[:cut], strict=True):
        digits = _digits(ranks, shapes)
        if any(not vary[0] or vary[1] != vary[2] for _, vary in digits) or len(digits) > 1:
            raise _unfit(shapes)
        batch *= prod(size for size, _ in digits)
        shared = bool(digits) and not digits[0][1][1]
    digits = [
        digit
        for ranks in zip(queries[cut:-2], keys[cut:-2], values[cut:-2], strict=True)
        for digit in _digits(ranks, shapes)
    ]
    heads = prod(size for size, _ in digits)
    groups = prod(size for size, vary in digits if vary[1])
    order = [vary for _, vary in digits]
    if any(not vary[0] or vary[1] != vary[2] for vary in order):
        raise _unfit(shapes)
    if order != sorted(order, reverse=True):
        raise WorkloadError("query heads that share keys are not next to each other")
    return batch, shared and cut == 1, heads, groups


def _digits(ranks: Sequence[Rank], shapes: Shapes) -> list[tuple[int, tuple[bool, ...]]]:
    """Sizes of one rank; fewer heads of keys, where they divide, are shared."""
    size = max(map(size_of, ranks))
    own = [
        rank if size_of(rank) in (1, size) or size % size_of(rank) else (*rank, (size // n, 0))
        for rank in ranks
        if (n := size_of(rank))
    ]
    found = together(own)
    if found is None:
        raise _unfit(shapes)
    return found


def _unfit(shapes: Shapes) -> WorkloadError:
    queries, keys, values = shapes
    more = "" if keys[:-1] == values[:-1] else f" and values of {values}"
    return WorkloadError(f"queries of {queries} do not fit keys of {keys}{more}")


# --- masks ----------------------------------------------------------------------------------------


def _masks(graph: Graph, node: Node, queries: int, keys: int) -> tuple[Band, str | None]:
    """The band of keys that constant masks leave, and the mask that is added when it runs."""
    allowed: Any = np.ones((1, 1), bool)
    added: list[str] = []
    for kind, name in zip(node.said.get("masks", ()), node.reads[3:], strict=True):
        value = _value(graph, name)
        if value is None:
            _refuse_unknown(graph, name, kind)
            added.append(name)
            continue
        keep = _kept(value, kind)
        if kind == "add" and value.dtype != bool and np.any(value[keep]):
            added.append(name)
        try:
            allowed = allowed & keep
        except ValueError as error:
            raise WorkloadError(f"a mask of {value.shape} does not fit the others") from error
    if len(added) > 1:
        raise WorkloadError(f"{len(added)} masks are added: {', '.join(added)}")
    found, said = band(allowed, queries, keys), node.said.get("band", Band())
    return Band(_least(found.ahead, said.ahead), _least(found.behind, said.behind)), next(
        iter(added), None
    )


def _value(graph: Graph, name: str) -> Any:
    """If it is known, or a view of what is."""
    maker = graph.makers.get(name)
    if name not in graph.values and maker is not None and _is_reshaped(maker):
        own = graph.values.get(maker.reads[0])
        return None if own is None else own.reshape(graph.tensors[name].shape)
    return graph.values.get(name)


def _is_reshaped(node: Node) -> bool:
    return node.op == "view" and not {"order", "each"} & node.said.keys()


def _kept(value: Any, kind: str) -> Any:
    if value.dtype != bool and kind == "add":
        return seen(value)
    return ~value.astype(bool) if kind == "hide" else value.astype(bool)


def _least(first: int | None, second: int | None) -> int | None:
    return min((each for each in (first, second) if each is not None), default=None)


_LOGIC = frozenset(
    (
        *("choose", "where", "trilu", "tril", "triu", "less", "lessorequal", "greater"),
        *("greaterorequal", "equal", "not", "and", "or", "xor", "le", "lt", "ge", "gt", "eq"),
        *("ne", "logical_not", "logical_and", "logical_or", "bitwise_not", "bitwise_and"),
        *("bitwise_or", "masked_fill"),
    )
)


def _refuse_unknown(graph: Graph, name: str, kind: str) -> None:
    """A mask that is added may stay, if what it is made of hides nothing: a bias of positions."""
    above, nodes = _above(graph, name)
    if above & graph.too_large:
        fact = "its mask is too large to be evaluated"
        raise WorkloadError(f"{fact}; take smaller sizes, and set the ranks afterwards")
    logic = any(node.op.lower() in _LOGIC for node in nodes)
    if kind == "add" and not logic and not any(_may_hide(graph, each) for each in above):
        return
    given = ", ".join(each for each in graph.inputs if each in above)
    if not given:
        made = ", ".join(sorted({str(node.said.get("called", node.op)) for node in nodes}))
        raise WorkloadError(f"its mask is made by {made or name}, which is not evaluated")
    fact = f"its mask depends on {given}, and what it hides is not known"
    raise WorkloadError(f"{fact}; give its value, such as {given}=1 if 1 hides nothing")


def _above(graph: Graph, name: str) -> tuple[set[str], list[Node]]:
    """What a tensor is made of, itself too, and the nodes that do so."""
    above, nodes, todo = set[str](), list[Node](), [name]
    while todo:
        each = todo.pop()
        if each not in above:
            above.add(each)
            node = graph.makers.get(each)
            nodes += [] if node is None else [node]
            todo += () if node is None else node.reads
    return above, nodes


def _may_hide(graph: Graph, name: str) -> bool:
    """A yes or no that is not known, or a number that hides a score."""
    value = graph.values.get(name)
    if value is not None:
        return bool(np.any(value <= HIDDEN)) if value.dtype.kind == "f" else False
    maker = graph.makers.get(name)
    if maker is not None and maker.op == "scale" and maker.said["by"] <= HIDDEN:
        return True
    return name in graph.tensors and graph.tensors[name].word_bytes == 1


def _added(
    graph: Graph, name: str, names: Names, ranks: Mapping[str, int]
) -> tuple[str, str, list[str]]:
    """Its name, indices and ranks: those of [B, H, P, M] that it has more than one of."""
    shape = graph.tensors[name].shape
    whole = list(zip(("B", "H", "P", "M")[-len(shape) :], shape, strict=True)) if shape else []
    own = [rank for rank, size in whole if size > 1 or ranks[rank] == 1]
    if any(size not in (1, ranks[rank]) for rank, size in whole) or not own:
        raise WorkloadError(f"a mask of {shape} does not fit the scores")
    return names.of(name), ",".join(rank.lower() for rank in own), own
