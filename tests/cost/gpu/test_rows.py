"""Softmax, RMS norm and copies on a GPU."""

import csv
from pathlib import Path
from statistics import mean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelsim.arch.load_gpu import load_gpu
from accelsim.base.catalogue import shipped
from accelsim.base.errors import Place
from accelsim.cost.gpu.rows import row_works
from accelsim.cost.gpu.why import WORDS
from accelsim.workload.calls import KERNELS, Copy, RmsNorm, Softmax, case_of

H100 = load_gpu("h100_sxm")
ROWS, COLS = st.integers(1, 10**6), st.integers(1, 2 * 10**5)
ROW_CALLS = st.sampled_from((Softmax, RmsNorm))


def times(call, gpu=H100, cold=True):
    return [work.times(gpu.clock_hz, cold) for work in row_works(call, gpu)]


def seconds(call, gpu=H100, cold=True):
    """Of the kernels; what starting them takes is not theirs."""
    return sum(each.seconds for each in times(call, gpu, cold))


def facts(call, cold=True):
    return times(call, cold=cold)[0].facts


def measured(file, *kernels):
    """(call, measured seconds) of the calibration."""
    path = Path(shipped()) / "arch/gpu/calibration" / file
    with path.open() as table:
        for row in csv.DictReader(table):
            if row["kernel"] in kernels:
                case = case_of(row["kernel"], row["params"], Place(file), KERNELS)
                yield case.call, float(row["ms"]) * 1e-3


def in_a_burst(call):
    launch, works = H100.launch, row_works(call, H100)
    return launch.floor_s + (len(works) - 1) * launch.gap_s + seconds(call)


def errors(file, *kernels):
    """Of cases of 20 microseconds and more, relative; of others, in seconds."""
    found = [(in_a_burst(call), true) for call, true in measured(file, *kernels)]
    long = [abs(ours / true - 1) for ours, true in found if true >= 20e-6]
    short = [abs(ours - true) for ours, true in found if true < 20e-6]
    return long, short


# --- numbers to check by hand ----------------------------------------------------------------


def test_48_registers_leave_room_for_ten_blocks_and_4_rows_a_block_make_three_quarters_a_wave():
    of = facts(Softmax(rows=4096, cols=1000))
    assert (of["blocks"], of["resident blocks"]) == (1024, 10)
    assert of["waves"] == pytest.approx(1024 / (132 * 10))


def test_27_registers_count_as_32_so_that_16_blocks_of_128_threads_are_resident():
    assert facts(RmsNorm(rows=16384, cols=4096))["resident blocks"] == 16


def test_1024_threads_with_the_row_in_shared_memory_are_resident_twice():
    assert facts(Softmax(rows=64, cols=10240))["resident blocks"] == 2


def test_a_softmax_in_registers_moves_every_byte_twice():
    size = 65536 * 1000 * 2
    of = facts(Softmax(rows=65536, cols=1000))
    assert (of["HBM bytes read"], of["L2 bytes"]) == (size, 2 * size)


def test_rms_norm_finds_more_than_half_of_an_8_kib_row_again_in_l1():
    # 16 resident rows of 8 KiB, half a row more each, in four fifths of 256 KiB.
    found = 1 / (1 + (16 * 8192 * 1.5 / (0.8 * 256 * 1024)) ** 4)
    size = 65536 * 4096 * 2
    of = facts(RmsNorm(rows=65536, cols=4096))
    assert of["found in L1"] == pytest.approx(found)
    assert of["L2 bytes"] == pytest.approx(size * (3 - found))


def test_a_row_of_2_mb_is_read_three_times_from_device_memory():
    call = Softmax(rows=4096, cols=2**20)
    assert facts(call)["HBM bytes read"] / (4096 * 2**21) == pytest.approx(3, rel=0.01)


def test_a_copy_of_1_gb_cold_takes_what_its_bytes_take_and_a_start():
    (of,) = times(Copy(bytes=10**9))
    assert of.facts["HBM bytes written"] == pytest.approx(1.005e9)
    assert of.seconds == pytest.approx(1.07e-6 + of.by_resource["hbm"])


def test_a_copy_of_8_mb_back_to_back_stays_in_l2():
    (of,) = times(Copy(bytes=8 * 10**6), cold=False)
    assert of.facts["HBM bytes read"] == pytest.approx(0, abs=10)
    assert of.bound == "l2"


