"""All nests of one small product, each priced by `batch`: what searches are held against."""

from itertools import product
from math import inf, prod

import numpy as np

from accelsim.arch.parts import ComputeArray, Memory, Operation
from accelsim.arch.spatial import Spatial
from accelsim.base.record import Rate
from accelsim.mapper.batch import Evaluator
from accelsim.mapping.mapping import Level, Mapping, Nest, Phase, Step
from accelsim.workload.load import load_workload

TENSORS = {"A": "MK", "B": "KN", "C": "MN"}


def workload(tmp_path, sizes):
    (tmp_path / "product.yaml").write_text(
        "about: A matrix product.\nsource: made up\nword: 2 B\n"
        f"ranks: {{M: {sizes['M']}, N: {sizes['N']}, K: {sizes['K']}}}\n"
        "inputs: {A: [M, K], B: [K, N]}\ncascade: |\n  C[m,n] += A[m,k] * B[k,n]\n"
    )
    return load_workload(str(tmp_path / "product.yaml"))


def machine(rng, has_registers):
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


def brute_force(cascade, arch, minimise, has_all_orders, keeps_to=_everywhere):
    """The least value of all nests of one product that keep to something."""
    best = inf
    for batch, tiles, looping in batches(cascade, arch, has_all_orders):
        value = value_of(batch.latency_s, batch.energy_pj, minimise)
        allowed = batch.legal & keeps_to(batch, tiles, looping)
        best = min(best, np.where(allowed, value, inf).min())
    return best


def batches(cascade, arch, has_all_orders):
    """All nests of one product by what is kept where and loop orders: costs, factors, and the
    memories that have loops."""
    path = [memory.name for memory in arch.memories]
    below = list(product((True, False), repeat=3))
    for kept in product(below, repeat=len(path) - 1):
        keeps = [
            TENSORS,
            *([t for t, own in zip(TENSORS, flags, strict=True) if own] for flags in kept),
        ]
        turning = [place for place, own in enumerate(keeps) if own]
        for orders in product(_orders(has_all_orders), repeat=len(turning) - 1):
            yield from _of_nest(cascade, arch, path, keeps, turning, orders)


def _of_nest(cascade, arch, path, keeps, turning, orders):
    slots = [f"{place}" for place in turning] + ["rows", "columns"]
    cuts = {rank: np.array(list(_cuts(cascade.ranks[rank], len(slots)))) for rank in "MNK"}
    places = np.indices([len(cuts[rank]) for rank in "MNK"]).reshape(3, -1)
    tiles = {
        f"{rank}_{slot}": cuts[rank][own, column]
        for rank, own in zip("MNK", places, strict=True)
        for column, slot in enumerate(slots)
    }
    looping = {path[place] for place in turning}
    spread = (tiles["K_rows"] * tiles["K_columns"]) > 1
    for drains in (False, True):
        some = {name: column[spread == drains] for name, column in tiles.items()}
        if some["K_rows"].size:
            order = dict(zip(turning, (*orders, tuple("MNK")), strict=True))
            mapping = _mapping(path, keeps, order, drains)
            yield Evaluator(cascade, arch, mapping)(some), some, looping


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


def value_of(latency, energy, minimise):
    factors = {"energy": energy, "energy_delay": energy * latency}
    return factors.get(minimise, latency)
