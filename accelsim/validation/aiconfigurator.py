"""Attention and matrix products as `aiconfigurator-core` (PyPI, Apache-2.0) has them measured.

    systems/data/SYSTEM/attention/FRAMEWORK/VERSION/context_attention_perf.parquet      prefill
                        attention/FRAMEWORK/VERSION/generation_attention_perf.parquet   decode
                        gemm/FRAMEWORK/VERSION/gemm_perf.parquet                        gemm

    prefill   batch_size · isl queries over as many keys, causal
    decode    batch_size · 1 query over step + 1 keys
    gemm      x[m, k] @ transposed weight[n, k]

`latency` is in milliseconds, the mean of six replays of a graph that holds the call once (a matrix
product five times), after three to warm up, with no flush between (ai-dynamo/aiconfigurator,
collector/): L2 is as the replay before left it, what starting a graph takes is in it, and so is the
update of the KV cache where a framework's forward pass makes it. What a framework calls its kernel
decides which backend of ours it is held against.

A row that cannot be what it says is left out by a rule, which counts it; the first that fits does.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from accelsim.arch.gpu import Gpu, rate_per_s
from accelsim.arch.load_gpu import load_gpu
from accelsim.base.errors import InputError
from accelsim.study.table import Column, Table, read_chosen
from accelsim.workload.calls import WORD_BYTES, Backend, Call, Gemm, Sdpa

PACKAGE = "aiconfigurator_core"

SYSTEMS: Mapping[str, str] = {
    "a100_sxm_80gb": "a100_sxm",
    "a30": "a30",
    "b200_sxm": "b200_sxm",
    "gb200": "gb200",
    "h100_pcie": "h100_pcie",
    "h100_sxm": "h100_sxm",
    "h200_sxm": "h200_sxm",
    "l4": "l4",
    "l40s": "l40s",
}
"""GPUs of ours, and what the package calls them."""

FILES: Mapping[str, tuple[str, str]] = {
    "prefill": ("attention", "context_attention_perf.parquet"),
    "decode": ("attention", "generation_attention_perf.parquet"),
    "gemm": ("gemm", "gemm_perf.parquet"),
}

WORDS: Mapping[str, str] = {"bf16": "bfloat16", "fp16": "float16", "fp8": "fp8"}

SHARED_KV = (("a100_sxm_80gb", "trtllm", "1.0.0"),)
"""Series whose decoding reads the KV cache at more than the memory's bandwidth."""

FLASH_3 = ("vllm_flash_attn_fa3", "fa3")

PAGE = 64
"""Tokens: `block_size` of collector/vllm/collect_attn.py."""

GENERATED = ("vllm_flashinfer_trtllmprefill", "vllm_flashinfer_trtllmdecode")

PAGED = ("vllm_flash_attn", "vllm_flash_attn_fa2", "vllm_flash_attn_fa3", *GENERATED)

WARP_SPECIALISED = ("vllm_flash_attn_fa4", "trtllm_mha")
"""Kernels whose warps are producers and consumers, as cuDNN's; others are like FlashAttention-2."""


@dataclass(frozen=True)
class Selection:
    """Which rows are read; those of the keys and values in the same words as the queries."""

    phases: Sequence[str] = ("prefill", "decode")
    frameworks: Sequence[str] = ("vllm",)
    dtypes: Sequence[str] = ("bf16",)
    head_dims: Sequence[int] = (128,)


@dataclass(frozen=True)
class Row:
    """One measurement. `source` is what the framework calls its kernel."""

    gpu: str
    phase: str
    kernel: str
    call: Call
    ms: float
    framework: str
    version: str
    source: str


@dataclass(frozen=True)
class Rule:
    """Leaves out rows for which `fits` holds."""

    name: str
    why: str
    fits: Callable[["Series"], Column]


