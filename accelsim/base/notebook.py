"""How a noun shows itself in a notebook: as HTML, by a renderer that is loaded when asked for.

A class says which module draws it: `html_by = "accelsim.cost.html"`, whose `html(noun)` gives the
text. So nouns stay what they are, and importing them loads no renderer. Colours are those of the
page (`currentColor`), so that dark pages can be read too.
"""

from collections.abc import Iterable, Sequence
from html import escape
from importlib import import_module
from typing import Any, ClassVar

import numpy as np

from accelsim.base.units import format_bytes, format_quantity


class InNotebook:
    """What Jupyter asks for; `html_by` is the module that draws."""

    html_by: ClassVar[str]

    def _repr_html_(self) -> str:
        return str(import_module(self.html_by).html(self))


def heading(title: str, about: str = "") -> str:
    """What it is, in bold, and a sentence about it."""
    more = f"<div>{escape(about)}</div>" if about else ""
    return f"<div><b>{escape(title)}</b></div>{more}"


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], caption: str = "") -> str:
    """Text in cells, none of it taken as HTML; the first column to the left."""
    named = f"<caption>{escape(caption)}</caption>" if caption else ""
    head = "".join(_cell("th", text, number) for number, text in enumerate(columns))
    body = "".join(
        f"<tr>{''.join(_cell('td', text, number) for number, text in enumerate(row))}</tr>"
        for row in rows
    )
    return f"<table>{named}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def text_block(text: str) -> str:
    return f"<pre>{escape(text)}</pre>"


def shown(value: Any, unit: str) -> str:
    """A number with its unit, bytes as commands write them; of a sweep, from the least to the
    most."""
    if value is None:
        return ""
    numbers = np.asarray(value, dtype=float)
    if not numbers.size:
        return ""
    ends = (float(numbers.min()), float(numbers.max()))
    texts = (format_bytes(end) if unit == "B" else format_quantity(end, unit) for end in ends)
    return " to ".join(dict.fromkeys(texts))


def _cell(tag: str, text: str, number: int) -> str:
    side = "left" if number == 0 else "right"
    return f'<{tag} style="text-align:{side};padding:2px 8px">{escape(text)}</{tag}>'
