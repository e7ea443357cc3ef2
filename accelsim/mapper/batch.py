"""Many candidates of one mapping at once: what `evaluate` says of each, compiled.

    evaluator = Evaluator(cascade, arch, mapping)
    batch = evaluator({"P0": [64, 128, 256], "M0": [256, 256, 128]})
    batch.latency_s, batch.energy_pj, batch.legal         one entry a candidate

Candidates differ in the numbers of the mapping's `ranks` and `tiles`. The cost model's formulas run
once, on recorded numbers; every batch replays that tape: a small one an operation at a time, a
large one compiled, in blocks that stay in the cache, on all cores, to the same bits. Whole numbers
are exact up to 2^52. `legal` is what depends on numbers; names and the order of a schedule are
`check`'s, once for a mapping. Of illegal candidates the costs mean nothing.
"""

import os
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from accelsim.arch.spatial import Spatial
from accelsim.cost import spatial
from accelsim.cost.coverage import Key, coverage_of, noting
from accelsim.cost.leaves import Points, numbers, structure, with_numbers
from accelsim.cost.tape import Recorded, Tape
from accelsim.mapper.constraints import Constraints
from accelsim.mapper.legal import holds
from accelsim.mapper.obeying import keeps
from accelsim.mapper.opcodes import Code, assembled
from accelsim.mapper.replay import replay
from accelsim.mapping.binding import BoundMapping, bind
from accelsim.mapping.loops import LoopNest, Number
from accelsim.mapping.mapping import Mapping as LoopMapping
from accelsim.workload.budget import budgeted
from accelsim.workload.einsum import Cascade

Array = NDArray[np.float64]

BLOCK = 256
"""Candidates that pass through the tape together: 2 KiB a row (measured: see benchmarks)."""

FEW = 8192
"""Fewer candidates than this are done before a compiler is loaded."""

ALONE = 4096
"""Fewer candidates than this are not worth a second thread."""


class Batch(NamedTuple):
    """One entry a candidate: s, pJ, B in one instance of each memory, B that all instances of each
    read and write, and whether it is legal."""

    latency_s: Array
    energy_pj: Array
    occupancy_bytes: Mapping[str, Array]
    traffic_bytes: Mapping[str, Array]
    legal: NDArray[np.bool_]


def evaluated(
    cascade: Cascade, arch: Spatial, mapping: LoopMapping, tiles: Mapping[str, ArrayLike]
) -> Batch:
    """One batch; keep an `Evaluator` for several."""
    return Evaluator(cascade, arch, mapping)(tiles)


class Evaluator:
    """Candidates of one mapping on one machine; all other numbers are plain numbers.

    What breaks the `constraints` is not legal.

    It records a tape when it meets a new layout: other names given, or none before.
    """

    def __init__(
        self,
        cascade: Cascade,
        arch: Spatial,
        mapping: LoopMapping,
        constraints: Constraints | None = None,
    ) -> None:
        self.cascade, self.arch, self.mapping = budgeted(cascade), arch, mapping
        self.constraints = constraints or Constraints()
        self._known: dict[Hashable, _Replay] = {}

    def __call__(self, tiles: Mapping[str, ArrayLike]) -> Batch:
        """`tiles`: whole numbers for some of the mapping's `ranks` and `tiles`, of equal length.

        Formulas make the others. Raises what `bind` raises.
        """
        given = _columns(tiles)
        bound = _swept(bind(self.mapping, self.cascade, self.arch, given))
        points = spatial.points_of(bound)
        values = numbers(bound, points)
        layout = _layout(values)
        key = (structure(bound), layout)
        if key not in self._known:
            self._known[key] = _recorded(bound, points, values, layout, self.constraints)
        size = next(iter(given.values())).size
        return self._known[key].batch(bound, values, size)


class _Replay(NamedTuple):
    """A tape of one layout; `shares` are the shares of tiles that conditions leave."""

    code: Code
    layout: tuple[int, ...]
    shares: tuple[Key, ...]
    memories: tuple[str, ...]

    def batch(self, bound: BoundMapping, values: Sequence[Number], size: int) -> Batch:
        share = coverage_of(bound)
        columns = [values[self.layout.index(leaf)] for leaf in range(max(self.layout) + 1)]
        columns += [share(key) for key in self.shares]
        latency, energy, legal, *by_memory = _replayed(self.code, columns, size)
        held, moved = by_memory[: len(self.memories)], by_memory[len(self.memories) :]
        occupancy = dict(zip(self.memories, held, strict=True))
        traffic = dict(zip(self.memories, moved, strict=True))
        return Batch(latency, energy, occupancy, traffic, legal != 0)


