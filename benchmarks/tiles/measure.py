"""Times attention and product kernels of many tiles on the GPU at hand, and writes a CSV.

    python benchmarks/tiles/measure.py OUT.csv        needs torch and triton, nothing of accelsim

A kernel of each kind, written in Triton, is built with every tile, number of warps and of stages
below; what does not fit an SM is a row with its error. Results are compared with torch's before a
tile is timed: the median of launches that each find a cold L2, on random data.
"""

import csv
import math
import sys
from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from typing import Any

import torch
import triton
import triton.language as tl

COLUMNS = (
    *("device", "kind", "b", "h", "p", "m", "e", "n", "k", "causal"),
    *("rows", "columns", "step", "warps", "stages"),
    *("seconds", "registers", "spills", "shared_bytes", "error"),
)
ATTENTION = (
    # b, h, p, e, causal
    (4, 16, 4096, 64, False),
    (4, 16, 4096, 64, True),
    (4, 16, 4096, 128, False),
    (4, 16, 4096, 128, True),
    (1, 16, 1024, 128, False),
    (8, 32, 512, 64, False),
)
PRODUCTS = (
    # n, m, k
    (4096, 4096, 4096),
    (8192, 2048, 4096),
    (11008, 1024, 4096),
    (4096, 256, 4096),
    (4096, 512, 14336),
    (1536, 1536, 1536),
)
ATTENTION_TILES = tuple(product((64, 128), (32, 64, 128), (4, 8), (2, 3, 4)))
PRODUCT_TILES = tuple(product((64, 128, 256), (64, 128, 256), (64,), (4, 8), (3, 4)))
GROUPED = 8
"""Rows of blocks that are walked together, for the sake of L2."""

Row = dict[str, Any]


@triton.jit
def attend(
    q, k, v, out, scale, P, M,
    E: tl.constexpr, ROWS: tl.constexpr, KEYS: tl.constexpr, CAUSAL: tl.constexpr,
):  # fmt: skip
    """One block: ROWS queries of a head against all keys, in one pass (base-2 exponents)."""
    tile, head = tl.program_id(0), tl.program_id(1).to(tl.int64)
    rows, features = tile * ROWS + tl.arange(0, ROWS), tl.arange(0, E)
    places = (head * P + rows[:, None]) * E + features[None, :]
    queries = tl.load(q + places)
    most = tl.full((ROWS,), -float("inf"), tl.float32)
    total = tl.zeros((ROWS,), tl.float32)
    result = tl.zeros((ROWS, E), tl.float32)
    last = (tile + 1) * ROWS if CAUSAL else M
    for start in range(0, last, KEYS):
        keys = start + tl.arange(0, KEYS)
        at = (head * M + keys[None, :]) * E + features[:, None]
        scores = tl.dot(queries, tl.load(k + at)) * scale
        if CAUSAL and start + KEYS > tile * ROWS:
            scores = tl.where(rows[:, None] >= keys[None, :], scores, -float("inf"))
        new = tl.maximum(most, tl.max(scores, 1))
        weights = tl.exp2(scores - new[:, None])
        correction = tl.exp2(most - new)
        total = total * correction + tl.sum(weights, 1)
        result = result * correction[:, None]
        values = tl.load(v + (head * M + keys[:, None]) * E + features[None, :])
        result = tl.dot(weights.to(values.dtype), values, result)
        most = new
    tl.store(out + places, (result / total[:, None]).to(out.dtype.element_ty))


