"""Matrix products: small ones by hand, laws on any, and against the measured calibration."""

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accelsim.arch.load_gpu import load_gpu
from accelsim.base.record import Rate
from accelsim.cost.gpu.power import burst_clock_hz
from accelsim.cost.gpu.product import ProductWork, ReductionWork, product_works, read_bytes
from accelsim.cost.gpu.product_shape import Tiling, shape_of
from accelsim.cost.gpu.product_tiles import allowed
from accelsim.cost.gpu.product_time import main_seconds, run_of, seconds
from accelsim.mapping.product_kernel import kernel_of
from accelsim.workload.calls import WORD_BYTES, Bmm, Gemm

H100 = load_gpu("h100_sxm")
CLOCK = float(H100.clock_hz)
CALIBRATION = Path(__file__).parents[3] / "arch" / "gpu" / "calibration"
OLDER = H100.model_copy(update={"tensor": (H100.cores("mma"),)})


def work(call, tile, cluster=(1, 1), split=1, gpu=H100, resident=1):
    kernel, families = kernel_of(call, gpu)
    tiling = Tiling(*tile, 1, *cluster, split, resident, 1.0, 1, 0)
    return ProductWork(gpu, kernel, families[0], shape_of(call), tiling)


@pytest.mark.parametrize(
    ("cluster", "tiles", "waves"),
    [
        # 16 x 32 tiles on 132 SMs; clusters of 8 find room on 120 of them.
        ((1, 1), 512, 4),
        ((2, 1), 512, 4),
        ((4, 2), 512, 5),
    ],
)
def test_waves_by_hand(cluster, tiles, waves):
    facts = work(Gemm(m=4096, n=4096, k=64), (256, 128), cluster).times(CLOCK, True).facts
    assert (facts["tiles"], facts["waves"]) == (tiles, waves)


def test_the_tail_is_the_share_of_the_slots_that_find_no_tile():
    facts = work(Gemm(m=4096, n=4096, k=64), (256, 128)).times(CLOCK, True).facts
    assert facts["tail"] == pytest.approx(1 - 512 / (4 * 132))


def test_padding_is_multiplied_but_not_what_only_fills_a_cluster():
    # 104 x 100 lie in one tile of 128 x 128; its cluster has another, of nothing but zeros.
    actions = work(Bmm(b=3, m=100, n=104, k=64), (128, 128), (2, 1)).actions(True)
    assert actions["wgmma_bf16"] == 3 * 2 * 128 * 128 * 64


def test_a_cluster_loads_what_its_tiles_share_once():
    call = Gemm(m=256, n=512, k=64)
    # A step of 64 words is 128 bytes a row: 2 x 2 tiles of 256 + 128 rows.
    assert work(call, (256, 128)).actions(True)["bulk"] == 4 * 128 * (256 + 128)
    assert work(call, (256, 128), (2, 1)).actions(True)["bulk"] == 4 * 128 * (256 + 64)
    assert work(call, (256, 128), (2, 2)).actions(True)["bulk"] == 4 * 128 * (128 + 64)


def test_the_time_of_one_tile_by_hand():
    product = work(Gemm(m=128, n=256, k=640), (256, 128))
    times = product.times(CLOCK, False)
    # 256 x 128 x 16 products take 256 cycles of 4096 FLOP; there are 40 of them.
    assert times.by_resource["tensor"] == pytest.approx(256 * 40 / CLOCK)
    # 384 rows of 128 bytes come through the port in each of 10 steps.
    port = 384 * 128 / float(H100.sm.port_bandwidth.bytes_per_cycle) * 10 / CLOCK
    stored = 128 * 256 * 2 / (15.1 * 132 * CLOCK)
    assert times.by_resource["l2"] == pytest.approx(port + stored)
    assert times.seconds > H100.launch.start_s + max(port, 256 * 40 / CLOCK)


def test_split_k_is_a_product_and_a_sum():
    works = product_works(Gemm(m=64, n=512, k=16384), H100)
    assert [type(each) for each in works] == [ProductWork, ReductionWork]
    parts = works[0].tiling.split
    # Partial sums of 4 bytes a part, and the result.
    assert works[1].actions(True)["l2"] == 64 * 512 * (4 * parts + 2)
    assert works[0].actions(True)["l2"] == 64 * 512 * 4 * parts


def test_batches_and_short_products_are_not_split():
    assert len(product_works(Bmm(b=2, m=64, n=512, k=16384), H100)) == 1
    assert len(product_works(Gemm(m=64, n=512, k=512), H100)) == 1


def test_a_persistent_kernel_that_counts_its_tiles_sets_the_counter_first():
    two = work(Gemm(m=4096, n=2048, k=64), (256, 128)).times(CLOCK, True)
    three = work(Gemm(m=4096, n=3072, k=64), (256, 128)).times(CLOCK, True)
    assert two.by_resource["launch"] == pytest.approx(H100.launch.start_s)
    more = three.by_resource["launch"] - two.by_resource["launch"]
    assert more == pytest.approx(H100.launch.memset_s)


