"""A tiling with Einsums on arrays as a pipeline of tasks, and its rounds as a step of a schedule."""

from collections.abc import Iterator

from accelsim.mapper.fused.assignment import Assignment, last_share, runs_last
from accelsim.mapper.fused.group import Group
from accelsim.mapper.fused.modulo import Need, Pipeline, Rounds, Task, order_in_phase
from accelsim.mapper.fused.tiling import Tiling
from accelsim.mapping.mapping import Phase, Step
from accelsim.workload.dependencies import reads_earlier_step


def pipeline(tiling: Tiling, assignment: Assignment) -> Pipeline:
    tasks = tuple(_task(tiling, name, assignment.arrays[name]) for name in tiling.group.names)
    return Pipeline(tasks, tuple(_needs(tiling.group)), last_share(tiling))


def _task(tiling: Tiling, name: str, array: str) -> Task:
    cycles = tiling.cycles[name, array]
    return Task(name, array, 0.0, cycles) if runs_last(tiling, name) else Task(name, array, cycles)


def _needs(group: Group) -> Iterator[Need]:
    found = {
        Need(access.tensor, einsum.name, int(reads_earlier_step(group.cascade, access)))
        for einsum in group.einsums
        for access in einsum.reads
        if access.tensor in group.names
    }
    yield from sorted(found, key=lambda need: (need.maker, need.reader, need.back))


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
