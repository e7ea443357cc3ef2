"""Einsums of a tile on arrays as a pipeline of tasks, and its rounds as a step of a schedule."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from accelsim.mapper.fused.assignment import Assignment, last_share, runs_last
from accelsim.mapper.fused.filing import elements_in_turn, in_step
from accelsim.mapper.fused.modulo import Need, Pipeline, Rounds, Task, order_in_phase
from accelsim.mapper.fused.tiling import Tiling
from accelsim.mapping.mapping import Phase, Step
from accelsim.workload.dependencies import reads_earlier_step


def pipelines(tiling: Tiling, assignment: Assignment, enough: float) -> Iterator[Pipeline]:
    """With room for one tile of everything, then for two of what could lie in the buffer.

    First what a reader on the same array can take on the spot is read there, and need not be kept
    for it; then it may wait. Rounds of `enough` cycles are short enough.
    """
    tasks = tuple(_task(tiling, name, assignment.arrays[name]) for name in tiling.group.names)
    for held in (1, 2):
        loose = Pipeline(tasks, tuple(_needs(tiling, assignment, held)), last_share(tiling), enough)
        tied = tuple(_tied(need, loose, tiling, assignment) for need in loose.needs)
        yield replace(loose, needs=tied)
        if tied != loose.needs:
            yield loose


def _tied(need: Need, pipeline: Pipeline, tiling: Tiling, assignment: Assignment) -> Need:
    """Not if the reader also waits for somebody else who reads it."""
    readers = tiling.group.readers
    others = [reader for reader in readers[need.maker] if reader != need.reader]
    is_tied = (
        not (need.copied or need.back or pipeline.gap(need))
        and in_step(need.maker, need.reader, tiling, assignment)
        and not any(_leads_to(need.reader, other, readers) for other in others)
    )
    return replace(need, tied=is_tied)


def _leads_to(name: str, first: str, readers: Mapping[str, tuple[str, ...]]) -> bool:
    """Whether what `first` makes is wanted for `name`; what is wanted comes before who wants it."""
    seen, waiting = {first}, [first]
    while waiting:
        fresh = set(readers[waiting.pop()]) - seen
        seen |= fresh
        waiting += fresh
    return name in seen


def _task(tiling: Tiling, name: str, array: str) -> Task:
    cycles = tiling.cycles[name, array]
    return Task(name, array, 0.0, cycles) if runs_last(tiling, name) else Task(name, array, cycles)


def _needs(tiling: Tiling, assignment: Assignment, held: int) -> Iterator[Need]:
    """Single elements are handed over from one register file to the other."""
    group = tiling.group
    reads = {
        (access.tensor, einsum.name, int(reads_earlier_step(group.cascade, access)))
        for einsum in group.einsums
        for access in einsum.reads
        if access.tensor in group.names
    }
    for maker, reader, back in sorted(reads):
        single = elements_in_turn(tiling, assignment, maker) == 1
        several = not (single or maker in group.running)
        yield Need(maker, reader, back, held if several else 1, copied=single)


def held_twice(pipeline: Pipeline, rounds: Rounds) -> frozenset[str]:
    """What is read so late that one tile of it is not enough."""
    return frozenset(
        need.maker
        for need in pipeline.needs
        if not need.copied
        and not need.back
        and rounds.places[need.reader] + pipeline.gap(need)
        > rounds.places[need.maker] + rounds.phases
    )


def step(pipeline: Pipeline, rounds: Rounds, tiling: Tiling, name: str) -> Step:
    order = order_in_phase(pipeline, rounds) or ()
    phases = []
    for number in range(rounds.phases):
        here = [task for task in order if rounds.phase(task) == number]
        runs = {
            array: tuple(task for task in here if pipeline.by_name[task].array == array)
            for array in pipeline.arrays
        }
        phases.append(Phase(run={array: names for array, names in runs.items() if names}))
    lags = {task.name: rounds.lag(task.name) for task in pipeline.tasks}
    return Step(
        name=name,
        tile=dict(tiling.tile),
        phases=tuple(phases),
        lag={task: lag for task, lag in lags.items() if lag},
    )
