"""Bytes that a matrix product must move over the edge of a chip, however its loops are ordered.

Of Z[b,i,j] += X[b,i,k] * Y[b,k,j] with V points, on a chip that holds S words, what moves of these
three tensors together (reads and writes, in words) is at least

    Z is written out      Q >= 2 V / sqrt(S) - 2 S                                              (1)
    Z is used on chip     Q >= 2 V / sqrt(S) - 2 S - |Z|    and                                 (2)
                          Q >= t (V / F(t) - 1) for every t,                                    (3)
                          F(t) = (S + t)^2 / (4 K) + (S + t) / 2 * sqrt(2 S + t)

On paper. Cut the run into phases of t words that arrive: reads, and sums of Z that begin on the
chip. What a phase multiplies was there when it began, at most S words, or arrived: it has x + y + z
<= S + t elements, and with these at most sqrt(x y z) <= ((S + t) / 3)^1.5 points (Loomis and
Whitney; over b by Hölder). So V needs V / ((S + t) / 3)^1.5 phases, all but the last of t words,
and t = 2 S gives the most. A sum that began on the chip ends by a write - or, of each element of
Z, once by its use on the chip: so the words that arrived are no more than those that moved, plus
|Z| in (2).

(3), where sums may end unwritten. Cut it into phases of t words that move. Points of elements of Z
that have all their K points in one phase: n rows of X and m columns of Y with K (n + m) <= S + t
make n m <= ((S + t) / 2 K)^2 of them. Other elements pass an end of the phase as sums, held or
moved, so there are z <= 2 S + t, and their points are at most sqrt(x y z) with x + y <= S + t. A
value that is computed several times counts once, so computing again is allowed. For V = P M E of
scores and E < sqrt(S), t = S gives P M E^2 / S but for lower terms: the bound of attention whose
scores stay on the chip.

S counts what an array works on in one step too (`in_step`), as that need not lie in any memory. A
word is the narrowest of the three tensors, so S is no less and Q no more than it is.

Hong and Kung, "I/O complexity: the red-blue pebble game", STOC 1981 (phases); Irony, Toledo and
Tiskin, 2004 (Loomis-Whitney); Smith, Lowery, Langou and van de Geijn, arXiv 1702.02017 (phases
longer than S, and the constant 2); Olivry et al., "Automated derivation of parametric data movement
lower bounds for affine programs", PLDI 2020; Saha and Ye, arXiv 2402.07443 (attention).
"""

from math import inf, sqrt
from typing import NamedTuple

from accelsim.workload.einsum import Cascade, Einsum
from accelsim.workload.extent import iteration_points, tensor_bytes
from accelsim.workload.fibres import leaves, moves

LENGTHS = tuple(2.0**power for power in range(-6, 9))
"""Of phases, in S, that are tried in (3)."""
MOST_TRIED = 12
"""Products of which every choice is tried."""


class Product(NamedTuple):
    """An Einsum that is a plain product of two inputs: its `tensors` (X, Y, Z), its points, the
    words of Z, whether Z is an output, and the narrowest word."""

    tensors: tuple[str, str, str]
    points: int
    result_words: float
    is_output: bool
    word_bytes: float
    ends_bytes: float
    """What moves of the three at least once, whatever the chip."""


def products(cascade: Cascade) -> list[Product]:
    """Those of a cascade. Masks, windows, lookups, values that step, operands that are made on the
    chip, and sums over tiles (a mapping may choose other ones, and they may be ragged) leave an
    Einsum out: the bound stays true and is weaker."""
    return [_product(cascade, each) for each in cascade.einsums if _is_product(cascade, each)]


def product_bytes(product: Product, on_chip_bytes: float, in_step: int = 0) -> float:
    """The most that (1), or (2) and (3), say, in bytes; 0 where they say nothing.

    `in_step` are the points that the arrays work on at once, each with an element of X, Y and Z.
    """
    room = on_chip_bytes / product.word_bytes + 3 * in_step
    if not 0 < room < inf:
        return 0.0
    of_sums = _phases(product.points, 2 * room, _with_sums(room, 2 * room))
    if product.is_output:
        return product.word_bytes * max(0.0, of_sums)
    inner = product.points / product.result_words
    lengths = [share * room for share in LENGTHS]
    unwritten = [_phases(product.points, t, _without_sums(room, t, inner)) for t in lengths]
    return product.word_bytes * max(0.0, of_sums - product.result_words, *unwritten)


def products_bytes(cascade: Cascade, on_chip_bytes: float, in_step: int = 0) -> float:
    """What products must move beyond their ends, of those that have no tensor in common together:
    their words are other words, and each has the whole chip. Of all such choices, the most."""
    found = [
        (max(0.0, product_bytes(each, on_chip_bytes, in_step) - each.ends_bytes), each)
        for each in products(cascade)
    ]
    more = sorted(((b, frozenset(p.tensors)) for b, p in found if b > 0), key=lambda one: -one[0])
    return _most_apart(more, frozenset())


def _most_apart(left: list[tuple[float, frozenset[str]]], taken: frozenset[str]) -> float:
    """The largest sum of those whose tensors are apart; of very many, that of the largest first."""
    free = [each for each in left if taken.isdisjoint(each[1])]
    if not free:
        return 0.0
    (first, tensors), rest = free[0], free[1:]
    with_first = first + _most_apart(rest, taken | tensors)
    is_in_nobodys_way = all(tensors.isdisjoint(other) for _, other in rest)
    if is_in_nobodys_way or len(rest) > MOST_TRIED:
        return with_first
    return max(with_first, _most_apart(rest, taken))


def _phases(points: int, length: float, most_points: float) -> float:
    return length * (points / most_points - 1)


def _with_sums(room: float, length: float) -> float:
    return float(((room + length) / 3) ** 1.5)


def _without_sums(room: float, length: float, inner: float) -> float:
    whole = room + length
    return whole**2 / (4 * inner) + whole / 2 * sqrt(2 * room + length)


def _is_product(cascade: Cascade, einsum: Einsum) -> bool:
    """Two dense inputs, multiplied and summed; every rank moves two of the three, or all, and all
    parts of a rank the same."""
    if (
        einsum.stepped != frozenset()
        or einsum.reduction != "+"
        or einsum.operations != {"mac": 1}
        or len(einsum.reads) != 2
        or not {access.tensor for access in einsum.reads} <= set(cascade.inputs)
        or einsum.reads[0].tensor == einsum.reads[1].tensor
        or not cascade.densities.keys().isdisjoint({each.tensor for each in einsum.reads})
        or any(cascade.tensors[each.tensor].of is not None for each in einsum.reads)
    ):
        return False
    sides = [moves(cascade, access) for access in (*einsum.reads, einsum.output)]
    is_product = all(sum(rank in side for side in sides) >= 2 for rank in frozenset().union(*sides))
    parts = [leaves(cascade, whole) for whole in cascade.partitions]
    return is_product and all(
        len(side & {*own}) in (0, len(own)) for side in sides for own in parts
    )


def _product(cascade: Cascade, einsum: Einsum) -> Product:
    names = (einsum.reads[0].tensor, einsum.reads[1].tensor, einsum.name)
    is_output = einsum.name in cascade.outputs
    moved = names if is_output else names[:2]
    return Product(
        tensors=names,
        points=int(iteration_points(cascade, einsum.name)),
        result_words=tensor_bytes(cascade, einsum.name) / cascade.tensors[einsum.name].word_bytes,
        is_output=is_output,
        word_bytes=min(cascade.tensors[name].word_bytes for name in names),
        ends_bytes=float(sum(tensor_bytes(cascade, name) for name in moved)),
    )
