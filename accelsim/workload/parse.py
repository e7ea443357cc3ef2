"""Cascade text → IR. The grammar, in the order of the functions below:

    cascade    = { partition | initial | einsum }             one a line, '#' comments
    partition  = index "->" index { "," index }               m -> m1, m0
    initial    = access "=" expression                        RM[0,p] = -inf
    einsum     = access reduction expression [ "where" any { "," any } ]
    reduction  = "=" | "+=" | "*=" | "max=" | "min=" | selection "="       topk=, argmax=, fft=, …
    expression = product { ("+" | "-") product }
    product    = factor { ("*" | "/") factor }
    factor     = "-" factor | number | "inf" | RANK | index | access
               | function "(" … ")" | "(" … ")"
    any        = all { "or" all }                             m < S or p - m < W
    all        = condition { "and" condition }                a comma binds less tightly than "or"
    condition  = "not" condition | "(" any ")"
               | position comparison position { comparison position }     0 <= p - m < W
               | "power_of_two" "(" position ")" | access             X[p,m] is a mask
    position, access   see positions.py                       m1*M0 + m0, 2*i + 1, p // 16, I[p,k]

Names of tensors and ranks start with a capital letter, indices and functions with a small one. A
bare RANK is its size, a bare index its number.
"""

from collections.abc import Callable
from functools import lru_cache
from math import isinf
from typing import NamedTuple

from accelsim.base.errors import Place, did_you_mean
from accelsim.workload.conditions import (
    COMPARISONS,
    AllOf,
    Comparison,
    Condition,
    Member,
    PowerOfTwo,
    all_of,
    any_of,
    number_of_alternatives,
)
from accelsim.workload.einsum import (
    Access,
    Constant,
    Einsum,
    Expression,
    Index,
    IndexValue,
    InitialValue,
    Lookup,
    Operation,
    RankSize,
)
from accelsim.workload.operations import FUNCTIONS, INFIX, REDUCTIONS, SELECTIONS
from accelsim.workload.positions import parse_access, parse_index, parse_position
from accelsim.workload.tokens import KEYWORDS, Cursor, Token, found, statements

#: Counting takes a condition's alternatives apart (conditions.py); more are a mistake or an attack.
MOST_ALTERNATIVES = 64


_JOINING = ("and", "or", "not")


class Partition(NamedTuple):
    """`m -> m1, m0`: rank M is traversed in M1 tiles of M0."""

    whole: str
    parts: tuple[str, ...]
    place: Place | None = None


class CascadeText(NamedTuple):
    """What the text says, before it is known whether the ranks and tensors exist."""

    partitions: tuple[Partition, ...]
    initial: tuple[InitialValue, ...]
    einsums: tuple[Einsum, ...]


@lru_cache(maxsize=256)
def parse_cascade(text: str, at: Place | None = None) -> CascadeText:
    """The statements of a cascade; `at` is the place of the text's first line."""
    found_statements = [_statement(cursor) for cursor in statements(text, at)]
    return CascadeText(
        partitions=tuple(each for each in found_statements if isinstance(each, Partition)),
        initial=tuple(each for each in found_statements if isinstance(each, InitialValue)),
        einsums=tuple(each for each in found_statements if isinstance(each, Einsum)),
    )


def parse_einsum(text: str, at: Place | None = None) -> Einsum:
    """One Einsum from its text: `parse_einsum("Z[m] += A[k,m] * B[k]")`."""
    (einsum,) = parse_cascade(text, at).einsums
    return einsum


def _statement(cursor: Cursor) -> Partition | InitialValue | Einsum:
    if cursor.after.text == "->":
        return _partition(cursor)
    output = _output(cursor)
    reduction = _reduction(cursor)
    expression = _expression(cursor)
    conditions = _conditions(cursor)
    _expect_end(cursor)
    if not _is_initial(output):
        return Einsum(output, expression, reduction, conditions, cursor.place)
    if reduction or conditions:
        cursor.fail(f"{output} is an initial value, which takes a plain '=' and no 'where'")
    return InitialValue(output, expression, cursor.place)


def _is_initial(output: Access) -> bool:
    return any(not index.ranks for index in output.indices)


def _partition(cursor: Cursor) -> Partition:
    whole = parse_index(cursor)
    cursor.expect("->")
    parts = [parse_index(cursor)]
    while cursor.take_if(","):
        parts.append(parse_index(cursor))
    _expect_end(cursor)
    if len(parts) < 2 or len({whole, *parts}) <= len(parts):
        cursor.fail(
            f"a partition of {whole} needs two or more new indices",
            f"Write it like '{whole.lower()} -> {whole.lower()}1, {whole.lower()}0'",
        )
    return Partition(whole, tuple(parts), cursor.place)


def _output(cursor: Cursor) -> Access:
    token = cursor.take()
    if token.kind != "name" or not token.text[0].isupper() or cursor.ahead.text != "[":
        cursor.fail_at(
            token,
            f"expected the tensor that this line defines, found {found(token)}",
            "Write it like 'Z[m,n] += A[k,m] * B[k,n]'; a tensor without ranks is Z[]",
        )
    return parse_access(cursor, token)


def _reduction(cursor: Cursor) -> str | None:
    token = cursor.take()
    text = token.text
    if token.kind == "name" and cursor.take_if("="):
        text += "="
    if text == "=":
        return None
    if text.endswith("=") and text[:-1] in (*REDUCTIONS, *SELECTIONS):
        return text[:-1]
    known = ", ".join(["=", *(f"{symbol}=" for symbol in (*REDUCTIONS, *SELECTIONS))])
    cursor.fail_at(token, f"{text!r} does not assign", f"Assignments are {known}")


