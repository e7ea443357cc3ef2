"""The kernels of a CSV of `measure.py`, predicted: does the model know which tile is fast?

    python benchmarks/tiles/compare.py benchmarks/tiles/h100_sxm.csv h100_sxm

One line a call: `tiles` that were measured, and that the model has room for; the rank correlation
of predicted and measured times; the mean error; and the regret, by how much the tile that the model
would choose is slower, as measured, than the fastest one that was measured. Registers and shared
memory are those that the search for kernels derives (`mapper/gpu/design.py`), no measured ones.
"""

import sys
from collections.abc import Hashable
from math import nan

import pandas as pd

from accelsim.arch.gpu import WARP, Gpu
from accelsim.arch.load_gpu import load_gpu
from accelsim.cost.gpu.call import bound_works
from accelsim.cost.gpu.composed import alone
from accelsim.cost.gpu.product import works_by
from accelsim.mapper.gpu.design import OWN, WARPGROUP, Build, Design
from accelsim.mapper.gpu.kernel import bound
from accelsim.mapping.fused_kernel import MOST
from accelsim.mapping.product_kernel import Family, ProductKernel, Splits, Tile, alignment_bytes
from accelsim.workload.calls import Gemm, Sdpa

WORD = 2
CALL = ["kind", "b", "h", "p", "m", "e", "n", "k", "causal"]


class Built(Build):
    """As Triton builds a block: no warpgroup fetches beside those that multiply."""

    @property
    def is_fetched(self) -> bool:
        return False


def attention_seconds(row: pd.Series, gpu: Gpu) -> float:
    call = Sdpa(
        b=int(row.b), h=int(row.h), g=int(row.h), p=int(row.p), m=int(row.m), e=int(row.e),
        causal=bool(row.causal), dtype="bf16", backend="flash",
    )  # fmt: skip
    build = Built(
        "wgmma", int(row.rows), int(row.columns), call.e, WORD, int(row.warps), int(row.stages)
    )
    if not build.has_room(gpu):
        return nan
    return alone(bound_works(bound(Design(build, "plain", False, 1), call, gpu), gpu), gpu).seconds


def product_seconds(row: pd.Series, gpu: Gpu) -> float:
    call = Gemm(m=int(row.n), n=int(row.m), k=int(row.k), dtype="bf16")
    threads = WARP * int(row.warps)
    registers = int(row.rows * row.columns) // threads + OWN
    shared = (row.rows + row.columns) * row.step * WORD * row.stages
    if registers > MOST or shared > gpu.sm.shared_bytes:
        return nan
    tile = Tile(
        n=int(row.columns),
        m=int(row.rows),
        threads=threads,
        registers=registers,
        along="m",
        alone=int(row.warps) == WARPGROUP,
    )
    family = Family(
        alignment_bytes=alignment_bytes(call),
        loads="bulk",
        step_bytes=int(row.step) * WORD,
        stages=int(row.stages),
        tiles=(tile,),
        instruction_rows=64,
        splits=Splits(parts=(1,), steps=1, waves=1),
    )
    kernel = ProductKernel(
        about="",
        source="benchmarks/tiles",
        workloads=(),
        instruction="wgmma",
        words=("bf16",),
        planned=1.0,
        families=(family,),
    )
    return alone(works_by(kernel, (family,), call, gpu), gpu).seconds


def compared(rows: pd.DataFrame, gpu: Gpu) -> pd.DataFrame:
    seconds = {"attention": attention_seconds, "product": product_seconds}
    rows = rows.assign(predicted=[seconds[row.kind](row, gpu) for row in rows.itertuples()])
    groups = rows.groupby(CALL, dropna=False, sort=False)
    return pd.DataFrame([_judged(call, group) for call, group in groups])


def _judged(call: tuple[Hashable, ...], group: pd.DataFrame) -> dict[str, object]:
    timed = group[group.seconds.notna()]
    known = timed[timed.predicted.notna()]
    chosen = known.loc[known.predicted.idxmin()]
    fastest = timed.loc[timed.seconds.idxmin()]
    named = {name: value for name, value in zip(CALL, call, strict=True) if value == value}
    return {
        "call": " ".join(str(v) if n == "kind" else f"{n}={v:g}" for n, v in named.items()),
        "measured": len(timed),
        "predicted": len(known),
        "rank_correlation": known.predicted.corr(known.seconds, method="spearman"),
        "mean_error": (known.predicted / known.seconds - 1).abs().mean(),
        "chosen": _tile(chosen),
        "fastest": _tile(fastest),
        "fastest_us": fastest.seconds * 1e6,
        "regret": chosen.seconds / fastest.seconds - 1,
        "median_over_fastest": timed.seconds.median() / fastest.seconds - 1,
    }


def _tile(row: pd.Series) -> str:
    return f"{row.rows}x{row.columns}, {row.warps} warps, {row.stages} stages"


def main() -> None:
    file, gpu = sys.argv[1:]
    found = compared(pd.read_csv(file), load_gpu(gpu))
    print(found.round(3).to_string(index=False))
    print(found[["rank_correlation", "mean_error", "regret"]].mean().round(3).to_string())


if __name__ == "__main__":
    main()
