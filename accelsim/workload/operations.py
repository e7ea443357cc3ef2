"""The map operations of the Einsum language: one row each.

A row says how an operation is written, how many arguments it takes, and its cost class, which is
what hardware tables and `counts.py` sum over. To add an operation, add a row here and its meaning
on numpy arrays in `meanings.py`; the parser needs nothing more.

Cost classes:

    mac             multiply and accumulate in one step
    add             sums, differences, changes of sign
    multiply        products
    compare         maxima, comparisons, choices
    divide          quotients
    root            square roots
    transcendental  everything made of an exponential or a logarithm
    select          comparisons that also move a position: steps of top-k, sort, argmax
    transform       butterflies of an FFT: a complex product, a sum and a difference
"""

from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple

import numpy as np

CostClass = Literal[
    "mac", "add", "multiply", "compare", "divide", "root", "transcendental", "select", "transform"
]


class MapOperation(NamedTuple):
    """`symbol` is its infix or prefix spelling; without one it is written `name(a, b)`."""

    name: str
    arity: int
    cost_class: CostClass
    symbol: str | None = None


_ROWS = (
    MapOperation("add", 2, "add", "+"),
    MapOperation("sub", 2, "add", "-"),
    MapOperation("mul", 2, "multiply", "*"),
    MapOperation("div", 2, "divide", "/"),
    MapOperation("neg", 1, "add", "-"),
    MapOperation("abs", 1, "add"),
    MapOperation("square", 1, "multiply"),
    MapOperation("cmul", 2, "multiply"),
    MapOperation("sign", 1, "compare"),
    MapOperation("floor", 1, "add"),
    MapOperation("round", 1, "add"),
    MapOperation("max", 2, "compare"),
    MapOperation("min", 2, "compare"),
    MapOperation("relu", 1, "compare"),
    MapOperation("less", 2, "compare"),
    MapOperation("at_least", 2, "compare"),
    MapOperation("equal", 2, "compare"),
    MapOperation("select", 3, "compare"),
    MapOperation("reciprocal", 1, "divide"),
    MapOperation("sqrt", 1, "root"),
    MapOperation("rsqrt", 1, "root"),
    MapOperation("exp", 1, "transcendental"),
    MapOperation("log", 1, "transcendental"),
    MapOperation("pow", 2, "transcendental"),
    MapOperation("sin", 1, "transcendental"),
    MapOperation("cos", 1, "transcendental"),
    MapOperation("erf", 1, "transcendental"),
    MapOperation("tanh", 1, "transcendental"),
    MapOperation("sigmoid", 1, "transcendental"),
    MapOperation("silu", 1, "transcendental"),
    MapOperation("gelu", 1, "transcendental"),
    MapOperation("softplus", 1, "transcendental"),
)
# `less(a, b)`, `at_least(a, b)`, `equal(a, b)` give 1 or 0; `select(c, a, b)` is a, or b where c is
# 0; `round` takes halves to even; `gelu` is the exact one, x * (1 + erf(x / sqrt(2))) / 2;
# `cmul` multiplies complex values (what `fft=` makes): four products, two sums.

OPERATIONS: dict[str, MapOperation] = {row.name: row for row in _ROWS}

FUNCTIONS: dict[str, MapOperation] = {row.name: row for row in _ROWS if row.symbol is None}

INFIX: dict[str, MapOperation] = {
    row.symbol: row for row in _ROWS if row.symbol is not None and row.arity == 2
}


def _butterflies(n: Any, k: Any) -> Any:
    longer = np.maximum(n, k)
    return np.ceil(longer / 2) * np.maximum(np.ceil(np.log2(longer)), 1)


#: How a reduction is written on the assignment → the operation it applies.
REDUCTIONS: dict[str, str] = {"+": "add", "*": "mul", "max": "max", "min": "min"}


class Selection(NamedTuple):
    """What stands on an assignment and needs all of its reduced rank: a barrier.

    `numbered`: the result has a slot rank. It takes `steps` of its cost class for N candidates and
    K slots, as many as the best known algorithm of comparisons or butterflies, up to a constant:

        argmax, argmin   N               one comparison each
        topk             N · log2(2·K)   each candidate goes through a heap of K
        sort             N · log2(N)     merges
        fft, ifft        W/2 · log2(W)   butterflies of the longer side, W
    """

    name: str
    numbered: bool
    cost_class: CostClass
    steps: Callable[[Any, Any], Any]


#: How a selection is written on the assignment → what it is.
SELECTIONS: dict[str, Selection] = {
    row.name: row
    for row in (
        Selection("topk", True, "select", lambda n, k: n * np.ceil(np.log2(2 * k))),
        Selection("sort", True, "select", lambda n, k: n * np.maximum(np.ceil(np.log2(n)), 1)),
        Selection("argmax", False, "select", lambda n, k: n),
        Selection("argmin", False, "select", lambda n, k: n),
        Selection("fft", True, "transform", _butterflies),
        Selection("ifft", True, "transform", _butterflies),
    )
}


def cost_class(operation: str) -> CostClass:
    """The class an operation of `Einsum.operations` is summed under ("mac" is its own)."""
    if operation == "mac":
        return "mac"
    rows: Mapping[str, MapOperation | Selection] = {**OPERATIONS, **SELECTIONS}
    return rows[operation].cost_class