def _expect_end(cursor: Cursor) -> None:
    token = cursor.ahead
    if token.kind == "end":
        return
    remedy = None
    if token.kind != "symbol":
        remedy = "Two factors need a '*' between them"
    elif token.text in ("//", "%"):
        remedy = "// and % work on indices only; values are divided by /"
    elif token.text in COMPARISONS:
        remedy = "Conditions stand at the end of the line, after 'where'"
    cursor.fail(f"{token.text!r} is not expected here", remedy)


def _expression(cursor: Cursor) -> Expression:
    return _chain(cursor, ("+", "-"), lambda: _chain(cursor, ("*", "/"), lambda: _factor(cursor)))


def _chain(
    cursor: Cursor, symbols: tuple[str, ...], operand: Callable[[], Expression]
) -> Expression:
    """Operands joined by operators of one precedence, the leftmost first."""
    left = operand()
    while token := cursor.take_if(*symbols):
        left = Operation(INFIX[token.text].name, (left, operand()))
    return left


def _factor(cursor: Cursor) -> Expression:
    token = cursor.take()
    if token.text == "-":
        return _negated(_factor(cursor))
    if token.text == "(":
        inner = _expression(cursor)
        cursor.expect(")")
        return inner
    if token.kind == "number":
        return _constant(cursor, token)
    if token.text == "inf":
        return Constant(float("inf"))
    if token.kind == "name" and token.text not in KEYWORDS:
        return _named(cursor, token)
    cursor.fail_at(token, f"expected a value, found {found(token)}")


def _negated(value: Expression) -> Expression:
    # A negative number is a number, not an operation that an array must carry out.
    return Constant(-value.value) if isinstance(value, Constant) else Operation("neg", (value,))


def _constant(cursor: Cursor, token: Token) -> Constant:
    value = float(token.text)
    if isinf(value):
        cursor.fail_at(token, f"{token.text} is too large for a number", "Write inf for infinity")
    return Constant(value)


def _named(cursor: Cursor, token: Token) -> Expression:
    """A tensor, a rank's size or a function."""
    if cursor.ahead.text == "[":
        return parse_access(cursor, token)
    if cursor.ahead.text == "(":
        return _function(cursor, token)
    if token.text.isupper():
        return RankSize(token.text)
    if token.text.islower():
        return IndexValue(token.text.upper())
    remedy = f"A tensor without ranks is written {token.text}[]"
    cursor.fail_at(token, f"{token.text!r} is not a value", remedy)


def _function(cursor: Cursor, token: Token) -> Operation:
    row = FUNCTIONS.get(token.text)
    if row is None:
        remedy = did_you_mean(token.text, FUNCTIONS) or f"Known are {', '.join(FUNCTIONS)}"
        cursor.fail_at(token, f"there is no function {token.text!r}", remedy)
    cursor.expect("(")
    args = [_expression(cursor)]
    while cursor.take_if(","):
        args.append(_expression(cursor))
    cursor.expect(")", "Arguments are separated by commas; operators are + - * /")
    if len(args) != row.arity:
        plural = "" if row.arity == 1 else "s"
        cursor.fail_at(token, f"{row.name} takes {row.arity} argument{plural}, not {len(args)}")
    return Operation(row.name, tuple(args))


def _conditions(cursor: Cursor) -> tuple[Condition, ...]:
    """What stands after `where`, as conditions that must all hold."""
    if not cursor.take_if("where"):
        return ()
    start = cursor.ahead
    parts = [_any_of(cursor)]
    while cursor.take_if(","):
        parts.append(_any_of(cursor))
    whole = all_of(parts)
    conditions = whole.parts if isinstance(whole, AllOf) else (whole,)
    number = number_of_alternatives(conditions)
    if number > MOST_ALTERNATIVES:
        fact = f"the conditions have {number} alternatives, more than {MOST_ALTERNATIVES}"
        cursor.fail_at(start, fact, "Use // and % for patterns that repeat, or several Einsums")
    return conditions


def _any_of(cursor: Cursor) -> Condition:
    parts = [_all_of(cursor)]
    while cursor.take_if("or"):
        parts.append(_all_of(cursor))
    return any_of(parts)


def _all_of(cursor: Cursor) -> Condition:
    parts = [_condition(cursor)]
    while cursor.take_if("and"):
        parts.append(_condition(cursor))
    return all_of(parts)


def _condition(cursor: Cursor) -> Condition:
    negative = False
    while cursor.take_if("not"):
        negative = not negative
    if cursor.ahead.text == "(" and cursor.bracket_holds(*COMPARISONS, *_JOINING):
        cursor.take()
        held = _any_of(cursor)
        cursor.expect(")")
    else:
        held = _comparisons(cursor)
    return held.opposite if negative else held


def _power_of_two(cursor: Cursor) -> Condition:
    cursor.take()
    cursor.expect("(")
    distance = parse_position(cursor)
    cursor.expect(")")
    return PowerOfTwo(distance)


def _comparisons(cursor: Cursor) -> Condition:
    """`0 <= p - m < W` is two comparisons; a tensor alone is a mask."""
    if cursor.ahead.text == "power_of_two":
        return _power_of_two(cursor)
    left = parse_position(cursor)
    if cursor.ahead.text not in COMPARISONS:
        if len(left.lookups) == 1 and left == Index(lookups=(Lookup(1, left.lookups[0].access),)):
            return Member(left.lookups[0].access)
        remedy = f"One of {' '.join(COMPARISONS)}"
        if cursor.ahead.text == "(":
            remedy = "The only function of positions is power_of_two(p - m)"
        cursor.fail(f"expected a comparison, found {found(cursor.ahead)}", remedy)
    comparisons = []
    while token := cursor.take_if(*COMPARISONS):
        right = parse_position(cursor)
        comparisons.append(Comparison(left, token.text, right))
        left = right
    return all_of(comparisons)