@triton.jit
def multiply(
    a, b, out, N, M, K,
    ROWS: tl.constexpr, COLUMNS: tl.constexpr, STEP: tl.constexpr, GROUPED: tl.constexpr,
):  # fmt: skip
    """One block: ROWS x COLUMNS results of a[N, K] times b[M, K] transposed."""
    block = tl.program_id(0)
    down, across = tl.cdiv(N, ROWS), tl.cdiv(M, COLUMNS)
    first = block // (GROUPED * across) * GROUPED
    deep = min(down - first, GROUPED)
    row = first + block % (GROUPED * across) % deep
    column = block % (GROUPED * across) // deep
    rows = row * ROWS + tl.arange(0, ROWS)
    columns = column * COLUMNS + tl.arange(0, COLUMNS)
    summed = tl.arange(0, STEP)
    result = tl.zeros((ROWS, COLUMNS), tl.float32)
    of_a = a + (rows % N)[:, None] * K + summed[None, :]
    of_b = b + (columns % M)[None, :] * K + summed[:, None]
    for _ in range(0, K, STEP):
        result = tl.dot(tl.load(of_a), tl.load(of_b), result)
        of_a += STEP
        of_b += STEP
    inside = (rows < N)[:, None] & (columns < M)[None, :]
    tl.store(
        out + rows[:, None] * M + columns[None, :], result.to(out.dtype.element_ty), mask=inside
    )


def attention_rows() -> Iterator[Row]:
    for b, h, p, e, causal in ATTENTION:
        q, k, v = (_random(b, h, p, e) for _ in range(3))
        out = torch.empty_like(q)
        wanted = torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=causal)
        scale = math.log2(math.e) / math.sqrt(e)
        for rows, keys, warps, stages in ATTENTION_TILES:
            sizes = {"E": e, "ROWS": rows, "KEYS": keys, "CAUSAL": causal}
            sizes |= {"num_warps": warps, "num_stages": stages}
            launch = attend[(p // rows, b * h)]
            run = partial(launch, q, k, v, out, scale, p, p, **sizes)
            yield {
                **{"kind": "attention", "b": b, "h": h, "p": p, "m": p, "e": e},
                **{"causal": int(causal), "rows": rows, "columns": keys, "step": ""},
                **{"warps": warps, "stages": stages},
                **_timed(run, out, wanted),
            }


def product_rows() -> Iterator[Row]:
    for n, m, k in PRODUCTS:
        a, b = _random(n, k), _random(m, k)
        out = torch.empty(n, m, dtype=torch.bfloat16, device="cuda")
        wanted = a @ b.T
        for rows, columns, step, warps, stages in PRODUCT_TILES:
            sizes = {"ROWS": rows, "COLUMNS": columns, "STEP": step, "GROUPED": GROUPED}
            sizes |= {"num_warps": warps, "num_stages": stages}
            blocks = triton.cdiv(n, rows) * triton.cdiv(m, columns)
            run = partial(multiply[(blocks,)], a, b, out, n, m, k, **sizes)
            yield {
                **{"kind": "product", "n": n, "m": m, "k": k, "rows": rows, "columns": columns},
                **{"step": step, "warps": warps, "stages": stages},
                **_timed(run, out, wanted),
            }


def _random(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.bfloat16, device="cuda")


def _timed(run: Callable[[], Any], out: torch.Tensor, wanted: torch.Tensor) -> Row:
    out.fill_(float("nan"))
    try:
        built = run()
        torch.cuda.synchronize()
    except (RuntimeError, triton.runtime.errors.OutOfResources, AssertionError) as error:
        return {"error": " ".join(str(error).split())[:120]}
    away = (out.float() - wanted.float()).norm() / wanted.float().norm()
    if not away < 1e-2:
        return {"error": f"wrong by {away:.2g}"}
    seconds = triton.testing.do_bench(run, warmup=30, rep=120, return_mode="median") / 1e3
    return {
        **{"seconds": seconds, "registers": built.n_regs, "spills": built.n_spills},
        "shared_bytes": built.metadata.shared,
    }


def main() -> None:
    torch.manual_seed(0)
    device = torch.cuda.get_device_name()
    with open(sys.argv[1], "w", newline="") as lines:
        writer = csv.DictWriter(lines, COLUMNS, restval="", lineterminator="\n")
        writer.writeheader()
        for rows in (product_rows(), attention_rows()):
            for row in rows:
                writer.writerow({"device": device, **row})
                lines.flush()


if __name__ == "__main__":
    main()
