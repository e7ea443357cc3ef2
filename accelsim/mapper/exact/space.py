"""All mappings of one Einsum on one array: what may be chosen.

    kept     every memory below a tensor's first one keeps it or lets it pass; a memory that keeps
             nothing has no loops of its own
    loops    at each memory one loop a rank; which tensors stay where they are while the innermost
             of them run decides the order, and orders with the same or less staying are left out
    array    any ranks on rows and on columns; if sums are spread, the next Einsum waits for them
    factors  any whole numbers, each as small as covers its rank beside the others

Intermediates may have their first memory on chip (`homes`), whole. A rank is cut by the loops of
every memory and by rows and columns of the array, of which one follows from the others:

    M_1 = ceil(M / (M_0 · M_rows · M_columns · M_3))

Why the smallest: a smaller factor makes tiles smaller, so that less is held, and, as all others
stay, no loop runs longer. (Where a rank is cut thrice or more, a longer last round can save the
refill of a lone last tile; such cuts are left out.)

`nests.py` writes them down as `Mapping` records with names, `tabled.py` as arrays for bounds.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import permutations, product

from accelsim.arch.spatial import Spatial, parents
from accelsim.mapper.constraints import Constraints, FixedLoops
from accelsim.workload.einsum import Cascade, Einsum

SENTENCE = (
    "one Einsum a step; whole intermediates in any memory they fit; any array, rows, columns "
    "(sums spread over them drain before the step ends), memories kept in or passed, "
    "one loop a rank inside each of them, in orders that differ in what stays, "
    "and whole-number factors, each as small as covers its rank"
)


@dataclass(frozen=True)
class Root:
    """`kept`: for every tensor the memories below its first one that keep it, by place on the path.

    `orders`: for every slot the ranks, outermost loop first. `drains`: sums may be spread.
    """

    kept: Mapping[str, frozenset[int]]
    orders: tuple[tuple[str, ...], ...]
    drains: bool


@dataclass(frozen=True)
class Space:
    """`homes`: by tensor the memory it starts in, if not the outermost.

    `cascade` has plain sizes; the Einsum's accesses are of plain ranks, without conditions.
    """

    cascade: Cascade
    arch: Spatial
    einsum: str
    array: str
    homes: Mapping[str, str] = field(default_factory=dict)
    constraints: Constraints = field(default_factory=Constraints)
    _known_orders: dict[frozenset[str], tuple[tuple[str, ...], ...]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @cached_property
    def path(self) -> tuple[str, ...]:
        return tuple(reversed(parents(self.arch, self.array)))

    @cached_property
    def equation(self) -> Einsum:
        return self.cascade.einsum(self.einsum)

    @cached_property
    def alone(self) -> Cascade:
        """The cascade of this Einsum only."""
        tensors = {name: self.cascade.tensors[name] for name in self.tensors}
        return replace(self.cascade, tensors=tensors, einsums=(self.equation,), kept=())

    @cached_property
    def ranks(self) -> tuple[str, ...]:
        """Those that need a loop; one at least, to have something to choose from."""
        every = self.equation.ranks
        return tuple(rank for rank in every if self.cascade.ranks[rank] > 1) or every[:1]

    @cached_property
    def tensors(self) -> tuple[str, ...]:
        """The output last."""
        reads = dict.fromkeys(access.tensor for access in self.equation.reads)
        return (*reads, self.einsum)

    @cached_property
    def members(self) -> Mapping[str, frozenset[str]]:
        accesses = (*self.equation.reads, self.equation.output)
        return {each.tensor: frozenset(each.ranks).intersection(self.ranks) for each in accesses}

    @cached_property
    def fixed(self) -> FixedLoops:
        return self.constraints.loops.get(self.einsum, FixedLoops())

    # --- slots ------------------------------------------------------------------------------------

    @cached_property
    def shared(self) -> int:
        """How many memories of the path are not in the processing elements."""
        return sum(self.arch.memory(memory).per is None for memory in self.path)

    @property
    def slots(self) -> int:
        """One for each memory, and the array's, which is number `shared`."""
        return len(self.path) + 1

    def slot(self, memory: int) -> int:
        """That of the loops right inside a memory's storage."""
        return memory if memory < self.shared else memory + 1

    def home(self, tensor: str) -> int:
        return self.path.index(self.homes[tensor]) if tensor in self.homes else 0

    # --- roots ------------------------------------------------------------------------------------

    @cached_property
    def roots(self) -> tuple[Root, ...]:
        sums = [False, True] if set(self.equation.reduced_ranks) & set(self.ranks) else [False]
        return tuple(
            Root(kept, orders, drains)
            for kept in self._kept()
            for orders in self._orders(kept)
            for drains in sums
        )

    def _kept(self) -> Iterator[Mapping[str, frozenset[int]]]:
        """A nest goes down the path: what is whole in a memory lies around all loops, so that no
        tile of another tensor is kept above it."""
        homes = [self.home(tensor) for tensor in self.tensors]
        below = [range(max(home + 1, *homes), len(self.path)) for home in homes]
        for flags in product(*(product((True, False), repeat=len(each)) for each in below)):
            yield {
                tensor: frozenset(m for m, keeps in zip(each, own, strict=True) if keeps)
                for tensor, each, own in zip(self.tensors, below, flags, strict=True)
            }

    def turning(self, kept: Mapping[str, frozenset[int]]) -> list[int]:
        """The memories that have loops: the outermost, and those that keep something."""
        return [
            m for m in range(len(self.path)) if m == 0 or any(m in own for own in kept.values())
        ]

    def _orders(self, kept: Mapping[str, frozenset[int]]) -> Iterator[tuple[tuple[str, ...], ...]]:
        """Inside the innermost storage order does not matter."""
        choices: list[tuple[tuple[str, ...], ...]] = [(self.ranks,)] * self.slots
        turning = self.turning(kept)
        for memory in turning[:-1]:
            idle = self.inside(kept) if memory == turning[-2] else frozenset[str]()
            if idle not in self._known_orders:
                self._known_orders[idle] = self._distinct_orders(idle)
            choices[self.slot(memory)] = self._known_orders[idle]
        yield from product(*choices)

    def inside(self, kept: Mapping[str, frozenset[int]]) -> frozenset[str]:
        """Ranks of no tensor that the last memory with loops keeps: their loops inside the one
        before may as well be inside that one, where its tensors stay while they run."""
        last = self.turning(kept)[-1]
        if last == 0 or self.fixed.memories:
            return frozenset()
        own = [self.members[tensor] for tensor in self.tensors if last in kept[tensor]]
        return frozenset(self.ranks).difference(*own)

    def _distinct_orders(self, idle: frozenset[str]) -> tuple[tuple[str, ...], ...]:
        """One order for each way in which tensors stay while the innermost loops run; ways in which
        no tensor stays longer than in another are left out. Ranks that are `idle` have no loops."""
        groups: dict[tuple[bool, ...], list[str]] = {}
        for rank in self.ranks:
            if rank not in idle:
                alike = tuple(rank in self.members[tensor] for tensor in self.tensors)
                groups.setdefault(alike, []).append(rank)
        ways: dict[tuple[frozenset[str], ...], tuple[str, ...]] = {}
        for order in permutations(groups.values()):
            ranks = (*sorted(idle), *(rank for group in order for rank in group))
            ways.setdefault(tuple(self._staying(tensor, ranks) for tensor in self.tensors), ranks)
        return tuple(
            ranks
            for way, ranks in ways.items()
            if not any(
                other != way and all(a <= b for a, b in zip(way, other, strict=True))
                for other in ways
            )
        )

    def _staying(self, tensor: str, ranks: tuple[str, ...]) -> frozenset[str]:
        own = self.members[tensor]
        inside = next((n for n, rank in enumerate(reversed(ranks)) if rank in own), len(ranks))
        return frozenset(ranks[len(ranks) - inside :])
