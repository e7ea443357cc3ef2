"""The search of products: brute force on parts of the space; libraries are never faster."""

import random

import numpy as np
import pytest

from accelsim.arch.gpu import resident_blocks
from accelsim.arch.load_gpu import load_gpu
from accelsim.base.record import read_record
from accelsim.base.yamlfile import parse_yaml
from accelsim.cost.gpu.call import call_cost
from accelsim.cost.gpu.composed import composed
from accelsim.cost.gpu.product import ProductWork, with_reduction, works_by
from accelsim.mapper.gpu.product import CLOSE, Products, best_product
from accelsim.mapper.gpu.product_design import has_room, tiles
from accelsim.mapper.gpu.product_record import record_of
from accelsim.mapper.gpu.product_space import kernels
from accelsim.mapper.question import quiet
from accelsim.mapping.gpu_save import kernel_text
from accelsim.mapping.product_kernel import ProductKernel, load_product_kernel
from accelsim.workload.calls import Bmm, Gemm

CALLS = {
    "large": Gemm(m=4096, n=4096, k=4096),
    "decode": Gemm(m=8, n=4096, k=4096),
    "deep": Gemm(m=512, n=512, k=8192),
    "batched": Bmm(b=32, m=1024, n=1024, k=128),
    "narrow rows": Gemm(m=511, n=511, k=511),
    "fp8": Gemm(m=2048, n=2048, k=2048, dtype="fp8"),
    "fp32": Gemm(m=512, n=512, k=512, dtype="fp32"),
}


def one(each, at):
    work = each.work
    return ProductWork(work.gpu, work.kernel, work.family, work.shape, work.tiling.at(at))


class Few(Products):
    """Every so many of the tilings."""

    @property
    def families(self):
        return tuple(
            each.where(np.arange(each.number) % 97 == 5)
            for each in super().families
            if each.number > 5
        )


@pytest.mark.parametrize("minimise", ["latency", "energy", "energy_delay"])
@pytest.mark.parametrize("name", CALLS)
def test_it_finds_what_brute_force_finds(name, minimise):
    few = Few(CALLS[name], load_gpu("h100_sxm"), minimise)
    found = best_product(few, quiet)
    rng = random.Random(3)
    every = [(each, at) for each in few.families for at in range(each.number)]
    some = rng.sample(every, min(400, len(every)))
    assert found.value <= min(few.value(one(*each)) for each in some) * (1 + CLOSE)
    assert found.candidates + found.pruned == len(every)


@pytest.mark.parametrize("minimise", ["latency", "energy", "energy_delay"])
@pytest.mark.parametrize("machine", ["h100_sxm", "a100_sxm_80gb", "l40s", "b200_sxm"])
@pytest.mark.parametrize("name", ["large", "decode", "deep", "batched"])
def test_bounds_lie_just_below_values(name, machine, minimise):
    products, rng = Products(CALLS[name], load_gpu(machine), minimise), random.Random(1)
    for each in rng.sample(products.families, 8):
        any_clock, own_clock = products.least(each, any_clock=True), products.least(each)
        at = rng.randrange(each.number)
        value = products.value(one(each, at))
        assert any_clock[at] <= own_clock[at] <= value <= own_clock[at] * (1 + 5 * CLOSE)


@pytest.mark.parametrize("machine", ["h100_sxm", "a100_sxm_80gb", "l40s", "b200_sxm"])
@pytest.mark.parametrize("name", CALLS)
def test_libraries_are_never_faster(name, machine):
    gpu, call = load_gpu(machine), CALLS[name]
    if not any(call.dtype in cores.flop for cores in gpu.tensor) and call.dtype == "fp8":
        pytest.skip("it multiplies no fp8")
    found = best_product(Products(call, gpu, "latency"), quiet)
    assert found.is_all
    assert found.value <= call_cost(call, gpu).seconds


