"""Schedules of small random pipelines are as short as the shortest of all, and legal."""

from itertools import product
from random import Random

import pytest

from accelsim.mapper.fused.modulo import Need, Pipeline, Rounds, Task, shortest_rounds

LARGEST_PLACE = 5


def random_pipeline(seed: int) -> Pipeline:
    """Four tasks on two arrays; each reads some of those before it, one its own last value."""
    random = Random(seed)
    tasks = [
        Task(
            f"T{i}",
            random.choice("ab"),
            float(random.randint(1, 9)),
            random.choice([0.0, 0.0, 4.0]),
        )
        for i in range(4)
    ]
    needs = [
        Need(f"T{i}", f"T{j}", held=random.choice([1, 1, 2]), copied=random.random() < 0.3)
        for j in range(4)
        for i in range(j)
        if random.random() < 0.5
    ]
    if random.random() < 0.5:
        needs.append(Need("T2", "T1", back=1))
    return Pipeline(tuple(tasks), tuple(needs), last_share=0.25)


def is_legal(pipeline: Pipeline, places: dict[str, int], phases: int) -> bool:
    """As the module says it, tile by tile: read after it is made, before it is overwritten."""
    array = {task.name: task.array for task in pipeline.tasks}
    for need in pipeline.needs:
        made, read = places[need.maker] - need.back * phases, places[need.reader]
        overwritten = places[need.maker] + need.held * phases
        crosses = array[need.maker] != array[need.reader]
        if read < made or (crosses and read == made):
            return False
        if read > overwritten or (crosses and not need.copied and read == overwritten):
            return False
    return True


def period(pipeline: Pipeline, places: dict[str, int], phases: int) -> float:
    def length(with_last: bool) -> float:
        total = 0.0
        for phase in range(phases):
            loads = {"a": 0.0, "b": 0.0}
            for task in pipeline.tasks:
                if places[task.name] % phases == phase:
                    loads[task.array] += task.cycles + with_last * task.last
            total += max(loads.values())
        return total

    return 0.75 * length(False) + 0.25 * length(True)


def shortest_of_all(pipeline: Pipeline, most_phases: int) -> float | None:
    found = [
        period(pipeline, places, phases)
        for phases in range(1, most_phases + 1)
        for chosen in product(range(LARGEST_PLACE + 1), repeat=len(pipeline.tasks))
        for places in [dict(zip((task.name for task in pipeline.tasks), chosen, strict=True))]
        if max(chosen) < 2 * phases and is_legal(pipeline, places, phases)
    ]
    return min(found, default=None)


@pytest.mark.parametrize("seed", range(60))
def test_it_finds_the_shortest_of_all(seed):
    pipeline = random_pipeline(seed)
    found = shortest_rounds(pipeline, most_phases=3, most_lag=1, most_nodes=10**6)
    shortest = shortest_of_all(pipeline, 3)
    if shortest is None:
        assert found is None
    else:
        assert found is not None
        assert is_legal(pipeline, dict(found.places), found.phases)
        assert found.period == pytest.approx(shortest)
        assert found.period == pytest.approx(period(pipeline, dict(found.places), found.phases))


def test_two_arrays_take_turns_without_waiting():
    # a makes what b reads: b works on the tile before, and no array ever waits.
    tasks = Task("X", "a", 5), Task("Y", "b", 5)
    found = shortest_rounds(Pipeline(tasks, (Need("X", "Y", copied=True),)))
    assert found == Rounds(1, {"X": 0, "Y": 1}, 5)


def test_one_copy_cannot_be_read_while_the_next_is_made():
    tasks = Task("X", "a", 5), Task("Y", "b", 5)
    assert shortest_rounds(Pipeline(tasks, (Need("X", "Y"),))).period == 10
    assert shortest_rounds(Pipeline(tasks, (Need("X", "Y", held=2),))).period == 5


def test_a_running_value_waits_for_its_last_step():
    # Y needs X of the same tile, X needs Y of the tile before: they take turns whatever the lag.
    tasks = Task("X", "a", 5), Task("Y", "b", 7)
    needs = Need("X", "Y", copied=True), Need("Y", "X", back=1, copied=True)
    assert shortest_rounds(Pipeline(tasks, needs)).period == 12
