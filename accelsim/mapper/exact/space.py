"""All mappings of one Einsum on one array: what may be chosen, as `Mapping` records with names.

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
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import permutations, product
from math import inf, prod
from typing import TypeVar

import numpy as np

from accelsim.arch.spatial import Spatial, instances, parents, point_cost
from accelsim.mapper.constraints import Constraints, FixedLoops
from accelsim.mapper.exact.boxes import Boxes
from accelsim.mapper.exact.tables import Array, Tables
from accelsim.mapping.mapping import Formula, Level, Nest, Phase, Step
from accelsim.mapping.mapping import Mapping as LoopMapping
from accelsim.mapping.occupancy import buffers
from accelsim.workload.einsum import Cascade, Einsum
from accelsim.workload.extent import iteration_points

SENTENCE = (
    "one Einsum a step; whole intermediates in any memory they fit; any array, rows, columns "
    "(sums spread over them drain before the step ends), memories kept in or passed, "
    "one loop a rank inside each of them, in orders that differ in what stays, "
    "and whole-number factors, each as small as covers its rank"
)

AXES = ("rows", "columns")

Thing = TypeVar("Thing")


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

    # --- as mappings ------------------------------------------------------------------------------

    def names(self) -> dict[tuple[int, int], tuple[str, ...]]:
        """By place of the rank and slot the name of the factor; rows and columns of the array's."""
        return {
            (place, slot): tuple(f"{rank}_{axis}" for axis in AXES)
            if slot == self.shared
            else (f"{rank}_{slot}",)
            for place, rank in enumerate(self.ranks)
            for slot in range(self.slots)
        }

    def mapping(self, root: Root) -> LoopMapping:
        """Of this Einsum alone, in a cascade of it alone; every factor has a name."""
        factors = {name: name for names in self.names().values() for name in names}
        return LoopMapping(
            about=f"{self.einsum} on {self.array}.",
            source="accelsim.mapper.exact.space",
            tiles=dict.fromkeys(factors, 1),
            nests=(self.nest(root, factors),),
            schedule=(self.step(root.drains),),
        )

    def step(self, drains: bool) -> Step:
        drain = (self.einsum,) if drains else ()
        return Step(
            name=self.einsum, phases=(Phase(run={self.array: (self.einsum,)}, drain=drain),)
        )

    def nest(self, root: Root, factors: Mapping[str, Formula]) -> Nest:
        """With a number, or a formula, for every name; factors of 1 are left out."""
        levels: list[Level] = []
        for memory, name in enumerate(self.path):
            if memory == self.shared:
                levels.append(self._array_level(root, factors))
            keep = tuple(t for t in self.tensors if self._keeps(root, t, memory))
            if memory in self.turning(root.kept) and memory > 0:
                slot = self.slot(memory)
                levels.append(Level(memory=name, keep=keep, loops=self._loops(root, slot, factors)))
            elif memory == 0:
                levels += self._first_levels(root, factors)
        if self.shared == len(self.path):
            levels.append(self._array_level(root, factors))
        return Nest(einsums=(self.einsum,), array=self.array, levels=tuple(levels))

    def _keeps(self, root: Root, tensor: str, memory: int) -> bool:
        return memory in root.kept[tensor]

    def _first_levels(self, root: Root, factors: Mapping[str, Formula]) -> list[Level]:
        """Where tensors start, around all loops; the outermost loops are inside the last."""
        homes = {self.home(tensor) for tensor in self.tensors}
        levels = [
            Level(
                memory=self.path[home],
                keep=tuple(t for t in self.tensors if self.home(t) == home),
            )
            for home in sorted(homes)
        ]
        loops = self._loops(root, 0, factors)
        return [*levels[:-1], levels[-1].model_copy(update={"loops": loops})]

    def _loops(self, root: Root, slot: int, factors: Mapping[str, Formula]) -> dict[str, Formula]:
        return _beyond_one({rank: factors[f"{rank}_{slot}"] for rank in root.orders[slot]})

    def _array_level(self, root: Root, factors: Mapping[str, Formula]) -> Level:
        axes = {
            axis: _beyond_one({rank: factors[f"{rank}_{axis}"] for rank in self.ranks})
            for axis in AXES
        }
        return Level(array=self.array, spatial={axis: own for axis, own in axes.items() if own})

    # --- as tables --------------------------------------------------------------------------------

    def box(self, root: Root) -> tuple[Array, Array]:
        """The widest ranges of a root's factors, ranks x slots."""
        low = np.ones((len(self.ranks), self.slots))
        high = np.ones_like(low)
        memories = self.turning(root.kept)
        turning = {self.slot(memory) for memory in memories}
        inside, before = self.inside(root.kept), self.slot(memories[-2]) if memories[1:] else -1
        for place, rank in enumerate(self.ranks):
            sums = rank in self.equation.reduced_ranks
            for slot in range(self.slots):
                is_free = root.drains or not sums if slot == self.shared else slot in turning
                is_free = is_free and not (rank in inside and slot == before)
                # Rows times columns, each as few as cover the rank, are fewer than twice its size.
                most = self.cascade.ranks[rank] * (2 if slot == self.shared else 1)
                high[place, slot] = most if is_free else 1
        return low, high

    @cached_property
    def widest(self) -> Boxes:
        """The boxes of all roots."""
        ranges = self._by_keeping(self.box)
        low, high = (np.array([each[end] for each in ranges]) for end in (0, 1))
        return Boxes(low, high, np.arange(len(self.roots)))

    def _by_keeping(self, of: Callable[[Root], Thing]) -> list[Thing]:
        """What depends on what a root keeps and drains, but not on orders, for every root."""
        known: dict[tuple[int, bool], Thing] = {}
        for root in self.roots:
            key = id(root.kept), root.drains
            if key not in known:
                known[key] = of(root)
        return [known[id(root.kept), root.drains] for root in self.roots]

    @cached_property
    def fixed(self) -> FixedLoops:
        return self.constraints.loops.get(self.einsum, FixedLoops())

    def _fixed_table(self) -> list[list[float]]:
        """The factor that a rank must have in a slot; 0 for any."""
        table = [[0.0] * self.slots for _ in self.ranks]
        for place, rank in enumerate(self.ranks):
            for memory, factors in self.fixed.memories.items():
                if memory in self.path and rank in factors:
                    table[place][self.slot(self.path.index(memory))] = float(factors[rank])
            if rank in self.fixed.on_array:
                table[place][self.shared] = float(prod(self.fixed.on_array[rank]))
        return table

    @cached_property
    def tables(self) -> Tables:
        memories = [self.arch.memory(memory) for memory in self.path]
        array, words = self.arch.array(self.array), self.cascade.tensors
        cost = point_cost(self.arch, self.array, self.equation.operations)
        points = float(iteration_points(self.cascade, self.einsum))
        fixed = [points * use.count * use.energy_pj for use in cost.units]
        order = self._order_table()
        names = [memory.name for memory in self.arch.memories]
        return Tables(
            sizes=np.array([float(self.cascade.ranks[rank]) for rank in self.ranks]),
            member=np.array([[r in self.members[t] for r in self.ranks] for t in self.tensors]),
            words=np.array([float(words[tensor].word_bytes) for tensor in self.tensors]),
            home=np.array([self.home(tensor) for tensor in self.tensors]),
            reduced=np.array([rank in self.equation.reduced_ranks for rank in self.ranks]),
            slots=self.slots,
            shared=self.shared,
            start=np.array([self.slot(memory) for memory in range(len(self.path))]),
            room=np.array([self._room(memory) for memory in self.path]),
            rate=np.array([self._rate(memory) for memory in self.path]),
            read_pj=np.array([float(memory.read_pj_per_byte or 0) for memory in memories]),
            write_pj=np.array([float(memory.write_pj_per_byte or 0) for memory in memories]),
            rows=int(array.rows),
            columns=int(array.columns),
            blocks=_blocks(int(array.rows), int(array.columns)),
            kept=np.array(self._by_keeping(self._kept_table)),
            order=order,
            place=np.argsort(order, axis=-1),
            derived=np.array(self._by_keeping(self._derived)),
            fixed=np.array(self._fixed_table()).reshape(len(self.ranks), self.slots),
            most_moved=np.array([self._most_moved(memory) for memory in self.path]),
            memory=np.array([names.index(memory) for memory in self.path]),
            drains=np.array([root.drains for root in self.roots]),
            point_cycles=float(cost.cycles) if self.equation.operations else 1.0,
            fixed_pj=float(sum(fixed)),
            leaked_pj=float(sum(self.arch.leakage_w.values()) / self.arch.clock_hz * 1e12),
        )

    def _derived(self, root: Root) -> list[int]:
        """By rank: the innermost loops outside the array that there are, or those it has inside."""
        turning, inside = self.turning(root.kept), self.inside(root.kept)
        outside = max(memory for memory in turning if memory < self.shared)
        return [self.slot(turning[-1]) if rank in inside else outside for rank in self.ranks]

    def _room(self, memory: str) -> float:
        capacity = self.arch.memory(memory).capacity_bytes
        if capacity is None or memory == self.path[0]:
            return inf
        return float(capacity) / buffers(self.arch, memory)

    def _rate(self, memory: str) -> float:
        bandwidth = self.arch.memory(memory).bandwidth
        if bandwidth is None:
            return inf
        each = bandwidth.per_cycle(self.arch.clock_hz)
        return float(each * instances(self.arch, memory))

    def _most_moved(self, memory: str) -> float:
        return self.constraints.most_bytes(self.einsum, memory)

    def _kept_table(self, root: Root) -> list[list[bool]]:
        return [
            [m in root.kept[tensor] or m == self.home(tensor) for m in range(len(self.path))]
            for tensor in self.tensors
        ]

    def _order_table(self) -> Array:
        """N x S x R: every order that there is, taken for every root and slot."""
        numbers: dict[tuple[str, ...], int] = {}
        taken = [
            [numbers.setdefault(order, len(numbers)) for order in root.orders]
            for root in self.roots
        ]
        orders = [[self.ranks.index(rank) for rank in order] for order in numbers]
        table: Array = np.array(orders, dtype=np.int64)[np.array(taken)]
        return table


def _blocks(rows: int, columns: int) -> Array:
    products = np.outer(np.arange(1.0, rows + 1), np.arange(1.0, columns + 1))
    blocks: Array = np.unique(products)
    return blocks


def _beyond_one(factors: dict[str, Formula]) -> dict[str, Formula]:
    return {rank: factor for rank, factor in factors.items() if factor != 1}
