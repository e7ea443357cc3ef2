"""The steps of a cascade, one Einsum each, for any weights of energy and time.

An intermediate goes through the outermost memory, or stays whole in a buffer from the step that
makes it to the last one that reads it, if there is room for it beside what the steps between need.
What a step costs then depends on these homes alone, so that the best choice is found along the
cascade, step by step, keeping the cheapest way to every set of intermediates that are on chip:

    least(alive after i) = min over homes of what i makes   least(alive before i) + step i's best
"""

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from math import inf
from typing import NamedTuple

from accelsim.arch.spatial import Spatial, missing_operations, parents
from accelsim.mapper.constraints import FixedLoops, is_on_way
from accelsim.mapper.exact.branch import Answer, Branch, Choice
from accelsim.mapper.exact.space import Space
from accelsim.mapper.exact.tables import Weights
from accelsim.mapper.question import Question
from accelsim.mapping.occupancy import buffers
from accelsim.workload.einsum import Einsum
from accelsim.workload.extent import tensor_bytes

MOST_BOXES = 3_000_000
"""A step's search goes on no longer than its share of this, the only one's some 15 s. Its answer
then comes with a bound. Products of 512 and 1024 cubed are proved after 1.6 and 1.3 million."""

A_STEP = 1_000_000
"""Its share where there are three or more."""

THRIFTY = 100_000
"""Boxes for a mapping of less energy among those that are as good: it needs no proof."""

HURRIED = 2_000
"""After an interruption: enough for some mapping of every step."""

AS_FAST = 1e-9
"""Latencies that differ by less than this share are equal."""

Homes = frozenset[tuple[str, str]]
"""Intermediates that are on chip, each with its memory."""


Key = tuple[str, Homes, frozenset[tuple[str, float]]]
"""An Einsum, the homes of its tensors, and the bytes that others take of memories."""


class Total(NamedTuple):
    """Choices of all steps so far, what they cost, and a bound of what they could."""

    value: float
    bound: float
    choices: tuple[Choice, ...]

    @property
    def energy_pj(self) -> float:
        return sum(choice.energy_pj for choice in self.choices)

    @property
    def latency_s(self) -> float:
        return sum(choice.latency_s for choice in self.choices)


NOTHING = Total(0.0, 0.0, ())
"""What no step costs."""


def _better(one: Total, other: Total) -> Total:
    """The one of less value; neither way could be below the bound."""
    least = one if one.value < other.value else other
    return least._replace(bound=min(one.bound, other.bound))


