"""Arithmetic over names, for `M1: ceil(M / M0)` in YAML. Data, not code: there is no `eval`.

Python's grammar gives the tree; only the nodes listed here mean anything:

    + - * / // % **   unary -   ( )   < <= > >= == !=   and or not   numbers   names   a.b
    ceil floor min max log2 sqrt largest_divisor(n, at_most) where(condition, a, b)

Comparisons give 0 or 1. Values may be numbers or numpy arrays that broadcast. Between ints the
arithmetic is exact (`/` gives a fraction inside, so `ceil(M / M0)` never rounds): a whole result is
an int, any other a float. Arrays of integers turn into floats before they would overflow.

    parse_expression("ceil(M / M0)").evaluate({"M": 1000, "M0": 256}) = 4
"""

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from accelsim.base.arithmetic import (
    ARITY,
    BINARY,
    COMPARE,
    FUNCTIONS,
    UNARY,
    extreme,
    plain,
    tidy,
    truth,
)
from accelsim.base.errors import ExpressionError, Place, did_you_mean

MOST_CHARACTERS = 1_000
MOST_NODES = 400
MOST_LEVELS = 60


@dataclass(frozen=True)
class Expression:
    """Arithmetic that has been read: its text, the names it needs, its value given them."""

    text: str
    names: frozenset[str]
    tree: ast.expr = field(repr=False, compare=False)
    place: Place | None = None

    def evaluate(self, values: Mapping[str, Any]) -> Any:
        for name in sorted(self.names - values.keys()):
            raise self._error(f"{name!r} is not known", did_you_mean(name, values))
        try:
            return tidy(_value(self.tree, values))
        except ZeroDivisionError as error:
            raise self._error("division by zero") from error
        except OverflowError as error:
            raise self._error("a number too large") from error
        except (ValueError, TypeError) as error:
            raise self._error(str(error)) from error

    def _error(self, fact: str, remedy: str | None = None) -> ExpressionError:
        return ExpressionError(f"{self.text!r}: {fact}", at=self.place, remedy=remedy)


def parse_expression(text: str | int | float, at: Place | None = None) -> Expression:
    written = " ".join(str(text).split())
    if len(written) > MOST_CHARACTERS:
        raise _unreadable(written, f"longer than {MOST_CHARACTERS:,} characters", at)
    try:
        tree = ast.parse(written, mode="eval").body
        return Expression(written, _names(tree), tree, at)
    except SyntaxError as error:
        raise _unreadable(written, error.msg, at) from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise _unreadable(written, str(error) or "nested too deep", at) from error


def _unreadable(text: str, reason: str, at: Place | None) -> ExpressionError:
    shown = text if len(text) <= 80 else f"{text[:77]}..."
    fact = f"{shown!r} is not an expression: {reason}"
    return ExpressionError(fact, at=at, remedy="Write it like 'ceil(M / M0)'")


# --- what may stand in an expression -------------------------------------------------------------


def _names(tree: ast.expr) -> frozenset[str]:
    """The names in the tree; a ValueError on anything that is not arithmetic."""
    names: set[str] = set()
    todo = [(tree, 1)]
    for seen, (node, level) in enumerate(todo, 1):
        if seen > MOST_NODES:
            raise ValueError(f"more than {MOST_NODES} terms")
        if level > MOST_LEVELS:
            raise ValueError(f"nested deeper than {MOST_LEVELS} levels")
        name = _dotted(node)
        if name is not None:
            names.add(name)
        else:
            todo += [(part, level + 1) for part in _parts(node)]
    return frozenset(names)


def _dotted(node: ast.expr) -> str | None:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        owner = _dotted(node.value)
        return f"{owner}.{node.attr}" if owner else None
    return None


def _parts(node: ast.expr) -> list[ast.expr]:
    match node:
        case ast.Constant(value=int() | float()) if not isinstance(node.value, bool):
            return []
        case ast.BinOp() if type(node.op) in BINARY:
            return [node.left, node.right]
        case ast.UnaryOp() if type(node.op) in UNARY:
            return [node.operand]
        case ast.BoolOp():
            return node.values
        case ast.Compare() if all(type(op) in COMPARE for op in node.ops):
            return [node.left, *node.comparators]
        case ast.Call(func=ast.Name(id=name), keywords=[]):
            return _arguments(name, node.args)
    raise ValueError(f"{ast.unparse(node)[:60]!r} is not arithmetic")


def _arguments(name: str, arguments: list[ast.expr]) -> list[ast.expr]:
    if name not in FUNCTIONS:
        hint = did_you_mean(name, FUNCTIONS) or f"There are {', '.join(FUNCTIONS)}"
        raise ValueError(f"there is no function {name!r}. {hint}")
    least, most = ARITY[name]
    if not least <= len(arguments) <= most:
        wanted = f"{least} or more" if least < most else f"{least}"
        values = "value" if wanted == "1" else "values"
        raise ValueError(f"{name} takes {wanted} {values}, not {len(arguments)}")
    return arguments


# --- what it is worth ----------------------------------------------------------------------------


def _value(node: ast.expr, values: Mapping[str, Any]) -> Any:
    match node:
        case ast.Constant():
            return node.value
        case ast.Name() | ast.Attribute():
            return plain(values[_dotted(node) or ""])
        case ast.BinOp():
            return BINARY[type(node.op)](_value(node.left, values), _value(node.right, values))
        case ast.UnaryOp():
            return UNARY[type(node.op)](_value(node.operand, values))
        case ast.BoolOp():
            joined = min if isinstance(node.op, ast.And) else max
            return extreme(joined)(*(truth(_value(part, values)) for part in node.values))
        case ast.Compare():
            return _comparison(node, values)
        case ast.Call(func=ast.Name(id=name)):
            return FUNCTIONS[name](*(_value(part, values) for part in node.args))
    raise AssertionError(f"{type(node).__name__} passed the check")


def _comparison(node: ast.Compare, values: Mapping[str, Any]) -> Any:
    terms = [_value(part, values) for part in (node.left, *node.comparators)]
    pairs = zip(node.ops, terms, terms[1:], strict=False)
    results = [COMPARE[type(op)](left, right) for op, left, right in pairs]
    return extreme(min)(*(truth(result) for result in results))