@dataclass(frozen=True)
class Series:
    """The rows of one file that were selected, in one word."""

    gpu: str
    phase: str
    framework: str
    version: str
    dtype: str
    rows: Table
    machine: Gpu

    @property
    def kv_bytes(self) -> Column:
        """Of the keys and values that a call reads; of a matrix product, none."""
        if self.phase == "gemm":
            return np.zeros(len(self.rows))
        values = self.rows["batch_size"] * self.rows["num_key_value_heads"] * self.keys
        return values * self.rows["head_dim"] * (2.0 * WORD_BYTES[self.dtype])

    @property
    def keys(self) -> Column:
        """Of each sequence."""
        rows = self.rows
        return rows["isl"] + (rows["step"] if self.phase == "decode" else 0)


@dataclass(frozen=True)
class Readings:
    """Rows, and how many each rule left out."""

    rows: tuple[Row, ...]
    left_out: Mapping[str, int]


def _repeated(series: Series) -> Column:
    told = [name for name in series.rows.columns if name not in ("latency", "device")]
    first: dict[tuple[Any, ...], int] = {}
    shapes = zip(*(series.rows[name].tolist() for name in told), strict=True)
    found = [first.setdefault(shape, number) < number for number, shape in enumerate(shapes)]
    return np.array(found, dtype=bool)


def _ragged(series: Series) -> Column:
    if series.phase == "gemm":
        return np.zeros(len(series.rows), dtype=bool)
    ragged: Column = series.rows["num_heads"] % series.rows["num_key_value_heads"] != 0
    return ragged


def _shared(series: Series) -> Column:
    is_shared = (series.gpu, series.framework, series.version) in SHARED_KV
    return np.full(len(series.rows), is_shared and series.phase == "decode")


def _too_fast(series: Series) -> Column:
    hbm = rate_per_s(series.machine.hbm.bandwidth, series.machine)
    too_fast: Column = series.kv_bytes / hbm * 1e3 > series.rows["latency"]
    return too_fast


def _in_l2(series: Series) -> Column:
    fits: Column = series.kv_bytes <= float(series.machine.l2.capacity_bytes)
    return fits & (series.phase == "decode")


RULES = (
    Rule("repeated", "the same shape was measured before in the same file", _repeated),
    Rule("ragged heads", "query heads do not divide over key/value heads", _ragged),
    Rule("shared KV", "a series that shares or caches its keys and values", _shared),
    Rule("faster than HBM", "device memory cannot deliver the KV cache in that time", _too_fast),
    Rule("KV in L2", "decoding whose KV cache L2 may still hold from the replay before", _in_l2),
)


def installed() -> bool:
    """Whether the package is there."""
    return find_spec(PACKAGE) is not None


def data_folder() -> Path:
    """Where the installed package has its Parquet files."""
    found = find_spec(PACKAGE)
    if found is None or not found.submodule_search_locations:
        remedy = "pip install 'accelsim[aiconfigurator]'"
        raise InputError("aiconfigurator-core is not installed", remedy=remedy)
    return Path(found.submodule_search_locations[0]) / "systems" / "data"


def measured_gpus(folder: Path) -> list[str]:
    """The GPUs of ours of which the package has measurements."""
    return [gpu for gpu in SYSTEMS if any((folder / SYSTEMS[gpu]).glob("*/*/*/*.parquet"))]


def read(
    gpu: str, folder: Path, selection: Selection | None = None, rules: Sequence[Rule] = RULES
) -> Readings:
    """The measurements of one GPU, less those that the rules leave out.

    Raises
    ------
    InputError
        if there is none of this GPU.
    """
    known = measured_gpus(folder)
    if gpu not in known:
        remedy = f"There are those of {', '.join(known)}" if known else None
        raise InputError(f"aiconfigurator-core has no measurements of {gpu}", remedy=remedy)
    rows: list[Row] = []
    left_out = dict.fromkeys((rule.name for rule in rules), 0)
    for series in _series(gpu, folder, selection or Selection()):
        remains = _remaining(series, rules, left_out)
        rows += _rows(series, series.rows.at(remains))
    return Readings(tuple(rows), left_out)