@pytest.mark.parametrize("name", CALLS)
def test_a_record_reads_back_and_takes_as_long(name):
    gpu, call = load_gpu("h100_sxm"), CALLS[name]
    found = best_product(Products(call, gpu, "latency"), quiet)
    record = record_of(found, call)
    assert read_record(parse_yaml(kernel_text(record), "found.yaml"), ProductKernel) == record
    again = works_by(record, record.families, call, gpu)
    assert composed(again, gpu).seconds == found.value


def test_a_found_tile_of_a_library_takes_as_long_as_the_librarys():
    # 128 x 256 in clusters of 2 x 1 is what cuBLAS takes for 4096 cubed.
    gpu, call = load_gpu("h100_sxm"), CALLS["large"]
    products = Products(call, gpu, "latency")
    facts = call_cost(call, gpu).times.facts
    assert (facts["tile"], facts["cluster"]) == ("128 x 256", "2 x 1")
    alike = [
        products.value(one(each, at))
        for each in products.families
        for at in np.flatnonzero(
            (each.work.tiling.n == 128)
            & (each.work.tiling.m == 256)
            & (each.work.tiling.cluster_n == 2)
            & (each.work.tiling.cluster_m == 1)
            & (each.work.tiling.along_n == 1)
        )
        if each.work.family.persistent and each.work.kernel.instruction == "wgmma"
    ]
    assert call_cost(call, gpu).seconds in alike


@pytest.mark.parametrize("instruction", ["mma", "fma"])
def test_registers_are_about_those_of_kernels_that_exist(instruction):
    """Kernels of CUTLASS of whole rows: their registers were seen in launches. Those of FP32 with
    few results hold more than they need."""
    shipped = load_product_kernel({"mma": "gemm_mma", "fma": "gemm_ffma"}[instruction])
    aligned = {"mma": 16, "fma": 4}[instruction]
    seen = [t for f in shipped.families if f.alignment_bytes == aligned for t in f.tiles]
    for tile in seen[: 6 if instruction == "mma" else None]:
        own = [
            each
            for each in tiles(instruction, 64, "copies")
            if (each.n, each.m, each.threads) == (tile.n, tile.m, tile.threads)
        ]
        assert min(abs(each.registers / tile.registers - 1) for each in own) < 0.12


def test_warpgroups_registers_on_paper():
    # 128 x 256 by two warpgroups: 128 sums a thread and 28 of its own, 160; 24 for who fetches.
    (tile,) = (t for t in tiles("wgmma", 128, "bulk") if (t.n, t.m, t.along) == (128, 256, "n"))
    assert (tile.threads, tile.registers, tile.alone) == (384, 120, False)
    assert 3 * tile.registers >= 2 * 160 + 24
    # 4 warpgroups of 96 registers launched, 114 dealt, 86 of sums: 44032. 2: 212 of sums: 54272.
    held = [t.n * t.m for t in tiles("wgmma", 128, "bulk") if has_room(t, 0, load_gpu("h100_sxm"))]
    assert 50000 < max(held) <= 54272


@pytest.mark.parametrize("machine", ["h100_sxm", "a100_sxm_80gb", "l40s", "b200_sxm"])
def test_every_block_fits_an_sm(machine):
    gpu, found = load_gpu(machine), 0
    for kernel in kernels(CALLS["large"], gpu):
        for family in (each for each in kernel.families if each.splits.batches):
            for tile in family.tiles:
                shared = (tile.n + tile.m) * family.step_bytes * family.stages
                assert shared + 1024 <= gpu.sm.shared_bytes
                blocks = resident_blocks(gpu, tile.threads, tile.registers, shared)
                assert blocks * tile.registers * tile.threads <= gpu.sm.registers
                found += 1
    assert found > 100


def test_a_split_of_a_batch_is_summed():
    call, gpu = Bmm(b=4, m=64, n=64, k=65536), load_gpu("h100_sxm")
    products = Products(call, gpu, "latency")
    found = best_product(products, quiet)
    assert found.tiling.split > 1
    work = ProductWork(gpu, found.kernel, found.family, products.shape, found.tiling)
    (_, summing) = with_reduction(work)
    assert summing.actions(True)["l2"] == 4 * 64 * 64 * (4 * found.tiling.split + 2)
