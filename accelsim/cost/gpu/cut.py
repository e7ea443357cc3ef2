"""How a cascade is cut into kernels, and each kernel into tiles: what takes least by the model.

    kernels   runs of units (`mapping.fusion`) in the order of the text; of all ways to cut, the one
              with the least Σ seconds, a gap between kernels included (dynamic programming)
    tiles     of a kernel the candidates of `mapping.fused_tiles`, the fastest one (`fused_choice`)
    parts     the inner part of a partition over which a kernel passes twice (the keys of a tile) is
              decided here, unless somebody chose its size

Candidates are timed by themselves at the highest clock; what other kernels make is looked for in
L2. A unit that no SM has room for runs step by step, an Einsum at a time.

Most runs are far from the best way to cut, and choosing tiles takes long. A run counts as what its
bytes and points take at least (`fused_least`), until it is part of the best way; then its tiles are
chosen (under conditions, looked at first), and the best way is looked for again. When all of it is
known, no other way is faster: what is not known is no less than what it counts as.

Somebody may have kernels of `others` for single Einsums: whichever is faster is taken.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from math import inf

from accelsim.arch.gpu import Gpu
from accelsim.base.errors import MappingError
from accelsim.cost.gpu.fused_choice import Choice, choice
from accelsim.cost.gpu.fused_least import Least, least_of_each
from accelsim.mapping.automatic import AUTOMATIC
from accelsim.mapping.fused_kernel import Room, room_of
from accelsim.mapping.fused_tiles import BY_RULES, Candidates, Shapes, candidates
from accelsim.mapping.fusion import fusion, stepwise, units
from accelsim.mapping.gpu_mapping import GpuMapping, Kernel
from accelsim.mapping.recurring import Group
from accelsim.workload.einsum import Cascade
from accelsim.workload.passes import rank_passes
from accelsim.workload.remembered import remembered

PATIENCE = 8
"""So many units longer without room, and no longer kernel is looked for."""


@dataclass(frozen=True)
class Run:
    """Units in one kernel, or step by step in several. Until its tiles are chosen (`choice`) its
    seconds, gaps included, are no more than it takes; at first what is known `at_once`."""

    seconds: float
    kernels: tuple[Kernel, ...]
    choice: Choice | None = None
    at_once: bool = False

    @property
    def is_quick(self) -> bool:
        """Whether more is known of it at once."""
        return self.at_once or (self.choice is not None and self.choice.is_exact)


Others = Callable[[Cascade, str], tuple[Kernel, float] | None]
"""A kernel of an Einsum, and its seconds by itself, or None."""


def no_others(cascade: Cascade, einsum: str) -> None:
    """Kernels are those made by rules."""


Units = tuple[int, int]
"""The first one, and the one after the last."""

Runs = dict[Units, Run]


@dataclass(frozen=True)
class Offer:
    """What a run of units may be: one kernel, or several step by step, each as all its candidates
    for which there is room."""

    kernels: tuple[Candidates, ...]
    is_apart: bool


@dataclass(frozen=True)
class Way:
    """Runs of the units of a cascade in order, and the seconds of all."""

    seconds: float
    runs: tuple[Units, ...]


@dataclass(frozen=True)
class Cut:
    """Kernels of a cascade in order, their seconds by themselves, and what there was to choose
    from."""

    cascade: Cascade
    kernels: tuple[Kernel, ...]
    seconds: float
    offers: tuple[Offer, ...] = ()

    @cached_property
    def candidates(self) -> int:
        """There were so many, most of which were never looked at: counting them takes longer."""
        return sum(kernels.number for offer in self.offers for kernels in offer.kernels)


def automatic_gpu_mapping(cascade: Cascade, gpu: Gpu, shapes: Shapes = BY_RULES) -> GpuMapping:
    """The fastest of tiles of these shapes.

    Raises
    ------
    MappingError
        if an SM has no room for one tile of some Einsum.
    ArchError
        if the GPU has no pipe for an operation.
    """
    found = fastest_cut(cascade, gpu, shapes)
    return GpuMapping(AUTOMATIC, found.cascade, found.kernels)


def fastest_cut(
    cascade: Cascade, gpu: Gpu, shapes: Shapes = BY_RULES, others: Others = no_others
) -> Cut:
    """The kernels of `automatic_gpu_mapping` and others, and what there was to choose from.

    Raises
    ------
    MappingError
        if an SM has no room for one tile of some Einsum.
    ArchError
        if the GPU has no pipe for an operation.
    """
    best: Cut | None = None
    offers: list[Offer] = []
    for each in _with_inner_parts(cascade, shapes):
        own = _offers(each, room_of(gpu.sm), shapes)
        offers += own.values()
        least = least_of_each(each, gpu)
        made = {units: _offered(offer, gpu, least) for units, offer in own.items()}
        runs = _with_others(made, each, gpu, others)
        best = _cut(each, runs, gpu, best.seconds if best else inf) or best
    assert best is not None, "the first one is faster than never"
    return replace(best, offers=tuple(offers))


@remembered
def _with_inner_parts(cascade: Cascade, shapes: Shapes) -> tuple[Cascade, ...]:
    found = [cascade]
    for parts in cascade.partitions.values():
        inner = parts[-1]
        is_open = inner not in cascade.chosen and isinstance(cascade.declared.get(inner), int)
        if len(parts) == 2 and is_open and rank_passes(cascade, inner).passes > 1:
            sizes = (size for size in shapes.inner if size < cascade.ranks[inner])
            found += (cascade.with_ranks(**{inner: size}) for size in sizes)
    return tuple(found)


@lru_cache(maxsize=16)
def _offers(cascade: Cascade, room: Room, shapes: Shapes) -> Mapping[Units, Offer]:
    """What has room. Other numbers of the GPU change nothing in it."""
    groups = units(cascade)
    return {
        (first, last): offer
        for first in range(len(groups))
        for last, offer in _from(cascade, groups, first, room, shapes)
    }


def _with_others(runs: Runs, cascade: Cascade, gpu: Gpu, others: Others) -> Runs:
    """Where another kernel of an Einsum takes less than those made by rules do at least."""
    found = dict(runs)
    for first, group in enumerate(units(cascade)):
        own = others(cascade, group.einsums[0]) if len(group.einsums) == 1 else None
        if own is not None:
            kernel, seconds = own
            by_rules = found[first, first + 1]
            by_rules = _known(by_rules, gpu) if by_rules.at_once else by_rules
            run = Run(seconds + float(gpu.launch.gap_s), (kernel,))
            found[first, first + 1] = min(by_rules, run, key=lambda each: each.seconds)
    return found


def _cut(cascade: Cascade, runs: Runs, gpu: Gpu, most: float) -> Cut | None:
    """The best one; None if it does not take less than `most` seconds."""
    before: dict[int, list[int]] = {}
    for first, last in runs:
        before.setdefault(last, []).append(first)
    while True:
        way = _best_way(runs, before)
        if way.seconds >= most:
            return None
        unknown = [own for own in way.runs if runs[own].choice]
        if not unknown:
            kernels = tuple(kernel for own in way.runs for kernel in runs[own].kernels)
            return Cut(cascade, kernels, way.seconds)
        for own in [own for own in unknown if runs[own].is_quick] or unknown[:1]:
            runs[own] = _known(runs[own], gpu)


def _best_way(runs: Runs, before: Mapping[int, list[int]]) -> Way:
    """To every unit from those `before` it; of ways that take as long, the one whose last run
    begins first."""
    seconds, begins = [0.0], [0]
    for last in range(1, max(before) + 1):
        ways = [(seconds[first] + runs[first, last].seconds, first) for first in before[last]]
        least, first = min(ways)
        seconds.append(least)
        begins.append(first)
    found: list[Units] = []
    while last := found[-1][0] if found else len(begins) - 1:
        found.append((begins[last], last))
    return Way(seconds[-1], tuple(reversed(found)))


def _from(
    cascade: Cascade, groups: tuple[Group, ...], first: int, room: Room, shapes: Shapes
) -> Iterator[tuple[int, Offer]]:
    """Kernels of units from the first on, by where they end.

    More units may need less room: a running value makes of a whole rank one that passes by.
    """
    ended = first + 1
    for last in range(first + 1, len(groups) + 1):
        own = fusion(cascade, groups[first:last])
        kernels = None if own is None else candidates(own, room, shapes)
        if kernels is not None:
            ended = last
            yield last, Offer((kernels,), is_apart=False)
        elif last == first + 1:
            yield last, _apart(cascade, groups[first], room, shapes)
        elif last - ended >= PATIENCE:
            return


def _apart(cascade: Cascade, group: Group, room: Room, shapes: Shapes) -> Offer:
    found = []
    for own in stepwise(cascade, group):
        kernels = candidates(own, room, shapes)
        if kernels is None:
            place = own.cascade.einsums[0].place
            remedy = "Take smaller words or ranks, or a GPU with larger SMs"
            raise MappingError(f"no SM has room for a tile of {own.name}", at=place, remedy=remedy)
        found.append(kernels)
    return Offer(tuple(found), is_apart=True)


def _offered(offer: Offer, gpu: Gpu, least: Mapping[str, Least]) -> Run:
    if offer.is_apart:
        return _run(tuple(choice(kernels, gpu) for kernels in offer.kernels), gpu)
    only = choice(offer.kernels[0], gpu, least)
    return Run(only.at_once + float(gpu.launch.gap_s), (), only, at_once=True)


def _known(run: Run, gpu: Gpu) -> Run:
    """The run with its tiles, or, where choosing them is slow, with more than is known at once."""
    if run.choice is None:
        return run
    if run.at_once and not run.choice.is_exact:
        least = run.choice.at_least + float(gpu.launch.gap_s)
        return replace(run, seconds=least, at_once=False)
    return _run((run.choice,), gpu)


def _run(choices: tuple[Choice, ...], gpu: Gpu) -> Run:
    gap = float(gpu.launch.gap_s)
    found = [each.fastest() for each in choices]
    seconds = sum((one + gap) * kernel.fusion.launches for kernel, one in found)
    return Run(seconds, tuple(kernel for kernel, _ in found))