def _columns(tiles: Mapping[str, ArrayLike]) -> dict[str, Array]:
    arrays = np.broadcast_arrays(*(np.asarray(each, dtype=float) for each in tiles.values()))
    return {name: np.atleast_1d(each) for name, each in zip(tiles, arrays, strict=True)}


def _swept(bound: BoundMapping) -> BoundMapping:
    """Any loop with an array of factors may be one, so that the structure is the same for all."""

    def nest(each: LoopNest) -> LoopNest:
        loops = [o._replace(may_be_one=isinstance(o.factor, np.ndarray)) for o in each.loops]
        return replace(each, loops=tuple(loops))

    return replace(bound, nests={name: nest(each) for name, each in bound.nests.items()})


def _layout(values: Sequence[Number]) -> tuple[int, ...]:
    """For every number the leaf it is read from; -1 for one that is the same for all candidates."""
    leaves: dict[int, int] = {}
    return tuple(
        leaves.setdefault(id(value), len(leaves)) if isinstance(value, np.ndarray) else -1
        for value in values
    )


def _recorded(
    bound: BoundMapping,
    points: Points,
    values: Sequence[Number],
    layout: tuple[int, ...],
    constraints: Constraints,
) -> _Replay:
    shares = _shares(bound, points)
    own = max(layout) + 1
    tape = Tape(own + len(shares))
    leaves: list[Number] = [
        value if leaf < 0 else tape.leaf(leaf) for value, leaf in zip(values, layout, strict=True)
    ]
    pattern, pattern_points = with_numbers(bound, points, leaves)
    coverage = {key: tape.leaf(own + place) for place, key in enumerate(shares)}
    cost = spatial.cost_from(pattern, pattern_points, coverage.__getitem__)
    held, moved = cost.occupancy_bytes, cost.traffic_bytes
    by_memory = [*held.values(), *(moved[memory] for memory in held)]
    legal = holds(pattern) * keeps(constraints, pattern, cost)
    results = [cost.latency_s, cost.energy_pj, legal, *by_memory]
    recorded = [each if isinstance(each, Recorded) else tape.constant(each) for each in results]
    return _Replay(assembled(tape.program(recorded)), layout, shares, tuple(held))


def _shares(bound: BoundMapping, points: Points) -> tuple[Key, ...]:
    """What the formulas ask about tiles, found out on numbers where conditions make them ask."""
    if not any(einsum.conditions for einsum in bound.cascade.einsums):
        return ()
    asked: dict[Key, Number] = {}
    first = [v[:1] if isinstance(v, np.ndarray) else v for v in numbers(bound, points)]
    one, one_points = with_numbers(bound, points, first)
    spatial.cost_from(one, one_points, noting(coverage_of(one), asked))
    return tuple(asked)


# --- replay ---------------------------------------------------------------------------------------


def _replayed(code: Code, columns: Sequence[Number], size: int) -> Array:
    """Results x candidates."""
    leaves = np.empty((code.leaves, size))
    for leaf, column in zip(leaves, columns, strict=True):
        leaf[:] = column
    results = np.empty((code.wanted.size, size))
    if size < FEW:
        replay(code, leaves, results)
        return results
    threads = min(os.cpu_count() or 1, -(-size // ALONE))
    ends = [size * thread // threads for thread in range(threads + 1)]
    jobs = [_job(code, leaves, results, *part) for part in pairwise(ends)]
    if len(jobs) == 1:
        jobs[0]()
        return results
    # So are threads.
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(threads) as pool:
        for done in [pool.submit(job) for job in jobs]:
            done.result()
    return results


def _job(code: Code, leaves: Array, results: Array, first: int, end: int) -> Callable[[], None]:
    # numba, whose import takes a while, is there for who evaluates a large batch.
    from accelsim.mapper.kernels import replay as compiled

    rows = np.zeros((code.rows, BLOCK))
    for place, constant in enumerate(code.constants, code.leaves):
        rows[place] = constant
    return lambda: compiled(code.steps, leaves, code.wanted, rows, results, first, end)