class Steps:
    """Of a question. What was recorded once is remembered.

    Nothing was found below `given_up` where a search was given up without an answer.
    """

    def __init__(self, question: Question) -> None:
        self.question = question
        self.seen = self.pruned = 0
        self.most = max(MOST_BOXES // len(question.cascade.einsums), min(MOST_BOXES, A_STEP))
        self.given_up = inf
        self._branches: dict[Key, Branch] = {}

    def best(self, weights: Weights, below: float = inf) -> Total | None:
        """The choices of least weighted sum; None if some step has no mapping that fits, or there
        is nothing below.

        Of a step only what is below that, less the floors of all other steps, can matter:

            floor of a step   what the widest boxes of its mappings are bounded by
        """
        floor = self._along(lambda key: self._floor(key, weights)) if below < inf else NOTHING
        if floor is None or floor.bound >= below:
            return None
        answers: dict[Key, Total | None] = {}

        def answer(key: Key) -> Total | None:
            if key not in answers:
                own = self._floor(key, weights) if below < inf else NOTHING
                beside = floor.bound - own.bound if own else 0.0
                answers[key] = self._total(key, weights, below, beside)
            return answers[key]

        total = self._along(answer)
        return total if total and total.value <= below else None

    def _along(self, step: Callable[[Key], Total | None]) -> Total | None:
        """The least sum over the steps, of which some may be impossible."""
        ways: dict[Homes, Total] = {frozenset(): NOTHING}
        for place, einsum in enumerate(self.question.cascade.einsums):
            found: dict[Homes, Total] = {}
            for alive, total in ways.items():
                for home in self._homes(einsum):
                    now = alive | {(einsum.name, home)} if home else alive
                    own = step(self._key(einsum, now))
                    if own is None:
                        continue
                    left = frozenset(each for each in now if self._last(each[0]) > place)
                    way = Total(
                        total.value + own.value,
                        total.bound + own.bound,
                        (*total.choices, *own.choices),
                    )
                    found[left] = _better(way, found[left]) if left in found else way
            ways = found
        return ways.get(frozenset())

    def _floor(self, key: Key, weights: Weights) -> Total | None:
        least = self._branch(key).floor(weights)
        return Total(least, least, ()) if least < inf else None

    def _total(self, key: Key, weights: Weights, below: float, beside: float) -> Total | None:
        """Of one step, if it and what all others cost `beside` it may be below."""
        answer = self._answer(key, weights, below - beside)
        if answer.choice is None:
            self.given_up = min(self.given_up, answer.bound + beside)
            return None
        return Total(answer.choice.value, answer.bound, (answer.choice,))

    @property
    def is_hurried(self) -> bool:
        """Whether someone did not want to wait longer."""
        return self.most == HURRIED

    def thriftier(self, choice: Choice) -> Choice:
        """One as fast that takes less energy, if a short search finds one."""
        cycles = choice.latency_s * self.question.arch.clock_hz * (1 + AS_FAST)
        for branch in self._branches.values():
            if any(space is choice.space for space in branch.spaces):
                return self._thriftier(branch, Weights(1.0, 0.0, cycles), choice)
        return choice

    def _thriftier(self, branch: Branch, weights: Weights, choice: Choice) -> Choice:
        try:
            answer = branch.best(weights, lambda: min(self.most, THRIFTY), self._tell, known=choice)
        except KeyboardInterrupt:
            if self.most == HURRIED:
                raise
            self.most = HURRIED
            return choice
        return answer.choice or choice

    def _branch(self, key: Key) -> Branch:
        if key not in self._branches:
            self._branches[key] = Branch(list(self._spaces(*key)))
        return self._branches[key]

    def _answer(self, key: Key, weights: Weights, below: float) -> Answer:
        branch = self._branch(key)
        try:
            answer = branch.best(weights, lambda: self.most, self._tell, below=below)
        except KeyboardInterrupt:
            if self.most == HURRIED:
                raise
            self.most = HURRIED
            answer = branch.best(weights, lambda: self.most, self._tell, below=below)
        self.pruned += answer.pruned
        return answer

    def _tell(self, value: float, seen: int) -> None:
        self.seen += seen
        self.question.progress("exact", inf, self.seen)

    def _key(self, einsum: Einsum, now: Homes) -> Key:
        """The Einsum, the homes of its tensors, and what others take of which memory."""
        own = {access.tensor for access in (*einsum.reads, einsum.output)}
        taken: dict[str, float] = {}
        for tensor, memory in now:
            if tensor not in own:
                taken[memory] = taken.get(memory, 0.0) + self._bytes[tensor]
        return (
            einsum.name,
            frozenset(each for each in now if each[0] in own),
            frozenset(taken.items()),
        )

    def _spaces(
        self, name: str, homes: Homes, taken: frozenset[tuple[str, float]]
    ) -> Iterator[Space]:
        cascade, arch = self.question.cascade, self.question.arch
        smaller = with_less_room(arch, dict(taken))
        if smaller is None:
            return
        constraints = self.question.constraints
        fixed = constraints.loops.get(name, FixedLoops())
        for array in self._arrays(cascade.einsum(name)):
            is_above = all(memory in parents(arch, array) for _, memory in homes)
            is_above = is_above and is_on_way(fixed, array, arch)
            if is_above and fixed.array in (None, array):
                yield Space(cascade, smaller, name, array, dict(homes), constraints)

    def _arrays(self, einsum: Einsum) -> list[str]:
        arch = self.question.arch
        return [
            array.name
            for array in arch.compute
            if not missing_operations(arch, array.name, einsum.operations)
        ]

    def _homes(self, einsum: Einsum) -> list[str | None]:
        """Where what it makes may be: in the outermost memory (None), or in a buffer that has room
        for all of it and feeds an array of everyone that reads it. Where loops inside memories are
        fixed they cut tiles on their way from the outermost one, so that it goes there."""
        cascade, arch = self.question.cascade, self.question.arch
        if einsum.name in cascade.outputs:
            return [None]
        users = [einsum, *self._readers(einsum.name)]
        fixed = self.question.constraints.loops
        if any(user.name in fixed and fixed[user.name].memories for user in users):
            return [None]
        homes: list[str | None] = [None]
        for memory in arch.memories[1:]:
            feeds = all(
                any(memory.name in parents(arch, array) for array in self._arrays(user))
                for user in users
            )
            needed = buffers(arch, memory.name) * self._bytes[einsum.name]
            fits = memory.capacity_bytes is None or needed <= memory.capacity_bytes
            homes += [memory.name] if memory.per is None and feeds and fits else []
        return homes

    def _readers(self, tensor: str) -> list[Einsum]:
        einsums = self.question.cascade.einsums
        return [e for e in einsums if any(access.tensor == tensor for access in e.reads)]

    def _last(self, tensor: str) -> int:
        einsums = self.question.cascade.einsums
        return max(einsums.index(reader) for reader in self._readers(tensor))

    @cached_property
    def _bytes(self) -> Mapping[str, float]:
        cascade = self.question.cascade
        return {name: float(tensor_bytes(cascade, name)) for name in cascade.tensors}


def with_less_room(arch: Spatial, taken: Mapping[str, float]) -> Spatial | None:
    """The machine without what others take of its memories; None if they take all."""
    memories = []
    for memory in arch.memories:
        capacity = memory.capacity_bytes
        if capacity is not None and memory.name in taken:
            capacity = capacity - buffers(arch, memory.name) * taken[memory.name]
            if capacity <= 0:
                return None
        memories.append(memory.model_copy(update={"capacity_bytes": capacity}))
    return arch.model_copy(update={"memories": tuple(memories)})
