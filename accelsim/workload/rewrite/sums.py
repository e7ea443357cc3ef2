"""Σ_m f(x[m], G), with G completed, as Σ_j b_j(G) · Σ_m a_j(x[m]): distributivity."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from accelsim.workload.conditions import ranks_of
from accelsim.workload.einsum import Access, Einsum, Expression, RankSize, accesses
from accelsim.workload.rewrite.bench import Bench
from accelsim.workload.rewrite.exponentials import exponential_of, maximum_taken_off
from accelsim.workload.rewrite.separate import InseparableError, terms_of
from accelsim.workload.rewrite.terms import Term, factor, merged, one_for_each, product_text
from accelsim.workload.substitute import ranks_in


@dataclass(frozen=True)
class Piece:
    """fixed · Σ along; with an `exponential` among what is along, relative to a `maximum`."""

    along: Term
    fixed: Term
    exponential: Access | None = None
    maximum: Access | None = None


def sum_apart(bench: Bench) -> None:
    """The sum on the bench as a combination of sums that need no completed value."""
    written = bench.einsum.expression
    pieces = [_piece(bench, term) for term in terms_of(written, bench.view)]
    _refuse_other_points(bench, pieces)
    if len(pieces) == 1 and pieces[0].fixed.is_one and not pieces[0].along.is_one:
        _sum_in_place(bench, pieces[0])
    else:
        bench.outer(merged(piece.fixed.times(_summed(bench, piece)) for piece in pieces))
        law = "multiplied out, " if len(pieces) > 1 else ""
        now = bench.draft.cascade.einsum(bench.einsum.name)
        what = f"{law}what does not vary over {bench.draft.rank} leaves the sum"
        bench.tell(f"{bench.einsum.name}: {what} (distributivity): {now}")


def _piece(bench: Bench, term: Term) -> Piece:
    """One term's part along the fibre, and the rest."""
    view = bench.view

    def stays(expression: Expression) -> bool:
        """Whether a factor stays in the sum: it varies over what is summed, and is known."""
        summed = set(ranks_in(expression)) & set(bench.einsum.reduced_ranks)
        return view.is_along(expression) or bool(summed and not view.waits(expression))

    along = tuple(each for each in term.factors if stays(each[0]))
    fixed = Term(term.coefficient, tuple(each for each in term.factors if each not in along))
    inner = tuple(each for each in term.exponent if not view.waits(each[0]))
    outer = tuple(each for each in term.exponent if view.waits(each[0]))
    if not any(view.is_along(each) for each, _ in inner):
        return Piece(Term(factors=along), fixed.times(Term(exponent=term.exponent)))
    if not outer:
        return Piece(Term(factors=along, exponent=inner), fixed)
    maximum = maximum_taken_off(bench, inner, outer)
    rest = Term(exponent=((maximum, 1.0),)).times(Term(exponent=outer))
    exponential = exponential_of(bench, inner, maximum)
    product = factor(exponential).times(Term(factors=along))
    return Piece(product, fixed.times(rest), exponential, maximum)


def _sum_in_place(bench: Bench, piece: Piece) -> None:
    """The Einsum itself is the inner sum."""
    einsum = replace(bench.einsum, expression=product_text(piece.along))
    bench.add(einsum, bench.traversal)
    _note_running(bench, einsum.name, piece)


def _summed(bench: Bench, piece: Piece) -> Term:
    """Σ along, as a read of a sum that is known or made here, times the sizes of ranks that neither
    it nor a condition depends on."""
    along, sizes = piece.along, Term()
    for rank in _removed(bench, piece):
        if rank in ranks_of(bench.conditions) and rank not in along.ranks:
            along = along.times(one_for_each(rank))
        elif rank not in along.ranks:
            sizes = sizes.times(factor(RankSize(rank)))
    if along.is_one:
        return sizes
    over = bench.over(along.ranks)
    kept = [rank for rank in _kept(bench, piece) if rank in over]
    piece = replace(piece, along=along)
    known = _known_sum(bench, piece, kept)
    if known is None:
        read = bench.made("S", product_text(along), kept, "+", bench.traversal)
        _note_running(bench, read.tensor, piece)
        known = factor(read)
    return known.times(sizes)


def _kept(bench: Bench, piece: Piece) -> list[str]:
    """The ranks of the inner sum: those of the output, and those of what stays outside."""
    outside = piece.fixed.ranks | set(piece.maximum.ranks if piece.maximum else ())
    wanted = {*bench.einsum.output.ranks, *outside}
    return [rank for rank in bench.einsum.ranks if rank in wanted and not bench.is_part(rank)]


def _removed(bench: Bench, piece: Piece) -> list[str]:
    kept = _kept(bench, piece)
    return [rank for rank in bench.einsum.reduced_ranks if rank not in kept]


def _note_running(bench: Bench, name: str, piece: Piece) -> None:
    if piece.exponential and piece.maximum:
        bench.add_running(name, piece.exponential.tensor, piece.maximum.tensor)


def _refuse_other_points(bench: Bench, pieces: Iterable[Piece]) -> None:
    """A position that is looked up may lie outside, for all terms alike: what does not read it
    would have more points."""
    for access in bench.einsum.reads:
        moving = any(bench.is_part(rank) for each in access.looked_up for rank in each.ranks)
        if moving and not all(access in _read(piece) for piece in pieces):
            fact = f"{access} has no value where its position lies outside"
            raise InseparableError(f"{fact}, and not every part of the sum reads it")


def _read(piece: Piece) -> list[Access]:
    return [access for each, _ in piece.along.factors for access in accesses(each)]


# --- sums that are there already -----------------------------------------------------------------


def _known_sum(bench: Bench, piece: Piece, kept: list[str]) -> Term | None:
    """The same sum times what stands before it in the Einsum that has it."""
    for einsum in bench.draft.cascade.einsums:
        if _is_ready(bench, einsum, kept) and bench.state.exponential_of(einsum.name) == (
            piece.exponential.tensor if piece.exponential else None
        ):
            found = _as_multiple(bench, einsum, piece)
            if found is not None:
                return found
    return None


def _is_ready(bench: Bench, einsum: Einsum, kept: list[str]) -> bool:
    ranks = [index.plain_rank for index in einsum.output.indices]
    return (
        einsum.reduction == "+"
        and set(ranks) == set(kept)
        and bench.draft.reduces(einsum)
        and bench.draft.levels.get(einsum.name) == bench.traversal
        and bench.same_points(einsum)
        and einsum.name != bench.einsum.name
    )


def _as_multiple(bench: Bench, einsum: Einsum, piece: Piece) -> Term | None:
    view = replace(bench.view, late=frozenset())
    terms = terms_of(einsum.expression, view)
    if len(terms) != 1:
        return None
    inside = tuple(each for each in terms[0].factors if view.is_along(each[0]))
    outside = tuple(each for each in terms[0].factors if each not in inside)
    if Term(1.0, inside, terms[0].exponent).key != piece.along.key:
        return None
    return factor(einsum.output).times(Term(terms[0].coefficient, outside).to_power(-1))
