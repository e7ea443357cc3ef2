"""One reduction on the bench: what is taken apart, and what has been made of the cascade so far."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from accelsim.workload.conditions import Condition, ranks_of
from accelsim.workload.einsum import Access, Einsum, Expression
from accelsim.workload.fibres import leaves
from accelsim.workload.rewrite.draft import Draft, new_name
from accelsim.workload.rewrite.existence import points, same_points
from accelsim.workload.rewrite.presence import presence
from accelsim.workload.rewrite.separate import InseparableError, View
from accelsim.workload.rewrite.terms import Term, one_for_each, sum_text
from accelsim.workload.substitute import own_index


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

    def exponential_of(self, name: str) -> str | None:
        """The exponential that a sum runs along with."""
        return next((each.exponential for each in self.running if each.name == name), None)


class Bench:
    """`einsum`, to be computed in `traversal`; `state` grows by the Einsums that this needs."""

    def __init__(self, state: Deferred, einsum: Einsum, traversal: int) -> None:
        self.state = state
        self.einsum = einsum
        self.traversal = traversal

    @property
    def draft(self) -> Draft:
        return self.state.draft

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """Under which the Einsum's points exist, those that its positions imply included."""
        return points(self.draft.cascade, self.einsum)

    @property
    def view(self) -> View:
        levels = self.draft.levels
        late = frozenset(name for name, level in levels.items() if level > self.traversal)
        complete = frozenset(name for name, level in levels.items() if level >= self.traversal)
        return View(self.draft.cascade, self.draft.parts, late, complete)

    # --- growing ---------------------------------------------------------------------------------

    def tell(self, text: str) -> None:
        self.state = replace(self.state, steps=(*self.state.steps, text))

    def add(self, einsum: Einsum, level: int) -> None:
        draft = self.draft.with_einsum(einsum, level, like=self.einsum.name)
        self.state = replace(self.state, draft=draft)

    def add_running(self, name: str, exponential: str | None, maximum: str | None) -> None:
        if exponential and maximum:
            run = RunningSum(name, exponential, maximum)
            self.state = replace(self.state, running=(*self.state.running, run))

    def made(
        self,
        prefix: str,
        body: Expression,
        ranks: Iterable[str],
        reduction: str | None,
        level: int | None = None,
    ) -> Access:
        """A new Einsum under the conditions of the one on the bench; the access that reads it."""
        name = new_name(self.draft.cascade, prefix + self.einsum.name)
        output = Access(name, tuple(own_index(rank) for rank in ranks))
        einsum = Einsum(output, body, reduction, self.conditions)
        self.add(einsum, level or self.draft.level_of(einsum))
        return output

    def outer(self, terms: Sequence[Term]) -> None:
        """The Einsum as a combination of values that are complete, with no loop over the fibre."""
        left = [
            frozenset(rank for rank in self.einsum.reduced_ranks if rank in term.ranks)
            for term in terms
        ]
        if any(each != left[0] for each in left):
            raise InseparableError("its parts keep different ranks to be summed over")
        kept = left[0] if left else frozenset()
        removed = [rank for rank in self.einsum.reduced_ranks if rank not in kept]
        found = presence(self.conditions, removed)
        conditions = tuple(e for e in found.conditions if not set(e.ranks) & set(removed))
        einsum = replace(
            self.einsum,
            expression=sum_text(self._over_output(terms, conditions)),
            reduction=self.einsum.reduction if kept else None,
            conditions=conditions,
        )
        known = [self.draft.level(access.tensor) for access in einsum.reads]
        self.add(einsum, max([self.traversal, *known]))

    def _over_output(
        self, terms: Sequence[Term], conditions: Sequence[Condition]
    ) -> Sequence[Term]:
        """The terms, with a factor 1 for each rank of the output that none of them has."""
        known = {*ranks_of(conditions), *(rank for term in terms for rank in term.ranks)}
        first, *others = terms or [Term(0.0)]
        for rank in self.einsum.output.ranks:
            if rank not in known:
                first = first.times(one_for_each(rank))
        return [first, *others]

    # --- asking ----------------------------------------------------------------------------------

    def is_part(self, rank: str) -> bool:
        """Whether the rank's loop moves along the fibre."""
        return bool(set(leaves(self.draft.cascade, rank)) & self.draft.parts)

    def over(self, ranks: Iterable[str]) -> frozenset[str]:
        """The ranks of points that something with these ranks has under the conditions."""
        return frozenset([*ranks, *ranks_of(self.conditions)])

    def same_points(self, einsum: Einsum) -> bool:
        return same_points(self.draft.cascade, einsum, self.einsum)
