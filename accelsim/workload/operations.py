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
"""

from dataclasses import dataclass
from typing import Literal

CostClass = Literal["mac", "add", "multiply", "compare", "divide", "root", "transcendental"]


@dataclass(frozen=True)
class MapOperation:
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
    MapOperation("max", 2, "compare"),
    MapOperation("min", 2, "compare"),
    MapOperation("relu", 1, "compare"),
    MapOperation("less", 2, "compare"),
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
# `less(a, b)` and `equal(a, b)` give 1 or 0; `select(c, a, b)` is a where c is not 0, else b;
# `gelu` is the exact one, x * (1 + erf(x / sqrt(2))) / 2.

OPERATIONS: dict[str, MapOperation] = {row.name: row for row in _ROWS}

FUNCTIONS: dict[str, MapOperation] = {row.name: row for row in _ROWS if row.symbol is None}

INFIX: dict[str, MapOperation] = {
    row.symbol: row for row in _ROWS if row.symbol is not None and row.arity == 2
}

#: How a reduction is written on the assignment → the operation it applies.
REDUCTIONS: dict[str, str] = {"+": "add", "*": "mul", "max": "max", "min": "min"}


def cost_class(operation: str) -> CostClass:
    """The class an operation of `Einsum.operations` is summed under ("mac" is its own)."""
    return "mac" if operation == "mac" else OPERATIONS[operation].cost_class
