"""Positions as text → Index: what stands between brackets and on both sides of a comparison.

    position = term { ("+" | "-") term }                      m1*M0 + m0, 2*i + 1
    term     = atom { ("*" | "//" | "%") atom }               p // 16, h % 4
    atom     = whole number | index | RANK | access | "-" atom | "(" position ")"
    access   = TENSOR "[" [ position { "," position } ] "]"   I[p,k], a lookup

A position is affine: indices and lookups are multiplied and divided by numbers and ranks only.
"""

from accelsim.workload.affine import (
    Access,
    Index,
    Lookup,
    Quotient,
    Size,
    factors_of,
    rank_size,
    scaled,
    sum_of,
)
from accelsim.workload.tokens import KEYWORDS, Cursor, Token, found


def parse_position(cursor: Cursor) -> Index:
    total = _term(cursor)
    while token := cursor.take_if("+", "-"):
        term = _term(cursor)
        total = sum_of(total, term if token.text == "+" else scaled(term, -1))
    return total


def _term(cursor: Cursor) -> Index:
    left = _atom(cursor)
    while token := cursor.take_if("*", "//", "%"):
        right = _atom(cursor)
        if token.text == "*":
            left = _product(cursor, token, left, right)
        else:
            whole = _quotient(cursor, token, left, right)
            left = whole if token.text == "//" else _remainder(left, whole, right.offset)
    return left


def _atom(cursor: Cursor) -> Index:
    if cursor.ahead.kind == "name" and cursor.after.text == "[":
        return Index(lookups=(Lookup(1, parse_access(cursor, cursor.take())),))
    if cursor.ahead.kind == "name" and not cursor.ahead.text.isupper():
        return Index(terms=((parse_index(cursor), 1),))
    token = cursor.take()
    if token.text == "-":
        return scaled(_atom(cursor), -1)
    if token.text == "(":
        inner = parse_position(cursor)
        cursor.expect(")")
        return inner
    if token.kind == "number" and token.text.isdigit():
        return Index(offset=int(token.text))
    if token.kind == "name" and token.text.isupper():
        return Index(offset=rank_size(token.text))
    cursor.fail_at(token, f"positions are whole numbers and indices, not {found(token)}")


def _product(cursor: Cursor, token: Token, left: Index, right: Index) -> Index:
    if not right.ranks and right.is_linear:
        return scaled(left, right.offset)
    if not left.ranks and left.is_linear:
        return scaled(right, left.offset)
    cursor.fail_at(
        token,
        f"({left}) * ({right}) multiplies two indices",
        "A position is a sum of indices, each times a number or a rank",
    )


def _quotient(cursor: Cursor, token: Token, left: Index, right: Index) -> Index:
    if right.ranks or not right.is_linear or right.offset == 0:
        cursor.fail_at(
            token, f"{right} does not divide positions", "Divide by a whole number or a rank"
        )
    return Index(quotients=(Quotient(1, left, right.offset),))


def _remainder(numerator: Index, whole: Index, divisor: Size) -> Index:
    """a % n = a - n * (a // n)."""
    return sum_of(numerator, scaled(scaled(whole, divisor), -1))


def parse_access(cursor: Cursor, token: Token) -> Access:
    """The access whose tensor `token` names."""
    if not token.text[0].isupper():
        cursor.fail_at(
            token,
            f"{token.text!r} is not a tensor",
            "Names of tensors start with a capital letter",
        )
    cursor.expect("[")
    indices: list[Index] = []
    if cursor.ahead.text != "]":
        indices.append(_accessed(parse_position(cursor)))
        while cursor.take_if(","):
            indices.append(_accessed(parse_position(cursor)))
    cursor.expect("]", "Indices are separated by commas")
    return Access(token.text, tuple(indices))


def _accessed(position: Index) -> Index:
    """`M1` alone, the end of an iterative rank, is marked as such."""
    factors = factors_of(position.offset)
    named = [(ranks, factor) for ranks, factor in factors.items() if ranks]
    alone = not position.ranks and position.is_linear and len(named) == 1
    if not alone or named[0][1] != 1 or len(named[0][0]) != 1:
        return position
    return Index(offset=factors.get((), 0), final=named[0][0][0])


def parse_index(cursor: Cursor) -> str:
    """The rank that the index ahead names."""
    token = cursor.take()
    if token.kind != "name" or not token.text.islower() or token.text in KEYWORDS:
        cursor.fail_at(
            token, f"expected an index, found {found(token)}", "Indices are lower case, like m0"
        )
    return token.text.upper()
