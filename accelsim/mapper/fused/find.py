"""The strategy that fuses: the whole cascade in one step where that is legal, else in several.

The space: groups of Einsums one after the other; in each, tiles that lie along one axis of an array
and take at most a few rounds of it (`tiling`), whole Einsums on arrays, and modulo schedules
(`modulo`) of a few phases.
"""

from math import inf
from time import perf_counter

from accelsim.mapper.found import Found
from accelsim.mapper.fused.filing import machine_of
from accelsim.mapper.fused.group import fused_groups
from accelsim.mapper.fused.join import best_chain
from accelsim.mapper.fused.modulo import MOST_LAG, MOST_PHASES, ROUNDING
from accelsim.mapper.fused.search import Answer, Effort, Tally, best_step, judge_of
from accelsim.mapper.fused.tiling import MOST_ROUNDS
from accelsim.mapper.objective import value_of
from accelsim.mapper.partitions import free_partitions
from accelsim.mapper.question import Question
from accelsim.mapping.fusion import units

NEAR = 0.01
"""So near to what no mapping can beat, as a share of it, one step is not cut into several."""

SHARE_OF_GAP = 0.25
"""Where one step was found, steps are joined that by their bounds take this share of its gap."""

SPACE = (
    f"tiles of at most {MOST_ROUNDS} rounds of an array's axis, which lie along one axis (one rank "
    "once or twice as wide, or a half, a quarter, ... of it, others in the room beside it; ranks "
    "that tiles do not cut lie across it), each Einsum whole on one array, "
    f"schedules of at most {MOST_PHASES} phases and lags of at most {MOST_LAG} tiles"
)


class Search:
    """How far it has come: all answers, each better than those before, and the space so far."""

    def __init__(self, question: Question) -> None:
        self.question, self.tally = question, Tally()
        self.answers: list[Answer] = []
        self.space, self.is_optimal = f"one fused step; {SPACE}", False

    @property
    def best(self) -> Answer | None:
        return min(self.answers, key=lambda answer: answer.rank, default=None)

    @property
    def value(self) -> float:
        return inf if self.best is None else self.best.value

    def told(self, answer: Answer, candidates: int) -> None:
        self.answers.append(answer)
        self.question.progress("fused", self.value, candidates)

    def run(self) -> None:
        self._one_step()
        if not self.is_optimal and not self._is_near():
            self.space = f"fused steps one after the other; {SPACE}"
            self._steps()

    def _one_step(self) -> None:
        ask = self.question
        for group in fused_groups(ask.cascade, units(ask.cascade)):
            judge = judge_of(ask)
            best_step(group, ask, ask.bound, self.tally, self.told, judge, Effort())
        if self.best is not None:
            least = max(self.tally.least, self._bound)
            self.is_optimal = self.best.value <= least * ROUNDING

    def _is_near(self) -> bool:
        return self.value <= self._bound * (1 + NEAR)

    @property
    def _bound(self) -> float:
        return float(value_of(self.question.minimise, self.question.bound))

    def _steps(self) -> None:
        """At the workload's own sizes of partitions, and at those that were best for one step."""
        ask = self.question
        free = free_partitions(ask.cascade).values()
        own = {rank: ask.cascade.ranks[rank] for _, *inner in free for rank in inner}
        found = self.best.mapping.ranks if self.best is not None else {}
        best = {rank: int(size) for rank, size in found.items()}
        for sizes in [own] if best in ({}, own) else [own, own | best]:
            cascade = ask.cascade.with_ranks(**sizes) if sizes else ask.cascade
            # A chain misses its bound too.
            beat = self._bound + SHARE_OF_GAP * (self.value - self._bound)
            best_chain(cascade, ask, self.tally, self.told, beat)


def find(question: Question) -> Found | None:
    """None if no such mapping fits, or no buffer is there for tiles to wait in. Interrupted, it
    returns the best so far."""
    if not all(machine_of(question.arch, array.name).buffers for array in question.arch.compute):
        return None
    start, search = perf_counter(), Search(question)
    is_cut_short = False
    try:
        search.run()
    except KeyboardInterrupt:
        if search.best is None:
            raise
        is_cut_short = True
    best = search.best
    if best is None:
        return None
    return Found(
        mapping=best.mapping,
        cost=best.cost,
        minimise=question.minimise,
        bound=question.bound,
        strategy="fused",
        space=search.space,
        optimal=search.is_optimal,
        candidates=search.tally.candidates,
        pruned=search.tally.pruned,
        seconds=perf_counter() - start,
        is_cut_short=is_cut_short,
    )