def test_a_block_launched_takes_0_6_ns():
    (of,) = times(RmsNorm(rows=10**6, cols=64))
    assert of.by_resource["launch"] == pytest.approx(0.603e-3)
    assert of.bound == "launch"


def test_a_softmax_takes_an_exponential_for_the_sum_and_two_special_ones_for_the_quotient():
    (work,) = row_works(Softmax(rows=4096, cols=1024), H100)
    assert work.actions(cold=True)["exp"] == 3 * 4096 * 1024


def test_a_load_and_a_store_a_word_are_narrow_and_16_byte_vectors_are_not():
    def narrow(call):
        (work,) = row_works(call, H100)
        return work.actions(cold=True)["narrow"]

    assert narrow(Softmax(rows=4096, cols=1024)) == 2 * 4096 * 1024
    assert narrow(Softmax(rows=4096, cols=10240)) == 0
    assert narrow(RmsNorm(rows=8, cols=1024, dtype="fp32")) == 0


@pytest.mark.parametrize(
    "call", [Copy(bytes=10**7), Softmax(rows=64, cols=99), RmsNorm(rows=9, cols=99)]
)
def test_every_work_counts_actions_and_resources_that_the_machine_has(call):
    known = {action.name for action in H100.power.actions}
    for work in row_works(call, H100):
        assert set(work.actions(cold=False)) <= known
        assert set(work.times(H100.clock_hz, cold=False).by_resource) <= set(WORDS)


# --- laws --------------------------------------------------------------------------------------


@given(kind=ROW_CALLS, rows=ROWS, cols=COLS, cold=st.booleans())
def test_no_kernel_is_faster_than_its_bytes_or_any_one_resource(kind, rows, cols, cold):
    for of in times(kind(rows=rows, cols=cols), cold=cold):
        moved = of.facts["HBM bytes read"] + of.facts["HBM bytes written"]
        assert of.seconds >= moved / 3350e9
        assert of.seconds >= max(of.by_resource.values()) * (1 - 1e-9)


@given(kind=ROW_CALLS, rows=ROWS, cols=COLS, more=st.floats(1.01, 3), cold=st.booleans())
def test_more_rows_take_longer(kind, rows, cols, more, cold):
    fewer, others = kind(rows=rows, cols=cols), kind(rows=int(rows * more) + 1, cols=cols)
    assert seconds(others, cold=cold) >= seconds(fewer, cold=cold) * (1 - 1e-9)


@given(kind=ROW_CALLS, rows=ROWS, cols=COLS)
def test_a_faster_memory_never_makes_a_kernel_slower(kind, rows, cols):
    call = kind(rows=rows, cols=cols)
    assert seconds(call, FASTER) <= seconds(call)


FASTER = load_gpu("h100_sxm", {"memories.HBM.bandwidth": "4800 GB/s"})


@given(kind=ROW_CALLS, rows=ROWS, cols=COLS, share=st.floats(0.3, 1))
def test_a_lower_clock_never_makes_a_kernel_faster(kind, rows, cols, share):
    for work in row_works(kind(rows=rows, cols=cols), H100):
        slow, fast = (work.times(H100.clock_hz * each, True).seconds for each in (share, 1))
        assert slow >= fast * (1 - 1e-9)


@given(size=st.integers(1, 10**10), cold=st.booleans())
def test_a_longer_copy_takes_longer(size, cold):
    assert seconds(Copy(bytes=2 * size), cold=cold) >= seconds(Copy(bytes=size), cold=cold)


# --- the calibration, of which a few constants are ---------------------------------------------


def test_copies_are_within_2_percent_and_half_a_microsecond():
    long, short = errors("h100_sxm_pipes.csv", "copy")
    assert len(long) == 8
    assert mean(long) < 0.02
    assert max(short) < 0.6e-6


@pytest.mark.parametrize(("kernel", "cases"), [("softmax", 28), ("rms_norm", 43)])
def test_row_wise_kernels_are_within_6_percent(kernel, cases):
    long, short = errors("h100_sxm_shapes.csv", kernel)
    assert len(long) == cases
    assert mean(long) < 0.06
    # Of many rows of 8 KiB, which rms_norm takes longer for than is understood, there are three.
    assert len([error for error in long if error > 0.15]) <= 3 * (kernel == "rms_norm")
    assert mean(short) < 1e-6
