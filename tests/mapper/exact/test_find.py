"""The exact search against brute force over nests, which shares nothing with it but `batch`."""

from itertools import count
from math import inf
from random import Random

import pytest

from accelsim.arch.load import load_arch
from accelsim.base.errors import MapperError
from accelsim.cost.evaluate import evaluate
from accelsim.mapper.constraints import Constraints
from accelsim.mapper.find import find_mapping
from accelsim.mapping.binding import bind
from accelsim.mapping.check import check
from accelsim.mapping.load import load_mapping
from accelsim.workload.load import load_workload
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


# --- what its space leaves out --------------------------------------------------------------------

TWICE_OVER_M = """
about: Sums stay in the buffer around two loops over M, which are those of its memory.
source: by hand
nests:
- einsums: [C]
  array: Array
  levels:
  - {memory: DRAM, keep: [A, B, C], loops: {M: 2}}
  - {memory: Buffer, keep: [C]}
  - loops: {K: 2}
  - loops: {M: 4}
  - {memory: Buffer, keep: [A, B], loops: {N: 3}}
  - {array: Array}
schedule: [{name: C, phases: [{run: {Array: [C]}}]}]
"""


def test_its_space_has_one_loop_a_rank_at_a_memory_and_says_so(tmp_path):
    (tmp_path / "product.yaml").write_text(
        "about: A product.\nsource: made up\nword: 2 B\nwords: {A: 4 B, B: 0.5 B, C: 0.5 B}\n"
        "ranks: {M: 8, N: 3, K: 2}\ninputs: {A: [M, K], B: [K, N]}\n"
        "cascade: |\n  C[m,n] += A[m,k] * B[k,n]\n"
    )
    (tmp_path / "small.yaml").write_text(
        "about: One.\nsource: made up\nclock: 1 GHz\nmemories:\n"
        "- {name: DRAM, bandwidth: 4 B/cycle, read: 10 pJ/B, write: 80 pJ/B}\n"
        "- {name: Buffer, capacity: 24 B, double_buffered: true, read: 1 pJ/B, write: 3 pJ/B}\n"
        "compute: [{name: Array, columns: 1, operations: {mac: {energy: 0.5 pJ}}}]\n"
    )
    (tmp_path / "twice.yaml").write_text(TWICE_OVER_M)
    cascade = load_workload(str(tmp_path / "product.yaml"))
    arch = load_arch(str(tmp_path / "small.yaml"))
    found = find_mapping(cascade, arch, "energy", strategies=["exact"])
    twice = load_mapping(str(tmp_path / "twice.yaml"))
    assert not check(bind(twice, cascade, arch))
    assert evaluate(cascade, arch, twice).energy_pj < found.cost.energy_pj
    assert found.optimal
    assert "one loop a rank" in found.space
