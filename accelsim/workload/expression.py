"""What stands on the right of an Einsum: accesses, numbers, and operations on them."""

from collections.abc import Iterator
from dataclasses import dataclass

from accelsim.workload.affine import Access
from accelsim.workload.operations import OPERATIONS


@dataclass(frozen=True)
class Constant:
    """A number; `-inf` and `inf` are numbers."""

    value: float

    def __str__(self) -> str:
        return f"{self.value:g}" if self.value == float(f"{self.value:g}") else repr(self.value)


@dataclass(frozen=True)
class RankSize:
    """A rank's name standing for its size, as in `U[r] / C`."""

    rank: str

    def __str__(self) -> str:
        return self.rank


@dataclass(frozen=True)
class IndexValue:
    """A loop index standing for its number, as in `exp(-L[h] * p)`; free, like all indices."""

    rank: str

    def __str__(self) -> str:
        return self.rank.lower()


@dataclass(frozen=True)
class Operation:
    """A row of `operations.py` applied to arguments; `name` is the row's ("add", "exp", …)."""

    name: str
    args: tuple["Expression", ...]

    def __str__(self) -> str:
        return _operation_text(self)


Expression = Access | Constant | RankSize | IndexValue | Operation


def accesses(expression: Expression) -> Iterator[Access]:
    """Every access in an expression, left to right, repetitions included; lookups come before what
    they are the position of."""
    if isinstance(expression, Access):
        yield from expression.looked_up
        yield expression
    elif isinstance(expression, Operation):
        for argument in expression.args:
            yield from accesses(argument)


def ranks_as_numbers(expression: Expression) -> Iterator[str]:
    """The ranks whose index stands for its number, as often as they do."""
    if isinstance(expression, IndexValue):
        yield expression.rank
    elif isinstance(expression, Operation):
        for argument in expression.args:
            yield from ranks_as_numbers(argument)


def operation_names(expression: Expression) -> Iterator[str]:
    """Names of the operations, the outermost first; those of numbers and sizes alone, `sqrt(E)`,
    are known before anything runs and count as none."""
    if isinstance(expression, Operation) and not _is_known(expression):
        yield expression.name
        for argument in expression.args:
            yield from operation_names(argument)


def _is_known(expression: Expression) -> bool:
    if isinstance(expression, Operation):
        return all(map(_is_known, expression.args))
    return isinstance(expression, Constant | RankSize)


_PRECEDENCE = {"add": 1, "sub": 1, "mul": 2, "div": 2, "neg": 3}


def _operation_text(operation: Operation) -> str:
    symbol = OPERATIONS[operation.name].symbol
    if symbol is None:
        return f"{operation.name}({', '.join(map(str, operation.args))})"
    level = _PRECEDENCE[operation.name]
    if len(operation.args) == 1:
        return f"{symbol}{_in_parentheses(operation.args[0], level)}"
    left, right = operation.args
    return f"{_in_parentheses(left, level)} {symbol} {_in_parentheses(right, level + 1)}"


def _in_parentheses(expression: Expression, level: int) -> str:
    """The expression's text, bracketed if it binds less tightly than `level`."""
    own = _PRECEDENCE.get(expression.name, 4) if isinstance(expression, Operation) else 4
    return f"({expression})" if own < level else str(expression)