def _remaining(series: Series, rules: Sequence[Rule], left_out: dict[str, int]) -> Column:
    """A mask; every row left out is counted for the first rule that fits."""
    remains = np.ones(len(series.rows), dtype=bool)
    for rule in rules:
        fits = rule.fits(series) & remains
        left_out[rule.name] += int(fits.sum())
        remains &= ~fits
    return remains


def _series(gpu: str, folder: Path, selection: Selection) -> Iterator[Series]:
    machine = load_gpu(gpu)
    for phase in selection.phases:
        family, name = FILES[phase]
        for framework in selection.frameworks:
            file = _newest(folder / SYSTEMS[gpu] / family / framework, name)
            for dtype in selection.dtypes if file else ():
                rows = read_chosen(str(file), _chosen(phase, dtype, selection))
                version = file.parent.name if file else ""
                yield Series(gpu, phase, framework, version, dtype, rows, machine)


def _newest(folder: Path, name: str) -> Path | None:
    """Of the versions that have the file; 0.9.1 is older than 0.14.0."""
    found = folder.glob(f"*/{name}")
    return max(found, key=lambda file: _version(file.parent.name), default=None)


def _version(text: str) -> list[tuple[int, str]]:
    """Release candidates come before what they lead to: 1.3.0rc20 before 1.3.0."""
    parts = text.replace("rc", ".-1.").split(".")
    numbers = [(int(part), "") if part.lstrip("-").isdigit() else (0, part) for part in parts]
    return [*numbers, *[(0, "")] * (8 - len(numbers))]


def _chosen(phase: str, dtype: str, selection: Selection) -> Mapping[str, Sequence[Any]]:
    word = (WORDS[dtype],)
    if phase == "gemm":
        return {"gemm_dtype": word}
    same = {"attn_dtype": word, "kv_cache_dtype": word}
    return {**same, "head_dim": selection.head_dims, "window_size": (0,), "beam_width": (1,)}


def _rows(series: Series, rows: Table) -> Iterator[Row]:
    kernel = "gemm" if series.phase == "gemm" else "sdpa"
    for cells in rows.rows():
        yield Row(
            gpu=series.gpu,
            phase=series.phase,
            kernel=kernel,
            call=_call(series, cells),
            ms=cells["latency"],
            framework=series.framework,
            version=series.version,
            source=cells["kernel_source"],
        )


def _call(series: Series, cells: Mapping[str, Any]) -> Call:
    if series.phase == "gemm":
        sizes = {name: cells[name] for name in ("m", "n", "k")}
        return Gemm.model_validate({**sizes, "dtype": series.dtype})
    is_prefill = series.phase == "prefill"
    return Sdpa.model_validate(
        {
            "backend": _backend(series, cells["kernel_source"]),
            "b": cells["batch_size"],
            "h": cells["num_heads"],
            "g": cells["num_key_value_heads"],
            "p": cells["isl"] if is_prefill else 1,
            "m": cells["isl"] if is_prefill else cells["isl"] + cells["step"],
            "e": cells["head_dim"],
            "causal": is_prefill,
            "dtype": series.dtype,
            "page": PAGE if cells["kernel_source"] in PAGED else None,
        }
    )


def _backend(series: Series, source: str) -> Backend:
    """Other kernels split the keys of decoding as FlashAttention-2's does."""
    if source.startswith(FLASH_3):
        return "flash3"
    if source in GENERATED:
        return "trtllm"
    if series.phase == "decode":
        return "flash"
    own_choice = source.startswith("torch_flow") and series.machine.generation in (
        "hopper",
        "blackwell",
    )
    return "cudnn" if own_choice or source.startswith(WARP_SPECIALISED) else "flash"
