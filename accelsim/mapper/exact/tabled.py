"""A `Space` as arrays: the tables that bounds are made of, and the boxes that hold all of it."""

from collections.abc import Callable
from math import inf, prod
from typing import TypeVar

import numpy as np

from accelsim.arch.spatial import instances, point_cost
from accelsim.mapper.exact.boxes import Boxes
from accelsim.mapper.exact.space import Root, Space
from accelsim.mapper.exact.tables import Array, Tables
from accelsim.mapping.occupancy import buffers
from accelsim.workload.extent import iteration_points

Thing = TypeVar("Thing")


def tables_of(space: Space) -> Tables:
    """What bounds of its boxes are made of."""
    memories = [space.arch.memory(memory) for memory in space.path]
    array, words = space.arch.array(space.array), space.cascade.tensors
    cost = point_cost(space.arch, space.array, space.equation.operations)
    points = float(iteration_points(space.cascade, space.einsum))
    fixed = [points * use.count * use.energy_pj for use in cost.units]
    order = _order_table(space)
    names = [memory.name for memory in space.arch.memories]
    return Tables(
        sizes=np.array([float(space.cascade.ranks[rank]) for rank in space.ranks]),
        member=np.array([[r in space.members[t] for r in space.ranks] for t in space.tensors]),
        words=np.array([float(words[tensor].word_bytes) for tensor in space.tensors]),
        home=np.array([space.home(tensor) for tensor in space.tensors]),
        reduced=np.array([rank in space.equation.reduced_ranks for rank in space.ranks]),
        slots=space.slots,
        shared=space.shared,
        start=np.array([space.slot(memory) for memory in range(len(space.path))]),
        room=np.array([_room(space, memory) for memory in space.path]),
        rate=np.array([_rate(space, memory) for memory in space.path]),
        read_pj=np.array([float(memory.read_pj_per_byte or 0) for memory in memories]),
        write_pj=np.array([float(memory.write_pj_per_byte or 0) for memory in memories]),
        rows=int(array.rows),
        columns=int(array.columns),
        blocks=_blocks(int(array.rows), int(array.columns)),
        kept=np.array(_by_keeping(space, _kept_table)),
        order=order,
        place=np.argsort(order, axis=-1),
        derived=np.array(_by_keeping(space, _derived)),
        fixed=np.array(_fixed_table(space)).reshape(len(space.ranks), space.slots),
        most_moved=np.array(
            [space.constraints.most_bytes(space.einsum, memory) for memory in space.path]
        ),
        memory=np.array([names.index(memory) for memory in space.path]),
        drains=np.array([root.drains for root in space.roots]),
        point_cycles=float(cost.cycles) if space.equation.operations else 1.0,
        fixed_pj=float(sum(fixed)),
        leaked_pj=float(sum(space.arch.leakage_w.values()) / space.arch.clock_hz * 1e12),
    )


def widest(space: Space) -> Boxes:
    """The boxes of all roots."""
    ranges = _by_keeping(space, widest_of)
    low, high = (np.array([each[end] for each in ranges]) for end in (0, 1))
    return Boxes(low, high, np.arange(len(space.roots)))


def widest_of(space: Space, root: Root) -> tuple[Array, Array]:
    """The widest ranges of a root's factors, ranks x slots."""
    low = np.ones((len(space.ranks), space.slots))
    high = np.ones_like(low)
    memories = space.turning(root.kept)
    turning = {space.slot(memory) for memory in memories}
    inside, before = space.inside(root.kept), space.slot(memories[-2]) if memories[1:] else -1
    for place, rank in enumerate(space.ranks):
        sums = rank in space.equation.reduced_ranks
        for slot in range(space.slots):
            is_free = root.drains or not sums if slot == space.shared else slot in turning
            is_free = is_free and not (rank in inside and slot == before)
            # Rows times columns, each as few as cover the rank, are fewer than twice its size.
            most = space.cascade.ranks[rank] * (2 if slot == space.shared else 1)
            high[place, slot] = most if is_free else 1
    return low, high


def _by_keeping(space: Space, of: Callable[[Space, Root], Thing]) -> list[Thing]:
    """What depends on what a root keeps and drains, but not on orders, for every root."""
    known: dict[tuple[int, bool], Thing] = {}
    for root in space.roots:
        key = id(root.kept), root.drains
        if key not in known:
            known[key] = of(space, root)
    return [known[id(root.kept), root.drains] for root in space.roots]


def _kept_table(space: Space, root: Root) -> list[list[bool]]:
    return [
        [m in root.kept[tensor] or m == space.home(tensor) for m in range(len(space.path))]
        for tensor in space.tensors
    ]


def _order_table(space: Space) -> Array:
    """N x S x R: every order that there is, taken for every root and slot."""
    numbers: dict[tuple[str, ...], int] = {}
    taken = [
        [numbers.setdefault(order, len(numbers)) for order in root.orders] for root in space.roots
    ]
    orders = [[space.ranks.index(rank) for rank in order] for order in numbers]
    table: Array = np.array(orders, dtype=np.int64)[np.array(taken)]
    return table


def _derived(space: Space, root: Root) -> list[int]:
    """By rank: the innermost loops outside the array that there are, or those it has inside."""
    turning, inside = space.turning(root.kept), space.inside(root.kept)
    outside = max(memory for memory in turning if memory < space.shared)
    return [space.slot(turning[-1]) if rank in inside else outside for rank in space.ranks]


def _fixed_table(space: Space) -> list[list[float]]:
    """The factor that a rank must have in a slot; 0 for any."""
    table = [[0.0] * space.slots for _ in space.ranks]
    for place, rank in enumerate(space.ranks):
        for memory, factors in space.fixed.memories.items():
            if memory in space.path and rank in factors:
                table[place][space.slot(space.path.index(memory))] = float(factors[rank])
        if rank in space.fixed.on_array:
            table[place][space.shared] = float(prod(space.fixed.on_array[rank]))
    return table


def _room(space: Space, memory: str) -> float:
    capacity = space.arch.memory(memory).capacity_bytes
    if capacity is None or memory == space.path[0]:
        return inf
    return float(capacity) / buffers(space.arch, memory)


def _rate(space: Space, memory: str) -> float:
    bandwidth = space.arch.memory(memory).bandwidth
    if bandwidth is None:
        return inf
    each = bandwidth.per_cycle(space.arch.clock_hz)
    return float(each * instances(space.arch, memory))


def _blocks(rows: int, columns: int) -> Array:
    products = np.outer(np.arange(1.0, rows + 1), np.arange(1.0, columns + 1))
    blocks: Array = np.unique(products)
    return blocks
