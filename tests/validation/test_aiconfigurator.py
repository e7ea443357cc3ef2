"""Rows of a tiny package in the layout of the real one, and of that where it is installed."""

import numpy as np
import pytest

from accelsim.base.errors import InputError
from accelsim.study.table import Table, write_parquet
from accelsim.validation import aiconfigurator
from accelsim.validation.aiconfigurator import (
    RULES,
    Selection,
    data_folder,
    installed,
    measured_gpus,
    read,
)
from accelsim.workload.calls import Gemm, Sdpa

SHAPE = {
    "device": "NVIDIA H100 80GB HBM3",
    "kernel_source": "vllm_flash_attn_fa3",
    "batch_size": 32,
    "isl": 1,
    "num_heads": 32,
    "num_key_value_heads": 8,
    "head_dim": 128,
    "beam_width": 1,
    "attn_dtype": "bfloat16",
    "kv_cache_dtype": "bfloat16",
    "step": 8191,
    "window_size": 0,
    "latency": 0.354,
}
"""Decoding over 8192 keys: 1.07 GB of keys and values, 0.32 ms of an H100's memory."""


def write(folder, rows, system="h100_sxm", phase="decode", at="vllm/0.24.0"):
    family, name = aiconfigurator.FILES[phase]
    file = folder / system / family / at / name
    file.parent.mkdir(parents=True, exist_ok=True)
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    write_parquet(Table.of(columns), file)


def decoding(**changes):
    return SHAPE | changes


def prefill(**changes):
    return SHAPE | {"batch_size": 2, "isl": 4096, "step": 0, "latency": 1.0} | changes


def test_decoding_is_one_query_over_the_keys_before_it_and_its_own(tmp_path):
    write(tmp_path, [decoding()])
    (row,) = read("h100_sxm", tmp_path).rows
    expected = Sdpa(backend="flash3", b=32, h=32, g=8, p=1, m=8192, e=128, page=64)
    assert (row.gpu, row.phase, row.kernel, row.call) == ("h100_sxm", "decode", "sdpa", expected)
    assert (row.ms, row.framework, row.version) == (0.354, "vllm", "0.24.0")


def test_prefill_is_causal(tmp_path):
    write(tmp_path, [prefill()], phase="prefill")
    (row,) = read("h100_sxm", tmp_path).rows
    expected = Sdpa(backend="flash3", b=2, h=32, g=8, p=4096, m=4096, e=128, causal=True, page=64)
    assert (row.phase, row.call) == ("prefill", expected)


@pytest.mark.parametrize(
    ("system", "gpu", "source", "backend"),
    [
        ("a100_sxm", "a100_sxm_80gb", "vllm_flash_attn", "flash"),
        ("l40s", "l40s", "vllm_flash_attn_fa2", "flash"),
        ("b200_sxm", "b200_sxm", "vllm_flashinfer_trtllmprefill", "trtllm"),
        ("l40s", "l40s", "vllm_flashinfer_fiprefill", "flash"),
        ("l40s", "l40s", "torch_flow", "flash"),
        ("h200_sxm", "h200_sxm", "torch_flow", "cudnn"),
        ("h200_sxm", "h200_sxm", "vllm_flash_attn_fa3", "flash3"),
    ],
)
def test_the_backend_is_the_one_that_works_like_the_frameworks_kernel(
    tmp_path, system, gpu, source, backend
):
    write(tmp_path, [prefill(kernel_source=source)], system, "prefill")
    (row,) = read(gpu, tmp_path).rows
    assert row.call.backend == backend


def test_matrix_products_are_read_in_the_words_asked_for(tmp_path):
    shape = {"kernel_source": "linear", "m": 8, "n": 64, "k": 32, "latency": 0.01}
    rows = [shape | {"gemm_dtype": word} for word in ("bfloat16", "fp8", "fp8_block")]
    write(tmp_path, rows, phase="gemm")
    found = read("h100_sxm", tmp_path, Selection(phases=("gemm",), dtypes=("bf16", "fp8"))).rows
    assert [row.call for row in found] == [Gemm(m=8, n=64, k=32, dtype=d) for d in ("bf16", "fp8")]


def test_other_rows_are_not_selected(tmp_path):
    others = [
        decoding(head_dim=64),
        decoding(attn_dtype="fp8"),
        decoding(kv_cache_dtype="fp8"),
        decoding(window_size=128),
    ]
    write(tmp_path, [*others, decoding()])
    write(tmp_path, [decoding(latency=9.0)], at="sglang/0.5.14")
    assert len(read("h100_sxm", tmp_path).rows) == 1
    both = Selection(frameworks=("vllm", "sglang"), head_dims=(64, 128))
    assert sorted(row.ms for row in read("h100_sxm", tmp_path, both).rows) == [0.354, 0.354, 9.0]


