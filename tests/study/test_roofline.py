import pytest

from accelsim.arch.load import load_arch
from accelsim.arch.load_gpu import load_gpu
from accelsim.base.errors import MappingError
from accelsim.study.roofline import call_rows, ceilings, roofline_table
from accelsim.workload.calls import Gemm, Sdpa


def by_name(rows, row):
    return {each["name"]: each for each in rows if each["row"] == row}


def test_ceilings_of_an_h100_are_those_of_its_datasheet():
    """3.35 TB/s of HBM3; 989.4 dense bf16 TFLOPS at 1830 MHz are 1070.5 at 1980 MHz, fp8 twice."""
    rows = ceilings(load_gpu("h100_sxm"))
    pipes = by_name(rows, "pipe")
    assert pipes["wgmma bf16"]["flop_rate"] == pytest.approx(989.4e12 * 1980 / 1830, rel=1e-3)
    assert pipes["wgmma fp8"]["flop_rate"] == 2 * pipes["wgmma bf16"]["flop_rate"]
    assert pipes["FP32"]["flop_rate"] == pytest.approx(66.9e12, rel=1e-3)
    memories = by_name(rows, "memory")
    assert memories["HBM"]["bandwidth_bytes_per_s"] == 3.35e12
    # 128 B a cycle of each of 132 SMs; tiles come out of L2 at 8.6 TB/s (calibration).
    assert memories["shared"]["bandwidth_bytes_per_s"] == 128 * 132 * 1980e6
    assert memories["L2"]["bandwidth_bytes_per_s"] == pytest.approx(8.6e12, rel=0.01)


def test_ceilings_of_an_array_are_its_macs_and_its_ports():
    rows = ceilings(load_arch("fusemax_cloud"))
    assert by_name(rows, "pipe")["Array2D"]["flop_rate"] == 2 * 256 * 256 * 940e6
    assert by_name(rows, "memory")["DRAM"]["bandwidth_bytes_per_s"] == 400 * 2**30


def test_work_stands_at_its_flop_a_byte_of_each_memory():
    call = Gemm(m=4096, n=4096, k=4096)
    hbm, *others = call_rows("gemm", call, load_gpu("h100_sxm"), 200e-6)
    assert hbm["level"] == "HBM"
    assert hbm["intensity"] == pytest.approx(2 * 4096**3 / (3 * 4096**2 * 2))
    assert hbm["measured_flop_rate"] == pytest.approx(2 * 4096**3 / 200e-6)
    assert {each["level"] for each in others} == {"L2"}
    assert all(each["intensity"] < hbm["intensity"] for each in others)


def test_no_work_is_above_its_ceilings():
    gpu = load_gpu("h100_sxm")
    rows = [*ceilings(gpu), *call_rows("gemm", Gemm(m=8192, n=8192, k=8192), gpu, None)]
    bandwidth = {name: r["bandwidth_bytes_per_s"] for name, r in by_name(rows, "memory").items()}
    top = max(each["flop_rate"] for each in by_name(rows, "pipe").values())
    for each in (row for row in rows if row["row"] == "work"):
        assert each["flop_rate"] <= top
        assert each["flop_rate"] / each["intensity"] <= bandwidth[each["level"]]


def test_a_call_that_no_kernel_is_known_for_is_an_error():
    call = Sdpa(backend="flash", b=1, h=1, g=1, p=64, m=64, e=4096, causal=False)
    with pytest.raises(MappingError):
        call_rows("sdpa", call, load_gpu("h100_sxm"), None)


def test_every_row_of_the_table_has_its_machine_and_source():
    table = roofline_table("h100_sxm", "a datasheet", ceilings(load_gpu("h100_sxm")))
    assert set(table["machine"]) == {"h100_sxm"} and set(table["source"]) == {"a datasheet"}
    assert list(table["intensity"]) == [None] * len(table)
