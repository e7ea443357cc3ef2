"""The exact search against brute force over nests, which shares nothing with it but `batch`."""

from itertools import count
from math import inf
from random import Random

import pytest

from accelsim.base.errors import MapperError
from accelsim.cost.evaluate import evaluate
from accelsim.mapper.constraints import Constraints
from accelsim.mapper.find import find_mapping
from accelsim.mapping.binding import bind
from accelsim.mapping.check import check
from tests.mapper.exact.brute_force import brute_force, machine, value_of, workload

OBJECTIVES = ("latency", "energy", "energy_delay", "area_delay")


# --- (d) of the mapper's claims -------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(50))
def test_the_optimum_of_exhaustive_search_on_small_products(tmp_path, seed):
    """Random sizes, primes among them, on random machines of two and three levels."""
    rng = Random(seed)
    has_registers = seed % 8 == 7
    most = 3 if has_registers else 7
    cascade = workload(tmp_path, {rank: rng.randint(1, most) for rank in "MNK"})
    arch = machine(rng, has_registers)
    minimise = OBJECTIVES[(seed + seed // 8) % 4]
    found = find_mapping(cascade, arch, minimise, strategies=["exact"])
    assert found.optimal
    assert not check(bind(found.mapping, cascade, arch))
    cost = evaluate(cascade, arch, found.mapping)
    value = value_of(cost.latency_s, cost.energy_pj, minimise)
    least = brute_force(cascade, arch, minimise, has_all_orders=not has_registers)
    assert value == pytest.approx(least, rel=1e-9, abs=0)


# --- under constraints ----------------------------------------------------------------------------


def _fixed(rng, cascade, arch):
    """Factors of one rank on an axis and of one in a memory, as constraints and as a test."""
    rank, other = rng.sample("MNK", 2)
    axis = rng.choice(("rows", "columns"))
    width = rng.randint(1, getattr(arch.compute[0], axis))
    memory, turns = rng.choice(("DRAM", "Buffer")), rng.randint(1, cascade.ranks[other])
    loops = {"C": {axis: {rank: width}, "memories": {memory: {other: turns}}}}
    beside = "columns" if axis == "rows" else "rows"

    def keeps_to(batch, tiles, looping):
        own = tiles[f"{other}_{('DRAM', 'Buffer').index(memory)}"] if memory in looping else 1
        lies = (tiles[f"{rank}_{axis}"] == width) & (tiles[f"{rank}_{beside}"] == 1)
        return lies & (own == turns)

    return Constraints(loops=loops), keeps_to


def _little(rng, free):
    """Less traffic of a memory than the best mapping has."""
    memory = rng.choice(("DRAM", "Buffer"))
    most = int(free.cost.traffic_bytes[memory] * rng.choice((0.7, 0.8, 0.9, 1)))
    limits = {memory: most}
    constraints = rng.choice(
        (Constraints(traffic_bytes=limits), Constraints(einsum_traffic_bytes={"C": limits}))
    )
    return constraints, lambda batch, *_: batch.traffic_bytes[memory] <= most


@pytest.mark.parametrize("seed", range(16))
def test_the_optimum_of_exhaustive_search_under_constraints(tmp_path, seed):
    rng = Random(seed)
    cascade = workload(tmp_path, {rank: rng.randint(2, 6) for rank in "MNK"})
    arch, minimise = machine(rng, has_registers=False), OBJECTIVES[seed % 2]
    free = find_mapping(cascade, arch, minimise, strategies=["exact"])
    constraints, keeps_to = _fixed(rng, cascade, arch) if seed % 3 else _little(rng, free)
    least = brute_force(cascade, arch, minimise, has_all_orders=True, keeps_to=keeps_to)
    asked = (cascade, arch, minimise)
    if least == inf:
        with pytest.raises(MapperError):
            find_mapping(*asked, strategies=["exact"], constraints=constraints)
        return
    found = find_mapping(*asked, strategies=["exact"], constraints=constraints)
    assert found.optimal
    assert found.value == pytest.approx(least, rel=1e-9, abs=0)


@pytest.mark.parametrize("minimise", ["latency", "energy_delay"])
def test_whenever_it_is_interrupted_it_has_an_answer(tmp_path, minimise):
    cascade = workload(tmp_path, {"M": 7, "N": 6, "K": 5})
    arch = machine(Random(3), has_registers=True)

    def found(ends_at):
        calls = count(1)

        def told(strategy, value, candidates):
            if next(calls) == ends_at:
                raise KeyboardInterrupt

        answer = find_mapping(cascade, arch, minimise, strategies=["exact"], progress=told)
        return answer, next(calls) - 1

    _, every = found(inf)
    for ends_at in range(1, every + 1):
        answer, _ = found(ends_at)
        assert not check(bind(answer.mapping, cascade, arch))
        assert answer.is_cut_short