def test_a_file_without_windows_has_none(tmp_path):
    rows = [{name: value for name, value in decoding().items() if name != "window_size"}]
    write(tmp_path, rows)
    assert len(read("h100_sxm", tmp_path).rows) == 1


def test_the_newest_version_with_the_file_is_read(tmp_path):
    for number, version in enumerate(("0.9.1", "0.14.0rc2", "0.14.0")):
        write(tmp_path, [decoding(latency=1.0 + number)], at=f"vllm/{version}")
    (tmp_path / "h100_sxm/attention/vllm/0.22.0").mkdir()
    (row,) = read("h100_sxm", tmp_path).rows
    assert (row.version, row.ms) == ("0.14.0", 3.0)


def left_out(folder, gpu="h100_sxm", selection=None):
    return {rule: n for rule, n in read(gpu, folder, selection).left_out.items() if n}


def test_a_shape_that_was_measured_before_is_left_out(tmp_path):
    write(tmp_path, [decoding(), decoding(latency=0.4), decoding(batch_size=64, latency=0.7)])
    assert left_out(tmp_path) == {"repeated": 1}
    assert [row.ms for row in read("h100_sxm", tmp_path).rows] == [0.354, 0.7]


def test_heads_that_do_not_divide_are_left_out(tmp_path):
    write(tmp_path, [decoding(num_heads=10)])
    assert left_out(tmp_path) == {"ragged heads": 1}


def test_rows_faster_than_the_memory_are_left_out(tmp_path):
    write(tmp_path, [decoding(latency=0.31), decoding(latency=0.33, isl=2)])
    assert left_out(tmp_path) == {"faster than HBM": 1}


def test_decoding_from_l2_is_left_out_but_prefill_is_not(tmp_path):
    # 1 x 8192 keys of 8 heads of 128 words of 2 B, twice: 33.6 MB of an H100's 50.
    write(tmp_path, [decoding(batch_size=1, latency=0.02)])
    write(tmp_path, [prefill(batch_size=1)], phase="prefill")
    found = read("h100_sxm", tmp_path)
    assert [row.phase for row in found.rows] == ["prefill"]
    assert found.left_out["KV in L2"] == 1


def test_a_series_that_shares_its_keys_is_left_out(tmp_path):
    write(tmp_path, [decoding(latency=9.0)], "a100_sxm", at="trtllm/1.0.0")
    selection = Selection(frameworks=("trtllm",))
    assert left_out(tmp_path, "a100_sxm_80gb", selection) == {"shared KV": 1}


def test_a_row_is_counted_once_and_without_rules_nothing_is_left_out(tmp_path):
    write(tmp_path, [decoding(batch_size=1, latency=0.001)])
    assert left_out(tmp_path) == {"faster than HBM": 1}
    assert len(read("h100_sxm", tmp_path, rules=()).rows) == 1
    assert len({rule.name for rule in RULES}) == len(RULES)


def test_a_gpu_without_measurements_is_refused_with_those_that_have_some(tmp_path):
    write(tmp_path, [decoding()])
    (tmp_path / "l4").mkdir()
    with pytest.raises(InputError, match="no measurements of l4. There are those of h100_sxm"):
        read("l4", tmp_path)


def test_without_the_package_there_is_a_remedy(monkeypatch):
    monkeypatch.setattr(aiconfigurator, "find_spec", lambda name: None)
    assert not installed()
    with pytest.raises(InputError, match=r"not installed. pip install 'accelsim\[aiconfig"):
        data_folder()


@pytest.mark.skipif(not installed(), reason="aiconfigurator-core is not installed")
@pytest.mark.parametrize(
    "gpu", ["a100_sxm_80gb", "b200_sxm", "gb200", "h100_sxm", "h200_sxm", "l40s"]
)
def test_the_package_has_thousands_of_shapes_a_gpu(gpu):
    assert gpu in measured_gpus(data_folder())
    found = read(gpu, data_folder(), rules=())
    for phase in ("prefill", "decode"):
        ms = np.array([row.ms for row in found.rows if row.phase == phase])
        assert 5_000 < len(ms) < 8_000
        assert 0.005 < ms.min() < ms.max() < 10_000
