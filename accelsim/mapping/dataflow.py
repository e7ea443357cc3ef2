"""What is made on chip must be complete when it is read, and still be there.

A result that is kept in the outermost memory always is. One that is not

- is summed up before its tile moves on: no loop over a rank it is summed over runs around a loop
  that brings another of its tiles;
- is read in the step that makes it, or kept whole until the step that reads it, or handed over
  as it is made to the outermost memory, where its reader then finds it;
- if it is a running value, lies there until the next step of its rank reads it: no loop inside
  the one over the steps brings another of its tiles.
"""

from collections.abc import Iterator

from accelsim.mapping.binding import BoundMapping
from accelsim.mapping.loops import Loop, LoopNest, Storage
from accelsim.mapping.violation import Violation
from accelsim.workload.einsum import Einsum


def lost_results(mapping: BoundMapping) -> Iterator[Violation]:
    """Every result on chip that is not complete, or not there any more, when it is read."""
    outermost = mapping.arch.memories[0].name
    for einsum in mapping.cascade.einsums:
        nest = mapping.nests[einsum.name]
        for home in nest.storages_of(einsum.name)[:1]:
            if home.memory != outermost:
                yield from _gone_before_next_step(einsum, nest, home, mapping)
            if home.memory != outermost and readers(einsum, mapping):
                yield from _unfinished_sums(einsum, nest, home)
                yield from _gone_before_read(einsum, nest, home, mapping)


def readers(einsum: Einsum, mapping: BoundMapping) -> list[str]:
    """The other Einsums that read what this one makes."""
    return [
        other.name
        for other in mapping.cascade.einsums
        if other.name != einsum.name and any(a.tensor == einsum.name for a in other.reads)
    ]


def step_of(einsum: str, mapping: BoundMapping) -> int:
    """The place of the step that runs an Einsum; -1 if none does."""
    return mapping.step_of.get(einsum, -1)


def _unfinished_sums(einsum: Einsum, nest: LoopNest, home: Storage) -> Iterator[Violation]:
    outside = nest.loops[: home.depth]
    for i, loop in enumerate(outside):
        inner = [each for each in outside[i + 1 :] if _moves(each, einsum)]
        if loop.rank in einsum.reduced_ranks and _takes_turns(loop) and inner:
            fact = (
                f"its sums over {loop.rank} are not complete when its tile leaves {home.memory}: "
                f"the loop over {inner[-1].rank} runs inside the loop over {loop.rank}"
            )
            yield Violation(einsum.name, fact)


def _gone_before_next_step(
    einsum: Einsum, nest: LoopNest, home: Storage, mapping: BoundMapping
) -> Iterator[Violation]:
    running = mapping.cascade.iterative_ranks(einsum.name)
    outside = nest.loops[: home.depth]
    for i, loop in enumerate(outside):
        inner = [each for each in outside[i + 1 :] if _moves(each, einsum)]
        others = [each.rank for each in inner if each.rank not in running]
        if loop.rank in running and _takes_turns(loop) and others:
            fact = (
                f"{home.memory} no longer has it at the next step of {loop.rank}: "
                f"the loop over {others[-1]} runs inside the loop over {loop.rank}"
            )
            yield Violation(einsum.name, fact)


def _gone_before_read(
    einsum: Einsum, nest: LoopNest, home: Storage, mapping: BoundMapping
) -> Iterator[Violation]:
    outermost = mapping.arch.memories[0].name
    # A reader of a running value's end misses nothing of the steps before.
    moving = {loop.rank for loop in nest.loops[: home.depth] if _moves(loop, einsum)}
    for reader in readers(einsum, mapping):
        reads = mapping.cascade.einsum(reader).reads
        wanted = {rank for a in reads if a.tensor == einsum.name for rank in a.ranks}
        handed_over = first_memory(einsum.name, mapping.nests[reader]) == outermost
        is_later = step_of(reader, mapping) != step_of(einsum.name, mapping)
        if moving & wanted and is_later and not handed_over:
            fact = f"{home.memory} no longer has all of it when {reader} reads it in a later step"
            yield Violation(einsum.name, fact)


def first_memory(tensor: str, nest: LoopNest) -> str | None:
    """The outermost memory in which a nest keeps a tensor."""
    return next((storage.memory for storage in nest.storages_of(tensor)), None)


def _moves(loop: Loop, einsum: Einsum) -> bool:
    return loop.rank in einsum.output.ranks and _takes_turns(loop)


def _takes_turns(loop: Loop) -> bool:
    return bool(loop.factor > 1) and not loop.is_spatial
