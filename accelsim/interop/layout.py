"""Which numbers of its source a view has: of each rank sizes with strides, outermost first.

    K [B, G, M, E]                       ((B, G·M·E),)  ((G, M·E),)          ((M, E),)  ((E, 1),)
    unsqueezed, expanded to R, reshaped  ((B, G·M·E),)  ((G, M·E), (R, 0))   ((M, E),)  ((E, 1),)

A stride of 0 repeats: query heads that share keys, a batch that shares a table. Sizes of 1 are not
written, so a rank of size 1 is ().
"""

from collections.abc import Mapping, Sequence
from math import prod

from accelsim.interop.graph import Graph, Node

Digit = tuple[int, int]
Rank = tuple[Digit, ...]
Layout = tuple[Rank, ...]


def layout_of(graph: Graph, name: str) -> tuple[str, Layout]:
    """The tensor that `name` is in the end a view of, and how; where a step between cannot be
    followed, `name` as it is."""
    chain: list[Node] = []
    root = name
    while (node := graph.makers.get(root)) is not None and node.op == "view":
        chain.append(node)
        root = node.reads[0]
    if root not in graph.tensors or name not in graph.tensors:
        return root, plain(graph.tensors[name].shape) if name in graph.tensors else ()
    layout: Layout | None = plain(graph.tensors[root].shape)
    for node in reversed(chain):
        made = graph.tensors.get(node.makes[0])
        if layout is None or made is None:
            break
        layout = viewed(layout, made.shape, node.said)
    return root, plain(graph.tensors[name].shape) if layout is None else layout


def plain(shape: Sequence[int]) -> Layout:
    """Of a tensor as it lies: the last rank innermost."""
    return tuple(
        ((size, prod(shape[place + 1 :])),) if size > 1 else () for place, size in enumerate(shape)
    )


def viewed(layout: Layout, shape: Sequence[int], said: Mapping[str, object]) -> Layout | None:
    """After a `view` to this shape: ranks in another order (`order`), `each` element of one
    repeated, whole ranks repeated, or all cut anew."""
    order, each = said.get("order"), said.get("each")
    if isinstance(order, tuple):
        return tuple(layout[place] for place in order)
    if isinstance(each, int):
        rank = (*layout[each], (shape[each] // size_of(layout[each]), 0))
        return (*layout[:each], rank, *layout[each + 1 :])
    if prod(map(size_of, layout)) == prod(shape):
        return _cut(layout, shape)
    return _repeated(layout, shape)


def size_of(rank: Rank) -> int:
    return prod(size for size, _ in rank)


def _cut(layout: Layout, shape: Sequence[int]) -> Layout | None:
    """None if a digit would have to be cut where it does not divide."""
    left = [digit for rank in reversed(layout) for digit in reversed(rank)]
    found: list[Rank] = []
    for size in shape:
        rank: list[Digit] = []
        while size > 1 and left:
            own, stride = left.pop()
            if size % own == 0:
                rank.append((own, stride))
                size //= own
            elif own % size == 0:
                rank.append((size, stride * (own // size)))
                left.append((own // size, stride))
                size = 1
            else:
                return None
        found.append(tuple(rank))
    return tuple(found)


def _repeated(layout: Layout, shape: Sequence[int]) -> Layout | None:
    """Ranks of 1 become as many as asked for; longer ones are repeated as a whole."""
    own = ((),) * (len(shape) - len(layout)) + layout
    if len(own) != len(shape) or any(
        size % size_of(rank) for rank, size in zip(own, shape, strict=True)
    ):
        return None
    return tuple(
        rank if size == size_of(rank) else ((size // size_of(rank), 0), *rank)
        for rank, size in zip(own, shape, strict=True)
    )


def together(ranks: Sequence[Rank]) -> list[tuple[int, tuple[bool, ...]]] | None:
    """Sizes, outermost first, that all of these are made of, and which of them vary there.

    A rank of size 1 varies nowhere. Neighbours that vary alike are one. None if they do not divide.
    """
    size = max(map(size_of, ranks), default=1)
    if any(size_of(rank) not in (1, size) for rank in ranks):
        return None
    lefts = [list(rank) if size_of(rank) == size else [(size, 0)] for rank in ranks]
    found: list[tuple[int, tuple[bool, ...]]] = []
    while size > 1:
        step = min(left[-1][0] for left in lefts)
        if any(left[-1][0] % step for left in lefts):
            return None
        vary = tuple(left[-1][1] != 0 for left in lefts)
        for left in lefts:
            own, stride = left.pop()
            if own > step:
                left.append((own // step, stride * step))
        if found and found[0][1] == vary:
            found[0] = (found[0][0] * step, vary)
        else:
            found.insert(0, (step, vary))
        size //= step
    return found