def test_operands_beyond_l2_are_read_again():
    small, large = Gemm(m=2048, n=2048, k=2048), Gemm(m=16384, n=16384, k=16384)
    for call, least, most in ((small, 1.0, 1.01), (large, 1.5, 20.0)):
        product = work(call, (256, 128))
        again = read_bytes(H100, product.shape, product.tiling) / product.shape.reads
        assert least <= again <= most


def test_a_warm_call_finds_what_fits_into_l2():
    (product,) = product_works(Gemm(m=1024, n=1024, k=1024), H100)
    assert product.actions(False)["HBM"] < 0.05 * product.actions(True)["HBM"]
    assert product.times(CLOCK, False).seconds < product.times(CLOCK, True).seconds


def test_rows_that_do_not_start_at_sectors_take_longer():
    whole = work(Gemm(m=4096, n=4096, k=4096), (256, 128)).times(CLOCK, True)
    other = work(Gemm(m=4096, n=4088, k=4088), (256, 128)).times(CLOCK, True)
    assert other.seconds > 1.1 * whole.seconds


def test_rows_an_odd_number_of_16_bytes_long_start_within_a_sector_in_turn():
    shape = shape_of(Gemm(m=64, n=72, k=64))
    assert (shape.within_n, shape.within_m, shape.within_out) == (0.5, 0, 0.5)
    # Rows of 2 bytes: one in 16 starts at a sector.
    assert shape_of(Gemm(m=64, n=65, k=64)).within_n == 15 / 16


def test_every_second_row_within_a_sector_makes_a_side_take_l2_half_as_long_again():
    def l2_s(n, k):
        product = work(Gemm(m=1024, n=n, k=k), (128, 128), (2, 2))
        run = run_of(H100, product.kernel, product.family, product.shape, product.tiling, 0, 0)
        return run.l2_s / run.l2_bytes * run.tiles * run.steps

    assert l2_s(1152 + 8, 1024) / l2_s(1152 + 16, 1024) == pytest.approx(1.25, rel=0.01)
    assert l2_s(1152 + 8, 1024 + 8) / l2_s(1152 + 16, 1024) == pytest.approx(1.5, rel=0.01)


def test_what_lies_beyond_the_edges_is_not_loaded():
    # 96 x 64 of a tile of 128 x 128, in a step of 128 bytes a row.
    assert work(Gemm(m=64, n=96, k=64), (128, 128)).actions(True)["bulk"] == 128 * (96 + 64)


def test_blocks_share_rows_through_l2_only_where_there_are_neighbours_and_no_clusters():
    def l2_s(n, cluster):
        product = work(Bmm(b=4, m=128, n=n, k=64), (128, 128), cluster)
        run = run_of(H100, product.kernel, product.family, product.shape, product.tiling, 0, 0)
        return run.l2_s / run.l2_bytes * run.tiles * run.steps

    alone, beside, in_cluster = l2_s(128, (1, 1)), l2_s(256, (1, 1)), l2_s(256, (2, 1))
    assert beside / alone == pytest.approx(0.86 * 2)
    assert in_cluster / alone == pytest.approx(2)


def test_rows_along_k_longer_than_a_step_take_device_memory_longer():
    def memory_s(k):
        product = work(Gemm(m=128, n=128, k=k), (128, 128))
        args = product.kernel, product.family, product.shape, product.tiling
        return run_of(H100, *args, 1e6, 0).memory_s

    # A step is 64 words; of 1 MB, one half are rows of A.
    assert memory_s(128) - memory_s(64) == pytest.approx(0.155 * 0.5e6 / 3.35e12)


def test_a_step_is_asked_for_when_the_one_two_before_it_is_done():
    # Tiles of 32 x 32 in 3 stages: 104 steps of 8 words, each a half of the way to device memory
    # and of a step of two warps, which fill half of the schedulers.
    (product,) = product_works(Bmm(b=4, m=192, n=336, k=832, dtype="fp32"), H100)
    assert (product.tiling.n, product.tiling.m, product.tiling.fills) == (32, 32, 0.5)
    step_s = 8 * (32 * 32 / (128 * 0.84 * 0.5) * (1 + 2 / 16) + 10) / CLOCK
    args = H100, product.kernel, product.family, product.shape, product.tiling
    cold, warm = run_of(*args, product.shape.reads, 0), run_of(*args, 0, 0)
    assert main_seconds(cold, CLOCK) == pytest.approx(104 * (0.495e-6 + step_s) / 2)
    # What L2 holds comes so soon that the two tiles of every SM keep it busy.
    both_s = 2 * 8 * (32 * 32 / (128 * 0.84) * (1 + 2 / 16) + 10) / CLOCK
    assert main_seconds(warm, CLOCK) == pytest.approx(104 * both_s)


