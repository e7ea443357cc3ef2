"""From tiles back to the rank: running values as the sums and maxima that they end in.

    RM[m1+1] = max(RM[m1], LM[m1])                           RM max= QK[m]
    RD[m1+1] = SLD[m1] * exp(LM[m1] - RM[m1+1])        →
             + RD[m1] * exp(RM[m1] - RM[m1+1])               RD += exp(QK[m] - RM)

A running value R[m1+1] = a[m1] * R[m1] + b[m1] that starts from 0 ends in Σ b[m1] * Π a[s], s > m1.
With a[m1] = exp(H[m1] - H[m1+1]) the product is exp(H[m1+1] - H[M1]). Tensors of tiles are put in
where they are read; a cascade whose maxima of tiles do not cancel then stays as it is.

So a cascade that somebody has cut into tiles is brought to the form that the laws of this folder
start from, and is cut anew.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from accelsim.workload.affine import Index, multiply_sizes, rank_size
from accelsim.workload.conditions import Comparison, Condition
from accelsim.workload.dependencies import step
from accelsim.workload.einsum import (
    Access,
    Cascade,
    Constant,
    Einsum,
    Expression,
    Operation,
    Tensor,
)
from accelsim.workload.fibres import moves, reads
from accelsim.workload.rewrite.draft import in_order, without_unread
from accelsim.workload.rewrite.presence import implies
from accelsim.workload.rewrite.separate import InseparableError, View, terms_of
from accelsim.workload.rewrite.terms import Term, factor, merged, sum_text
from accelsim.workload.substitute import at_positions, in_expression, own_index


@dataclass(frozen=True)
class Lifted:
    """The cascade without its partition, and the number of elements that a tile had."""

    cascade: Cascade
    tile: int | str
    steps: tuple[str, ...] = ()


def lifted(cascade: Cascade, rank: str, tile: int) -> Lifted:
    """The cascade with the rank whole again, or as it is if it is whole, to be cut into tiles of
    `tile`; an InseparableError if it cannot be written so."""
    if rank not in cascade.partitions:
        return Lifted(cascade, tile)
    outer, *inner = cascade.partitions[rank]
    if len(inner) != 1:
        raise InseparableError(f"{rank} is cut into more than two parts")
    lifting = _Lifting(cascade, rank, outer, inner[0])
    whole = lifting.result()
    size = (cascade.declared or cascade.ranks).get(inner[0], cascade.ranks[inner[0]])
    told = f"{rank}: tiles of {inner[0]} put together again, running values as what they end in"
    return Lifted(whole, size, (told,))


class _Lifting:
    def __init__(self, cascade: Cascade, rank: str, outer: str, inner: str) -> None:
        self.cascade = cascade
        self.rank, self.outer, self.inner = rank, outer, inner
        self.parts = frozenset([outer, inner])
        self.symbolic = self._symbolic()

    def result(self) -> Cascade:
        einsums = [found for e in self.cascade.einsums if (found := self._einsum(e)) is not None]
        names = {einsum.name for einsum in einsums}
        sizes = {self.outer, self.inner}
        declared = {k: v for k, v in (self.cascade.declared or self.cascade.ranks).items()}
        whole = replace(
            self.cascade,
            einsums=tuple(einsums),
            initial=tuple(e for e in self.cascade.initial if e.tensor in names - self._running),
            tensors=self._tensors(names),
            partitions={k: v for k, v in self.cascade.partitions.items() if k != self.rank},
            declared={k: v for k, v in declared.items() if k not in sizes}
            | {self.rank: declared.get(self.rank, self.cascade.ranks[self.rank])},
            ranks={k: v for k, v in self.cascade.ranks.items() if k not in sizes},
        )
        self._refuse_parts(whole)
        return in_order(without_unread(whole, self.cascade.outputs))

    # --- what is what ----------------------------------------------------------------------------

    @property
    def _running(self) -> set[str]:
        """Values that run over the tiles."""
        names = (einsum.name for einsum in self.cascade.einsums)
        return {name for name in names if self.outer in self.cascade.iterative_ranks(name)}

    def _symbolic(self) -> frozenset[str]:
        """Tensors of tiles, and those made from them along the rank: they are put in."""
        found = set(self._running)
        for einsum in self.cascade.einsums:
            moved = moves(self.cascade, einsum.output) & self.parts
            reads_them = any(
                access.tensor in found and moves(self.cascade, access) & self.parts
                for access in einsum.reads
            )
            ends = any(index.final for access in einsum.reads for index in access.indices)
            if moved and (moved != self.parts or reads_them or ends):
                found.add(einsum.name)
        return frozenset(found)

    # --- Einsums ---------------------------------------------------------------------------------

    def _einsum(self, einsum: Einsum) -> Einsum | None:
        """The Einsum over the whole rank; None for one that is put in where it is read."""
        if einsum.name in self._running:
            return self._closed(einsum)
        if einsum.name in self.symbolic:
            return None
        if not self.parts & moves(self.cascade, einsum.output) and self.parts & set(einsum.ranks):
            return self._reduction(einsum)
        return self._whole(einsum, einsum.expression, einsum.conditions)

    def _reduction(self, einsum: Einsum) -> Einsum:
        if not any(access.tensor in self.symbolic for access in einsum.reads):
            return self._whole(einsum, einsum.expression, einsum.conditions)
        if einsum.reduction == "max":
            return self._maximum(einsum, einsum.expression, einsum.output)
        if einsum.reduction != "+":
            raise InseparableError(f"{einsum.name} reduces tiles by {einsum.reduction}=")
        opened = self._opened(einsum.expression)
        return self._sum(einsum, opened, einsum.output, self.inner in einsum.ranks)

    def _closed(self, einsum: Einsum) -> Einsum:
        """A running value as the reduction that it ends in."""
        if set(self.cascade.iterative_ranks(einsum.name)) != {self.outer}:
            raise InseparableError(f"{einsum.name} runs over more than {self.outer}")
        place = self.cascade.tensors[einsum.name].ranks.index(self.outer)
        indices = tuple(e for n, e in enumerate(einsum.output.indices) if n != place)
        output = Access(einsum.name, indices)
        (start,) = (e.expression for e in self.cascade.initial if e.tensor == einsum.name)
        body = einsum.expression
        starts_lowest = start == Constant(float("-inf"))
        if isinstance(body, Operation) and body.name == "max" and starts_lowest:
            own, new = sorted(body.args, key=lambda each: not self._is_before(einsum, each))
            if self._is_before(einsum, own):
                return self._maximum(einsum, new, output)
        if start != Constant(0.0):
            raise InseparableError(f"{einsum.name} starts from {start}, not from 0")
        return self._sum(einsum, self._telescoped(einsum), output, nested=False)

    def _is_before(self, einsum: Einsum, expression: Expression) -> bool:
        return (
            isinstance(expression, Access)
            and expression.tensor == einsum.name
            and step(self.cascade, expression, self.outer) == -1
        )

    def _telescoped(self, einsum: Einsum) -> tuple[Term, ...]:
        """b times the product of all later a."""
        terms = self._opened(einsum.expression, kept=einsum.name)
        own = [t for t in terms if any(self._is_before(einsum, each) for each, _ in t.factors)]
        if len(own) != 1 or len(own[0].factors) != 1 or own[0].coefficient != 1:
            raise InseparableError(f"{einsum.name} is no sum that runs with one correction")
        later = own[0].exponent
        if not later:
            return tuple(term for term in terms if term is not own[0])
        steps = {count: each for each, count in later}
        before, after = steps.get(1), steps.get(-1)
        if (
            not isinstance(before, Access)
            or not isinstance(after, Access)
            or len(later) != 2
            or before.tensor != after.tensor
        ):
            raise InseparableError(f"the correction of {einsum.name} is no change of one value")
        if (
            step(self.cascade, before, self.outer) != -1
            or step(self.cascade, after, self.outer) != 0
        ):
            raise InseparableError(f"the correction of {einsum.name} is no change of one value")
        end = replace(after, indices=tuple(self._end(index) for index in after.indices))
        rest = Term(exponent=((after, 1.0), (end, -1.0)))
        return merged(term.times(rest) for term in terms if term is not own[0])

    def _end(self, index: Index) -> Index:
        return Index(final=self.outer) if self.outer in index.ranks else index

    # --- what is put in --------------------------------------------------------------------------

    def _opened(self, expression: Expression, kept: str | None = None) -> tuple[Term, ...]:
        """The expression with tensors of tiles put in; a sum over a tile leaves a mark."""
        inside = self.symbolic - ({kept} if kept else set()) - self._maxima
        cascade = replace(self.cascade, einsums=tuple(map(self._marked, self.cascade.einsums)))
        cascade = replace(cascade, initial=())
        return terms_of(expression, View(cascade, self.parts, inside, frozenset()))

    @property
    def _maxima(self) -> frozenset[str]:
        """Maxima of tiles, and values that run: they stand as they are until they cancel."""
        names = {e.name for e in self.cascade.einsums if e.reduction == "max"}
        return frozenset((names | self._running) & self.symbolic)

    def _marked(self, einsum: Einsum) -> Einsum:
        """A sum over a tile as a map times the mark of that sum."""
        summed = einsum.reduction == "+" and einsum.reduced_ranks == (self.inner,)
        if not summed or einsum.name not in self.symbolic:
            return einsum
        marked = factor(einsum.expression).times(factor(Access(_mark(einsum), ())))
        return replace(einsum, expression=sum_text([marked]), reduction=None, conditions=())

    def _sum(self, einsum: Einsum, terms: Sequence[Term], output: Access, nested: bool) -> Einsum:
        """Σ over the rank; each term has one sum over the tile, in it or around it."""
        conditions = None
        bare = []
        for term in terms:
            marks = [
                e for e, _ in term.factors if isinstance(e, Access) and e.tensor in self._marks
            ]
            if len(marks) + nested != 1 or any(
                count != 1 for e, count in term.factors if e in marks
            ):
                raise InseparableError(f"{einsum.name} has no single sum over {self.inner}")
            own = einsum if nested else self.cascade.einsum(self._marks[marks[0].tensor])
            if conditions not in (None, own.conditions):
                raise InseparableError(f"the parts of {einsum.name} have different conditions")
            conditions = own.conditions
            bare.append(replace(term, factors=tuple(e for e in term.factors if e[0] not in marks)))
        self._refuse_more(einsum, conditions or ())
        whole = replace(einsum, output=output, reduction="+")
        return self._whole(whole, sum_text(merged(bare)), conditions or ())

    @property
    def _marks(self) -> dict[str, str]:
        return {_mark(einsum): einsum.name for einsum in self.cascade.einsums}

    def _maximum(self, einsum: Einsum, expression: Expression, output: Access) -> Einsum:
        """The maximum of the maxima of tiles."""
        if not isinstance(expression, Access) or self.inner in einsum.ranks:
            raise InseparableError(f"{einsum.name} is no maximum of maxima")
        local = self.cascade.einsum(expression.tensor)
        if (
            local.reduction != "max"
            or local.output != expression
            or local.name not in self.symbolic
        ):
            raise InseparableError(f"{einsum.name} is no maximum of maxima")
        self._refuse_more(einsum, local.conditions)
        whole = replace(einsum, output=output, reduction="max")
        return self._whole(whole, local.expression, local.conditions)

    def _refuse_more(self, einsum: Einsum, conditions: Sequence[Condition]) -> None:
        """The conditions of steps must follow from those of points."""
        for each in einsum.conditions:
            followed = isinstance(each, Comparison) and any(
                isinstance(one, Comparison) and implies(one, each) for one in conditions
            )
            if each not in conditions and not followed:
                raise InseparableError(f"{einsum.name} has steps only where {each}")

    # --- positions -------------------------------------------------------------------------------

    def _whole(
        self, einsum: Einsum, expression: Expression, conditions: Sequence[Condition]
    ) -> Einsum:
        joined = tuple(at_positions(each, self._index, self._access) for each in conditions)
        return replace(
            einsum,
            output=self._access(einsum.output),
            expression=in_expression(expression, self._access),
            conditions=joined,
        )

    def _access(self, access: Access) -> Access:
        plain = [index.plain_rank for index in access.indices]
        both = {self.outer, self.inner} <= set(plain)
        found = []
        for index, rank in zip(access.indices, plain, strict=True):
            if index.final == self.outer:
                continue
            if both and rank == self.outer:
                found.append(own_index(self.rank))
            elif not (both and rank == self.inner):
                found.append(self._index(index))
        return Access(access.tensor, tuple(found))

    def _index(self, index: Index) -> Index:
        """m1*M0 + m0 as m."""
        terms = dict(index.terms)
        inner = terms.get(self.inner)
        if isinstance(inner, int) and terms.get(self.outer) == multiply_sizes(
            rank_size(self.inner), inner
        ):
            kept = [(r, s) for r, s in index.terms if r not in self.parts]
            index = replace(index, terms=((self.rank, inner), *kept))
        quotients = tuple(replace(q, numerator=self._index(q.numerator)) for q in index.quotients)
        return replace(index, quotients=quotients)

    def _tensors(self, names: set[str]) -> dict[str, Tensor]:
        found: dict[str, Tensor] = {}
        for name, tensor in self.cascade.tensors.items():
            if name in self.cascade.inputs or name in names:
                ranks: list[str] = []
                for rank in tensor.ranks:
                    if rank == self.outer and name not in self._running:
                        ranks.append(self.rank)
                    elif rank not in self.parts:
                        ranks.append(rank)
                found[name] = tensor._replace(ranks=tuple(ranks))
        return found

    def _refuse_parts(self, whole: Cascade) -> None:
        """Nothing that an output is made from may be gone, or still know the parts."""
        known = {*whole.inputs, *(einsum.name for einsum in whole.einsums)}
        wanted = list(self.cascade.outputs)
        for name in wanted:
            if name not in known:
                raise InseparableError(f"{name} needs the tiles of {self.rank}")
            for einsum in (each for each in whole.einsums if each.name == name):
                accesses = (einsum.output, *einsum.reads)
                sizes = {s for each in accesses for index in each.indices for s in index.sizes}
                if self.parts & {*einsum.ranks, *sizes}:
                    raise InseparableError(f"{name} needs the tiles of {self.rank}")
                found = (each.tensor for each in reads(whole, einsum))
                wanted += [each for each in found if each not in wanted]


def _mark(einsum: Einsum) -> str:
    """A name that no tensor has, for the sum over a tile."""
    return f"+{einsum.name}"
