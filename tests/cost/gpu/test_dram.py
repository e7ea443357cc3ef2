"""Bytes and seconds of device memory."""

import csv
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelsim.arch.load_gpu import load_gpu
from accelsim.base.catalogue import shipped
from accelsim.cost.gpu.dram import apart, dram_seconds, found_in_l2, written_back
from accelsim.cost.gpu.fused_bytes import crossing
from accelsim.cost.gpu.mapping import gpu_mapping
from tests.workload.test_selections import cascade_of

H100 = load_gpu("h100_sxm")
BYTES = st.floats(0, 1e12)


def test_a_long_read_finds_30_mb_of_dirty_lines_in_its_way(h100):
    assert written_back(h100, 10e9, 0, cold=True) == pytest.approx(30e6)


def test_a_long_copy_leaves_25_of_its_own_and_so_writes_5_mb_more(h100):
    assert written_back(h100, 10e9, 10e9, cold=True) == pytest.approx(10e9 + 5e6)


def test_what_only_writes_leaves_as_much_as_it_found(h100):
    assert written_back(h100, 0, 1e9, cold=True) == pytest.approx(1e9)


def test_back_to_back_a_call_writes_its_own(h100):
    assert written_back(h100, 1e6, 1e6, cold=False) == 1e6


def test_nothing_moves_nothing(h100):
    assert written_back(h100, 0, 0, cold=True) == 0


def test_3_15_gb_are_read_and_3_30_gb_written_in_a_millisecond(h100):
    assert dram_seconds(h100, 3350e9 * 0.94e-3, 0) == pytest.approx(1e-3)
    assert dram_seconds(h100, 0, 3350e9 * 0.985e-3) == pytest.approx(1e-3)


def test_a_copy_of_1_gb_runs_at_3_03_tb_a_second(h100):
    assert 2e9 / dram_seconds(h100, 1e9, 1e9) == pytest.approx(3.03e12, rel=1e-3)


def test_a_cold_call_finds_nothing(h100):
    assert found_in_l2(h100, 1e3, cold=True) == 0
    assert found_in_l2(h100, 1e3, cold=False) == pytest.approx(1)


@given(reads=BYTES, writes=BYTES)
def test_a_call_writes_back_its_own_and_at_most_all_dirty_lines(reads, writes):
    written = written_back(H100, reads, writes, cold=True)
    assert writes - 1 <= written <= writes + 30e6 + 1


@given(read=BYTES, written=BYTES)
def test_nothing_is_faster_than_the_datasheet(read, written):
    assert dram_seconds(H100, read, written) >= (read + written) / 3350e9


def test_runs_at_places_of_their_own_take_what_was_measured():
    """The rows that set the two constants: a 4-norm of a run and an access is that near."""
    own = apart(load_gpu("h100_sxm"))
    ms: dict[tuple[int, bool], float] = {}
    with (shipped() / "arch/gpu/calibration/h100_sxm_pipes.csv").open() as file:
        for row in (each for each in csv.DictReader(file) if each["kernel"] == "gather"):
            params = json.loads(row["params"])
            ms[params["run"], params["stride"] == 1] = float(row["ms"])
    runs = sorted({run for run, _ in ms})
    assert runs == [16, 32, 64, 128, 256, 512, 1024, 4096]
    for run in runs:
        assert own.bytes_in_a_row(run) / run == pytest.approx(
            ms[run, False] / ms[run, True], rel=0.06
        )


def test_what_is_picked_by_token_counts_more_than_what_is_read_whole():
    text = "Z[p,e] = K[I[p],e]"
    made = cascade_of(
        text, ranks="{P: 1024, M: 1048576, E: 8}", inputs="{K: [M, E], I: [P]}", words="{I: 4 B}"
    )
    gpu = load_gpu("h100_sxm")
    (kernel,) = gpu_mapping(made, gpu).kernels
    reads = crossing(kernel.fusion, apart(gpu)).reads
    assert reads["K_at_I"] == pytest.approx(1024 * apart(gpu).bytes_in_a_row(16))
    assert reads["I"] == 4 * 1024
