"""The first reassociation: sums over a fibre that need no completed value.

    A[p,m] = SN[p,m] / SD[p]                        SAV[p,f] += SN[p,m] * V[m,f]
    AV[p,f] += A[p,m] * V[m,f]               →      AV[p,f] = SAV[p,f] / SD[p]

A sum (or a maximum) that reads completed values, or tensors made with them, is taken apart
(`separate.py`) into Σ_j b_j · Σ_m a_j(m). The inner sums run in the earliest traversal in which all
a_j are known; the outer one has no loop over the fibre left.

An exponential of u(m) + c, with c completed, is taken apart as exp(u - G) · exp(G + c), G being the
maximum of u over the same points. exp(u - G) still waits for G: sums of it are returned as
`RunningSum`, for `running.py` to compute while G grows.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from accelsim.workload.affine import Index
from accelsim.workload.conditions import Condition, ranks_of
from accelsim.workload.einsum import Access, Einsum, Expression, Operation, RankSize
from accelsim.workload.fibres import leaves
from accelsim.workload.rewrite.draft import Draft, new_name
from accelsim.workload.rewrite.presence import presence
from accelsim.workload.rewrite.separate import InseparableError, View, addends_of, terms_of
from accelsim.workload.rewrite.signs import is_positive
from accelsim.workload.rewrite.substitute import in_access, in_expression, own_index
from accelsim.workload.rewrite.terms import (
    Term,
    addends_text,
    factor,
    merged,
    product_text,
    sum_text,
)


@dataclass(frozen=True)
class RunningSum:
    """A sum that reads `exponential`, which is exp(… - maximum); all three are names of Einsums."""

    name: str
    exponential: str
    maximum: str


@dataclass(frozen=True)
class Deferred:
    """What became of the reductions: the cascade, the sums that must run along with a maximum,
    steps as lines of text, and why others could not be taken apart."""

    draft: Draft
    running: tuple[RunningSum, ...] = ()
    steps: tuple[str, ...] = ()
    reasons: dict[str, str] = field(default_factory=dict)


def deferred(draft: Draft, late: frozenset[str]) -> Deferred:
    """Every reduction over the fibre in the earliest traversal it can run in; only those named in
    `late` are looked at."""
    state = Deferred(draft)
    for einsum in draft.cascade.einsums:
        level = state.draft.level_of(einsum)
        state = _noted(state, einsum, level)
        if einsum.name in late and state.draft.reduces(einsum):
            state = _earliest(state, einsum, level)
    return state


def _noted(state: Deferred, einsum: Einsum, level: int) -> Deferred:
    levels = {**state.draft.levels, einsum.name: level}
    return replace(state, draft=replace(state.draft, levels=levels))


def _earliest(state: Deferred, einsum: Einsum, level: int) -> Deferred:
    """The Einsum in the first traversal in which it comes apart."""
    for traversal in range(1, level):
        try:
            return _apart(state, einsum, traversal)
        except InseparableError as error:
            state = replace(state, reasons={**state.reasons, einsum.name: str(error)})
    return state


def _apart(state: Deferred, einsum: Einsum, traversal: int) -> Deferred:
    if any(index.plain_rank is None for index in einsum.output.indices):
        raise InseparableError(f"{einsum.output} is no plain position")
    work = _Work(state, einsum, traversal)
    if einsum.reduction == "+":
        work.sum_apart()
    elif einsum.reduction == "max":
        work.maximum_apart()
    else:
        raise InseparableError(f"it is a reduction by {einsum.reduction}=")
    return work.state


class _Work:
    """One reduction being taken apart; `state` grows by what it needs."""

    def __init__(self, state: Deferred, einsum: Einsum, traversal: int) -> None:
        self.state = state
        self.einsum = einsum
        self.traversal = traversal
        self.conditions = einsum.conditions

    @property
    def draft(self) -> Draft:
        return self.state.draft

    @property
    def view(self) -> View:
        levels = self.draft.levels
        late = frozenset(name for name, level in levels.items() if level > self.traversal)
        complete = frozenset(name for name, level in levels.items() if level >= self.traversal)
        return View(self.draft.cascade, self.draft.parts, late, complete)

    def _tell(self, text: str) -> None:
        self.state = replace(self.state, steps=(*self.state.steps, text))

    def _add(self, einsum: Einsum, level: int, like: str | None = None) -> None:
        draft = self.draft.with_einsum(einsum, level, like or self.einsum.name)
        self.state = replace(self.state, draft=draft)

    # --- sums ------------------------------------------------------------------------------------

    def sum_apart(self) -> None:
        terms = terms_of(self.einsum.expression, self.view)
        if len(terms) > 1:
            self.conditions = (*self.conditions, *self._inside())
        pieces = [self._piece(term) for term in terms]
        if len(pieces) == 1 and pieces[0].fixed.is_one and pieces[0].along is not None:
            self._sum_in_place(pieces[0])
            return
        outer = merged(piece.fixed.times(self._summed(piece)) for piece in pieces)
        self._outer(outer)
        self._tell(self._told_apart(len(terms), outer))

    def _sum_in_place(self, piece: "_Piece") -> None:
        """The Einsum itself is the inner sum."""
        assert piece.along is not None
        kept = piece.along == self.einsum.expression
        self._add(replace(self.einsum, expression=piece.along), self.traversal)
        self._note_running(self.einsum.name, piece)
        if not kept:
            self._tell(f"{self.einsum.name}: what it reads is put in, {self.einsum.expression} = "
                       f"{piece.along}")

    def _note_running(self, name: str, piece: "_Piece") -> None:
        if piece.exponential:
            run = RunningSum(name, piece.exponential, str(piece.maximum))
            self.state = replace(self.state, running=(*self.state.running, run))

    def _piece(self, term: Term) -> "_Piece":
        """One term's part along the fibre and the rest."""
        view = self.view
        along = [each for each in term.factors if view.is_along(each[0])]
        fixed = Term(term.coefficient, tuple(e for e in term.factors if e not in along))
        inner = [each for each in term.exponent if not view.waits(each[0])]
        outer = [each for each in term.exponent if view.waits(each[0])]
        if not any(view.is_along(each) for each, _ in inner):
            fixed = fixed.times(Term(exponent=term.exponent))
            return _Piece(Term(factors=tuple(along)), fixed)
        if not outer:
            return _Piece(Term(factors=tuple(along), exponent=tuple(inner)), fixed)
        maximum = self._maximum_of(tuple(inner), outer)
        rest = Term(exponent=((maximum, 1.0),)).times(Term(exponent=tuple(outer)))
        exponential = self._exponential(tuple(inner), maximum)
        product = Term(factors=((exponential, 1), *along))
        return _Piece(product, fixed.times(rest), exponential.tensor, maximum.tensor)

    def _inside(self) -> Iterator[Condition]:
        """What must hold for every term of a point that exists for one."""
        for access in self.einsum.reads:
            for index in access.indices:
                moved = set(leaves(self.draft.cascade, *index.ranks)) & self.draft.parts
                if moved and index.plain_rank is None:
                    raise InseparableError(f"{access} is read at positions that may lie outside")
        yield from ()

    def _summed(self, piece: "_Piece") -> Term:
        """Σ of the piece's part along the fibre, as a read of a sum that is known or made here."""
        body = piece.along
        if body is None:
            return self._count(piece)
        read = [own for each in Term(factors=((body, 1),)).reads for own in each.ranks]
        over = {*read, *ranks_of(self.conditions)}
        missing = [rank for rank in self._removed(piece) if rank not in over]
        times = Term(factors=tuple((RankSize(rank), 1) for rank in missing))
        kept = [rank for rank in self._kept(piece) if rank in over]
        known = self._known_sum(piece, kept)
        if known is not None:
            return known.times(times)
        output = Access(self._sum_name(piece), tuple(own_index(rank) for rank in kept))
        self._add(Einsum(output, body, "+", self.conditions), self.traversal)
        self._note_running(output.tensor, piece)
        return factor(output).times(times)

    def _kept(self, piece: "_Piece") -> list[str]:
        """The ranks of the inner sum: those of the output, and those of what stays outside."""
        outside = {own for access in piece.fixed.reads for own in access.ranks}
        if piece.maximum:
            exponential = self.draft.cascade.einsum(str(piece.exponential))
            outside |= {
                rank
                for access in exponential.reads
                if access.tensor == piece.maximum
                for rank in access.ranks
            }
        wanted = {*self.einsum.output.ranks, *outside}
        own = [rank for rank in self.einsum.ranks if rank in wanted or rank in outside]
        return [rank for rank in own if not self._is_part(rank)]

    def _removed(self, piece: "_Piece") -> list[str]:
        kept = self._kept(piece)
        return [rank for rank in self.einsum.reduced_ranks if rank not in kept]

    def _is_part(self, rank: str) -> bool:
        return bool(set(leaves(self.draft.cascade, rank)) & self.draft.parts)

    def _count(self, piece: "_Piece") -> Term:
        """Σ 1 over the points."""
        removed = self._removed(piece)
        if not set(ranks_of(self.conditions)) & set(removed):
            return Term(factors=tuple((RankSize(rank), 1) for rank in removed))
        seen = next(
            access
            for access in self.einsum.reads
            if set(removed) <= set(access.ranks) and self.draft.is_along(access)
        )
        one = Operation("equal", (seen, seen))
        return self._summed(replace(piece, product=factor(one)))

    def _sum_name(self, piece: "_Piece") -> str:
        return new_name(self.draft.cascade, f"S{self.einsum.name}")

    def _known_sum(self, piece: "_Piece", kept: Sequence[str]) -> Term | None:
        """The same sum, if an Einsum of this traversal or an earlier one has it."""
        for einsum in self.draft.cascade.einsums:
            level = self.draft.levels.get(einsum.name)
            if (
                einsum.reduction == "+"
                and level is not None
                and level <= self.traversal
                and self.draft.reduces(einsum)
                and set(einsum.conditions) == set(self.conditions)
                and [index.plain_rank for index in einsum.output.indices]
                and {index.plain_rank for index in einsum.output.indices} == set(kept)
                and self._running_exponential(einsum.name) == piece.exponential
            ):
                found = self._same_sum(einsum, piece)
                if found is not None:
                    return found
        return None

    def _running_exponential(self, name: str) -> str | None:
        return next((run.exponential for run in self.state.running if run.name == name), None)

    def _same_sum(self, einsum: Einsum, piece: "_Piece") -> Term | None:
        view = replace(self.view, late=frozenset())
        terms = terms_of(einsum.expression, view)
        if len(terms) != 1:
            return None
        (term,) = terms
        outside = tuple(each for each in term.factors if not view.is_along(each[0]))
        inside = tuple(each for each in term.factors if view.is_along(each[0]))
        if Term(1.0, inside, term.exponent).key != piece.product.key:
            return None
        return factor(einsum.output).times(Term(term.coefficient, outside).to_power(-1))

    def _outer(self, terms: Sequence[Term]) -> None:
        """The Einsum as a combination of inner sums."""
        left = [self._left_over(term) for term in terms]
        if any(each != left[0] for each in left):
            raise InseparableError("its parts keep different ranks to be summed")
        removed = [rank for rank in self.einsum.reduced_ranks if rank not in left[0]]
        conditions = presence(self.conditions, removed)
        reduction = "+" if left and left[0] else None
        einsum = replace(
            self.einsum,
            expression=sum_text(terms),
            reduction=reduction,
            conditions=conditions or (),
        )
        known = [self.draft.level(access.tensor) for access in einsum.reads]
        self._add(einsum, max([self.traversal, *known]))

    def _left_over(self, term: Term) -> frozenset[str]:
        """The ranks that are still to be summed over once the fibre is gone."""
        read = {rank for access in term.reads for rank in access.ranks}
        return frozenset(rank for rank in self.einsum.reduced_ranks if rank in read)

    def _told_apart(self, number: int, outer: Sequence[Term]) -> str:
        law = "does not vary over" if number == 1 else "is multiplied out; completed values leave"
        how = (
            "what does not vary over {} leaves the sum" if number == 1
            else "multiplied out, and what does not vary over {} leaves the sums"
        ).format(self.draft.rank)
        del law
        return f"{self.einsum.name}: {how} (distributivity): {self.draft.cascade.einsum(self.einsum.name)}"

    # --- exponentials ----------------------------------------------------------------------------

    def _maximum_of(
        self, inner: Sequence[tuple[Expression, float]], outer: Sequence[tuple[Expression, float]]
    ) -> Access:
        """The maximum of the addends over the Einsum's points: one subtracted already, or new."""
        for each, count in outer:
            if count == -1 and isinstance(each, Access) and self._is_maximum(each, inner):
                return each
        return self._new_maximum(inner)

    def _is_maximum(self, access: Access, inner: Sequence[tuple[Expression, float]]) -> bool:
        cascade = self.draft.cascade
        einsum = next((e for e in cascade.einsums if e.name == access.tensor), None)
        if einsum is None or einsum.reduction != "max" or not self.draft.reduces(einsum):
            return False
        if set(einsum.conditions) != set(self.conditions):
            return False
        if self.draft.level(einsum.name) > self.traversal:
            return False
        ranks = [index.plain_rank for index in einsum.output.indices]
        indices = dict(zip(map(str, ranks), access.indices, strict=True))
        body = in_expression(einsum.expression, lambda each: in_access(each, indices))
        return None not in ranks and addends_of(body, self.view) == dict(inner)

    def _new_maximum(self, inner: Sequence[tuple[Expression, float]]) -> Access:
        body = addends_text(tuple(inner))
        read = {own for access in Term(exponent=tuple(inner)).reads for own in access.ranks}
        over = {*read, *ranks_of(self.conditions)}
        kept = tuple(r for r in self.einsum.ranks if r in over and not self._is_part(r))
        output_ranks = tuple(r for r in kept if r in {*self.einsum.output.ranks, *kept})
        indices = tuple(own_index(rank) for rank in output_ranks)
        for einsum in self.draft.cascade.einsums:
            if einsum.reduction == "max" and einsum.output.indices == indices:
                if self._is_maximum(einsum.output, inner):
                    return einsum.output
        output = Access(new_name(self.draft.cascade, f"G{self.einsum.name}"), indices)
        self._add(Einsum(output, body, "max", self.conditions), self.traversal)
        self._tell(f"{output.tensor}: the maximum of {body}, to be taken off before the exponential")
        return output

    def _exponential(
        self, inner: Sequence[tuple[Expression, float]], maximum: Access
    ) -> Access:
        """exp(inner - maximum): a tensor that is there already, or a new one."""
        wanted = {**dict(inner), maximum: -1.0}
        for einsum in self.draft.cascade.einsums:
            if self._is_exponential(einsum, wanted):
                return einsum.output
        body = Operation("exp", (addends_text((*inner, (maximum, -1.0))),))
        read = {own for access in Term(exponent=((body, 1.0),)).reads for own in access.ranks}
        over = {*read, *ranks_of(self.conditions)}
        ranks = tuple(rank for rank in self.einsum.ranks if rank in over)
        name = new_name(self.draft.cascade, f"E{self.einsum.name}")
        output = Access(name, tuple(own_index(rank) for rank in ranks))
        einsum = Einsum(output, body, None, self.conditions)
        self._add(einsum, self.draft.level_of(einsum))
        return output

    def _is_exponential(self, einsum: Einsum, wanted: dict[Expression, float]) -> bool:
        body = einsum.expression
        if einsum.reduction or not isinstance(body, Operation) or body.name != "exp":
            return False
        if any(index.plain_rank is None for index in einsum.output.indices):
            return False
        if set(einsum.conditions) != set(self.conditions):
            return False
        try:
            return addends_of(body.args[0], self.view) == wanted
        except InseparableError:
            return False

    # --- maxima ----------------------------------------------------------------------------------

    def maximum_apart(self) -> None:
        """max(a + c) = max(a) + c, max(a c) = max(a) c for c > 0, max(exp(u)) = exp(max(u))."""
        terms = terms_of(self.einsum.expression, self.view)
        if len(terms) == 1 and (terms[0].exponent or len(terms[0].factors) > 1):
            outer = self._maximum_of_product(terms[0])
        else:
            outer = self._maximum_of_sum()
        self._outer((outer,) if isinstance(outer, Term) else outer)
        rank = self.draft.rank
        self._tell(f"{self.einsum.name}: what does not vary over {rank} leaves the maximum: "
                   f"{self.draft.cascade.einsum(self.einsum.name)}")

    def _maximum_of_sum(self) -> tuple[Term, ...]:
        addends = addends_of(self.einsum.expression, self.view)
        inner = [each for each in addends.items() if self.view.is_along(each[0])]
        outer = [each for each in addends.items() if not self.view.is_along(each[0])]
        maximum = self._new_maximum(inner)
        return merged([factor(maximum), *(Term(count, ((each, 1),)) for each, count in outer)])

    def _maximum_of_product(self, term: Term) -> Term:
        piece_along = [each for each in term.factors if self.view.is_along(each[0])]
        fixed = tuple(each for each in term.factors if each not in piece_along)
        inner = [each for each in term.exponent if self.view.is_along(each[0])]
        outer = tuple(each for each in term.exponent if each not in inner)
        signs_known = all(is_positive(each, self.draft.cascade) for each, _ in fixed)
        if term.coefficient <= 0 or not signs_known or (inner and piece_along):
            raise InseparableError("its factor may be negative, or more than one varies")
        rest = Term(term.coefficient, fixed, outer)
        if inner:
            return rest.times(Term(exponent=((self._new_maximum(inner), 1.0),)))
        body = product_text(Term(factors=tuple(piece_along)))
        return rest.times(factor(self._new_maximum([(body, 1.0)])))


@dataclass(frozen=True)
class _Piece:
    """fixed · Σ product; with an `exponential` in the product, relative to a `maximum`."""

    product: Term
    fixed: Term
    exponential: str | None = None
    maximum: str | None = None

    @property
    def along(self) -> Expression | None:
        return product_text(self.product) if self.product.factors or self.product.exponent else None
