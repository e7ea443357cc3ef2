"""The little of Jinja in architecture files that is data: names of numbers and arithmetic on them.

    {% set PES = 4 * 32 %}     a name, from here on
    {{ PES // 2 }}             arithmetic over such names, and over the file's `variables:`
    {{ PES | default(64) }}    the same, or a number if there is no such name
    {# ... #}                  nothing

It is read by the grammar of base/expression.py, and written in as a number; nothing is executed.
Whatever else stands in `{% %}` or `{{ }}` - conditions, loops, macros, includes, calls - is refused
with its line. Lines keep their numbers.
"""

import re
from collections.abc import Mapping
from typing import Any

from accelsim.base.errors import ArchError, ExpressionError, Place, did_you_mean
from accelsim.base.expression import parse_expression

Values = dict[str, float | int | str]

_PIECE = re.compile(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}", re.DOTALL)
_SET = re.compile(r"([A-Za-z_]\w*)\s*=\s*(.+)", re.DOTALL)
_DEFAULT = re.compile(r"([A-Za-z_]\w*)\s*\|\s*(?:default|d)\(\s*([^(),]+?)\s*\)")
_TEXT = re.compile(r"""(["'])([\w .,/+-]*)\1""")
_VARIABLE = re.compile(r" +([A-Za-z_]\w*): +([^#{}]+?)\s*(?:#.*)?")

REMEDY = "Render the template first, and import what comes out"


def expanded(text: str, file: str) -> str:
    """The text without its template, line for line; the same text if it has none.

    Raises
    ------
    ArchError
        at the line of what is more than names and arithmetic, or of a name that is not known.
    """
    if not _PIECE.search(text) and "{%" not in text:
        return text
    values: Values = {**_variables(text)}
    found: list[str] = []
    end = 0
    for piece in _PIECE.finditer(text):
        found.append(text[end : piece.start()])
        at = Place(file, text.count("\n", 0, piece.start()) + 1)
        in_comment = "#" in text[text.rfind("\n", 0, piece.start()) + 1 : piece.start()]
        found.append(_written(piece.group(), values, at, in_comment))
        end = piece.end()
    rest = text[end:]
    if "{%" in rest:
        line = text.count("\n", 0, end + rest.index("{%")) + 1
        raise ArchError("a template's '{%' has no '%}'", at=Place(file, line))
    return "".join(found) + rest


def _written(piece: str, values: Values, at: Place, in_comment: bool) -> str:
    """What stands in its place, with as many ends of lines."""
    inner = piece[2:-2].strip("-+").strip()
    lines = "\n" * piece.count("\n")
    if piece.startswith("{#"):
        return lines
    if piece.startswith("{%"):
        setting = _SET.fullmatch(inner.removeprefix("set ").strip())
        if not inner.startswith("set ") or setting is None:
            word = " ".join(inner.split())[:40]
            fact = f"the template's {{% {word} %}} is more than a name and arithmetic"
            raise ArchError(fact, at=at, remedy=REMEDY)
        values[setting[1]] = _value(setting[2].strip(), values, at)
        return lines
    return piece if in_comment else f"{_plain(_value(inner, values, at))}{lines}"


def _value(written: str, values: Mapping[str, Any], at: Place) -> float | int | str:
    default = _DEFAULT.fullmatch(written)
    if default is not None:
        written = default[1] if default[1] in values else default[2]
    text = _TEXT.fullmatch(written)
    if text is not None:
        return text[2]
    if isinstance(values.get(written), str):
        return str(values[written])
    numbers = {name: value for name, value in values.items() if not isinstance(value, str)}
    try:
        expression = parse_expression(written, at)
        unknown = sorted(expression.names - values.keys())
        if not unknown:
            value = expression.evaluate(numbers)
            return value if isinstance(value, int | float) else float(value)
    except ExpressionError as error:
        fact = f"the template's {{{{ {written[:60]} }}}} is no arithmetic here ({error.fact[:120]})"
        raise ArchError(fact, at=at, remedy=REMEDY) from error
    remedy = did_you_mean(unknown[0], values) or f"Set it, {{% set {unknown[0]} = 1 %}}, or render"
    raise ArchError(f"the template's name {unknown[0]!r} is not set above", at=at, remedy=remedy)


def _plain(value: float | int | str) -> str:
    return value if isinstance(value, str) else f"{value:.15g}"


def _variables(text: str) -> Values:
    """Numbers of the file's own `variables:`, as far as they are arithmetic over those above."""
    found: Values = {}
    lines = iter(text.splitlines())
    for line in lines:
        if line.rstrip() == "variables:":
            break
    for line in lines:
        if line.strip() and not line.startswith((" ", "#")):
            break
        entry = _VARIABLE.fullmatch(line)
        if entry is not None:
            try:
                found[entry[1]] = parse_expression(entry[2]).evaluate(found)
            except ExpressionError:
                continue
    return found