def test_a_block_that_counts_its_tiles_takes_0_39_us_for_each():
    times = work(Bmm(b=13200, m=8, n=8, k=8), (64, 8)).times(CLOCK, True)
    assert times.by_resource["latency"] == pytest.approx(100 * 0.39e-6)
    assert times.bound == "latency"


def test_without_wgmma_large_products_come_near_the_rate_of_mma():
    (product,) = product_works(Gemm(m=8192, n=8192, k=8192), OLDER)
    times = product.times(CLOCK, True)
    assert times.bound == "tensor"
    assert times.by_resource["tensor"] > 0.85 * times.seconds
    assert "mma_bf16" in product.actions(True)


sizes = st.integers(1, 5000)
calls = st.one_of(
    st.builds(Gemm, m=sizes, n=sizes, k=sizes, dtype=st.sampled_from(["bf16", "fp16", "fp32"])),
    st.builds(Bmm, b=st.integers(1, 300), m=st.integers(1, 600), n=st.integers(1, 600), k=sizes),
)


@settings(max_examples=60, deadline=None)
@given(call=calls, gpu=st.sampled_from([H100, OLDER]))
def test_no_product_beats_its_flop_nor_its_bytes(call, gpu):
    works = product_works(call, gpu)
    product, took = works[0], sum(each.times(CLOCK, True).seconds for each in works)
    flop = 2 * product.shape.b * call.m * call.n * call.k
    instruction = product.kernel.instruction
    rate = 2 * 128 if instruction == "fma" else gpu.cores(instruction).rate(call.dtype)
    assert took >= flop / (rate * gpu.sms * CLOCK)
    word = WORD_BYTES[call.dtype]
    read = product.shape.b * (call.m + call.n) * call.k * word
    assert took >= read / gpu.hbm.bandwidth.bytes_per_s
    assert all(count >= 0 for each in works for count in each.actions(True).values())


@settings(max_examples=60, deadline=None)
@given(call=calls, clock=st.floats(5e8, 1.98e9), level=st.sampled_from(["L2", "HBM"]))
def test_the_same_tiles_are_never_slower_with_more_bandwidth_or_clock(call, clock, level):
    product = product_works(call, H100)[0]
    more = {"bandwidth": Rate(bytes_per_s=2e13), "tile_bandwidth": Rate(bytes_per_s=4e13)}
    memories = tuple(
        each.model_copy(update=more) if each.name == level else each for each in H100.memories
    )
    richer = replace(product, gpu=H100.model_copy(update={"memories": memories}))
    slow = product.times(clock, True).seconds
    assert richer.times(clock, True).seconds <= slow * (1 + 1e-9)
    assert product.times(CLOCK, True).seconds <= slow * (1 + 1e-9)


@settings(max_examples=40, deadline=None)
@given(call=calls)
def test_candidates_side_by_side_are_timed_as_one_alone(call):
    kernel, families = kernel_of(call, H100)
    shape = shape_of(call)
    tilings = allowed(H100, families[0], shape)
    run = run_of(H100, kernel, families[0], shape, tilings, 1e6, 1e6)
    at_once = seconds(H100, run, CLOCK)
    for index in (0, len(at_once) // 2, len(at_once) - 1):
        one = run_of(H100, kernel, families[0], shape, tilings.at(index), 1e6, 1e6)
        assert seconds(H100, one, CLOCK) == pytest.approx(at_once[index], rel=1e-12)


def predicted_us(call):
    works = product_works(call, H100)
    actions = {}
    for each in works:
        for name, count in each.actions(True).items():
            actions[name] = actions.get(name, 0) + count
    before = H100.launch.floor_s + (len(works) - 1) * H100.launch.gap_s

    def seconds_at(clock):
        return before + sum(each.times(clock, True).seconds for each in works)

    return 1e6 * seconds_at(burst_clock_hz(H100, actions, seconds_at))


@pytest.fixture(scope="module")
def errors():
    """Predicted and measured microseconds of the steady products of the calibration."""
    files = [CALIBRATION / f"h100_sxm_{name}.csv" for name in ("shapes", "pipes")]
    rows = pd.concat([pd.read_csv(file) for file in files])
    rows = rows[rows.kernel.isin(["gemm", "bmm"]) & (rows.ms <= 1.2 * rows.min_ms)]
    kinds = {"gemm": Gemm, "bmm": Bmm}
    params = zip(rows.kernel, rows.params, strict=True)
    predicted = [predicted_us(kinds[kernel](**json.loads(text))) for kernel, text in params]
    return pd.DataFrame({"predicted": predicted, "measured": rows.ms.to_numpy() * 1e3})


def test_products_of_20_us_and_more_are_predicted_within_8_percent(errors):
    long = errors[errors.measured >= 20]
    assert len(long) > 150
    assert (long.predicted / long.measured - 1).abs().mean() <= 0.08


def test_shorter_products_are_predicted_within_a_microsecond(errors):
    short = errors[errors.measured < 20]
    assert (short.predicted - short.measured).abs().mean() <= 1
