"""What an expression means on numpy arrays. To add an operation, add its row here and in
`operations.py`. Results keep the precision of the arguments."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from accelsim.workload.einsum import Access, Constant, Expression, IndexValue, RankSize


def erf(x: Any) -> Any:
    # Only who evaluates it pays for its library, here and below.
    from scipy import special  # type: ignore[import-untyped]

    return special.erf(x)


def sigmoid(x: Any) -> Any:
    from scipy import special

    return special.expit(x)


MEANINGS: dict[str, Callable[..., Any]] = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.divide,
    "neg": np.negative,
    "abs": np.abs,
    "square": np.square,
    "cmul": np.multiply,
    "sign": np.sign,
    "floor": np.floor,
    "round": np.rint,
    "max": np.maximum,
    "min": np.minimum,
    "relu": lambda x: np.maximum(x, x.dtype.type(0)),
    "less": lambda a, b: np.less(a, b).astype(a.dtype),
    "at_least": lambda a, b: np.greater_equal(a, b).astype(a.dtype),
    "equal": lambda a, b: np.equal(a, b).astype(a.dtype),
    "select": lambda c, a, b: np.where(c != 0, a, b),
    "reciprocal": np.reciprocal,
    "sqrt": np.sqrt,
    "rsqrt": lambda x: np.reciprocal(np.sqrt(x)),
    "exp": np.exp,
    "log": np.log,
    "pow": np.power,
    "sin": np.sin,
    "cos": np.cos,
    "erf": erf,
    "tanh": np.tanh,
    "sigmoid": sigmoid,
    "silu": lambda x: x * sigmoid(x),
    "gelu": lambda x: x * (1 + erf(x / np.sqrt(x.dtype.type(2)))) / 2,
    "softplus": lambda x: np.logaddexp(x, x.dtype.type(0)),
}

#: What combines the points of a reduction, and what it starts from.
REDUCERS: dict[str, np.ufunc] = {
    "+": np.add,
    "*": np.multiply,
    "max": np.maximum,
    "min": np.minimum,
}
NEUTRAL: dict[str | None, float] = {
    None: 0.0,
    "+": 0.0,
    "*": 1.0,
    "max": -np.inf,
    "min": np.inf,
}


def value(
    expression: Expression,
    read: Callable[[Access], Any],
    ranks: Mapping[str, int],
    dtype: np.dtype[Any],
    indices: Mapping[str, Any],
) -> Any:
    """The expression's value where `read` gives that of its accesses, `indices` the numbers of
    loop indices; arrays broadcast."""
    if isinstance(expression, Access):
        return read(expression)
    if isinstance(expression, IndexValue):
        return indices[expression.rank].astype(dtype)
    if isinstance(expression, Constant):
        return dtype.type(expression.value)
    if isinstance(expression, RankSize):
        return dtype.type(ranks[expression.rank])
    arguments = (value(each, read, ranks, dtype, indices) for each in expression.args)
    return MEANINGS[expression.name](*arguments)
