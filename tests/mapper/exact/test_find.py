"""The exact search against brute force over nests, which shares nothing with it but `batch`."""

from itertools import count, product
from math import inf, prod
from random import Random

import numpy as np
import pytest

from accelsim.arch.parts import ComputeArray, Memory, Operation
from accelsim.arch.spatial import Spatial
from accelsim.base.errors import MapperError
from accelsim.base.record import Rate
from accelsim.cost.evaluate import evaluate
from accelsim.mapper.batch import Evaluator
from accelsim.mapper.constraints import Constraints
from accelsim.mapper.find import find_mapping
from accelsim.mapping.binding import bind
from accelsim.mapping.check import check
from accelsim.mapping.mapping import Level, Mapping, Nest, Phase, Step
from accelsim.workload.load import load_workload

TENSORS = {"A": "MK", "B": "KN", "C": "MN"}
OBJECTIVES = ("latency", "energy", "energy_delay", "area_delay")


def _workload(tmp_path, sizes):
    (tmp_path / "product.yaml").write_text(
        "about: A matrix product.\nsource: made up\nword: 2 B\n"
        f"ranks: {{M: {sizes['M']}, N: {sizes['N']}, K: {sizes['K']}}}\n"
        "inputs: {A: [M, K], B: [K, N]}\ncascade: |\n  C[m,n] += A[m,k] * B[k,n]\n"
    )
    return load_workload(str(tmp_path / "product.yaml"))


def _machine(rng, has_registers):
    def memory(name, capacity, rate, pj, **more):
        given = {} if capacity is None else {"capacity_bytes": capacity}
        return Memory(
            name=name,
            bandwidth=Rate(bytes_per_cycle=rate),
            read_pj_per_byte=pj,
            write_pj_per_byte=pj * rng.choice((1, 1.5)),
            **given,
            **more,
        )

    memories = [
        memory("DRAM", None, rng.choice((1, 4, 32)), 30.0),
        memory("Buffer", rng.choice((12, 30, 60, 120)), rng.choice((4, 16, 64)), 2.0),
    ]
    if has_registers:
        memories.append(memory("Registers", rng.choice((4, 8, 16)), 16, 0.1, per="Array"))
    array = ComputeArray(
        name="Array",
        rows=rng.randint(1, 4),
        columns=rng.randint(1, 4),
        operations={"mac": Operation(energy_pj=0.5)},
    )
    return Spatial(about="random", clock_hz=1e9, memories=tuple(memories), compute=(array,))


# --- brute force ----------------------------------------------------------------------------------


def _cuts(size, parts):
    """All ways to cover a rank by so many loops of which none could be shorter."""
    for factors in product(range(1, size + 1), repeat=parts):
        whole = prod(factors)
        if whole >= size and all(whole // f * (f - 1) < size for f in factors if f > 1):
            yield factors


def _orders(has_all):
    """Which loop is innermost, the others as listed; or all six."""
    if has_all:
        return [tuple(order) for order in ("MNK", "MKN", "NMK", "NKM", "KMN", "KNM")]
    return [(*(rank for rank in "MNK" if rank != last), last) for last in "MNK"]


def _everywhere(batch, tiles, looping):
    return True


def _brute_force(cascade, arch, minimise, has_all_orders, keeps_to=_everywhere):
    path = [memory.name for memory in arch.memories]
    below = list(product((True, False), repeat=3))
    best = inf
    for kept in product(below, repeat=len(path) - 1):
        keeps = [
            TENSORS,
            *([t for t, own in zip(TENSORS, flags, strict=True) if own] for flags in kept),
        ]
        turning = [place for place, own in enumerate(keeps) if own]
        for orders in product(_orders(has_all_orders), repeat=len(turning) - 1):
            named = (cascade, arch, path, keeps, turning, orders, minimise)
            best = min(best, _best_numbers(*named, keeps_to))
    return best


def _best_numbers(cascade, arch, path, keeps, turning, orders, minimise, keeps_to):
    slots = [f"{place}" for place in turning] + ["rows", "columns"]
    cuts = {rank: np.array(list(_cuts(cascade.ranks[rank], len(slots)))) for rank in "MNK"}
    places = np.indices([len(cuts[rank]) for rank in "MNK"]).reshape(3, -1)
    tiles = {
        f"{rank}_{slot}": cuts[rank][own, column]
        for rank, own in zip("MNK", places, strict=True)
        for column, slot in enumerate(slots)
    }
    best = inf
    spread = (tiles["K_rows"] * tiles["K_columns"]) > 1
    for drains in (False, True):
        some = {name: column[spread == drains] for name, column in tiles.items()}
        if some["K_rows"].size:
            order = dict(zip(turning, (*orders, tuple("MNK")), strict=True))
            mapping = _mapping(path, keeps, order, drains)
            batch = Evaluator(cascade, arch, mapping)(some)
            value = _value(batch.latency_s, batch.energy_pj, minimise)
            allowed = batch.legal & keeps_to(batch, some, {path[place] for place in turning})
            best = min(best, np.where(allowed, value, inf).min())
    return best


def _mapping(path, keeps, orders, drains):
    levels = []
    array = Level(
        array="Array",
        spatial={axis: {rank: f"{rank}_{axis}" for rank in "MNK"} for axis in ("rows", "columns")},
    )
    for place, memory in enumerate(path):
        if place == 2:
            levels.append(array)
        loops = {rank: f"{rank}_{place}" for rank in orders.get(place, ())}
        levels.append(Level(memory=memory, keep=tuple(keeps[place]), loops=loops))
    levels += [array] if len(path) == 2 else []
    phase = Phase(run={"Array": ("C",)}, drain=("C",) if drains else ())
    return Mapping(
        about="brute force",
        source="made up",
        tiles={f"{r}_{s}": 1 for r in "MNK" for s in (0, 1, 2, "rows", "columns")},
        nests=(Nest(einsums=("C",), array="Array", levels=tuple(levels)),),
        schedule=(Step(name="C", phases=(phase,)),),
    )


def _value(latency, energy, minimise):
    factors = {"energy": energy, "energy_delay": energy * latency}
    return factors.get(minimise, latency)


# --- (d) of the mapper's claims -------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(50))
def test_the_optimum_of_exhaustive_search_on_small_products(tmp_path, seed):
    """Random sizes, primes among them, on random machines of two and three levels."""
    rng = Random(seed)
    has_registers = seed % 8 == 7
    most = 3 if has_registers else 7
    cascade = _workload(tmp_path, {rank: rng.randint(1, most) for rank in "MNK"})
    arch = _machine(rng, has_registers)
    minimise = OBJECTIVES[(seed + seed // 8) % 4]
    found = find_mapping(cascade, arch, minimise, strategies=["exact"])
    assert found.optimal
    assert not check(bind(found.mapping, cascade, arch))
    cost = evaluate(cascade, arch, found.mapping)
    value = _value(cost.latency_s, cost.energy_pj, minimise)
    least = _brute_force(cascade, arch, minimise, has_all_orders=not has_registers)
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
    cascade = _workload(tmp_path, {rank: rng.randint(2, 6) for rank in "MNK"})
    arch, minimise = _machine(rng, has_registers=False), OBJECTIVES[seed % 2]
    free = find_mapping(cascade, arch, minimise, strategies=["exact"])
    constraints, keeps_to = _fixed(rng, cascade, arch) if seed % 3 else _little(rng, free)
    least = _brute_force(cascade, arch, minimise, has_all_orders=True, keeps_to=keeps_to)
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
    cascade = _workload(tmp_path, {"M": 7, "N": 6, "K": 5})
    arch = _machine(Random(3), has_registers=True)

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
