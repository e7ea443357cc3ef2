"""What is folded away below the results: parts, formulas and sources of each machine."""

from typing import Any

from dash import html

from accelsim.report.page.answer import Answer, Refused, Side
from accelsim.report.page.served import ServedSide
from accelsim.report.page.tables import arrays, devices, memories

COUNTED = "counted"
"""The source of what the model counts itself, which needs no line of its own."""


def details(found: Answer) -> list[html.Section]:
    """Memories, arrays, formulas and sources of each machine."""
    return [_details(side) for side in found.sides if not isinstance(side, Refused)]


def _details(side: Side | ServedSide) -> html.Section:
    rows = [
        (row.kind, row.name, f"{row.share:.1%}", row.formula, row.note)
        for row in side.explanation.rows
    ]
    told = side.explanation.sources.items()
    sources = [(name, source) for name, source in told if not source.startswith(COUNTED)]
    return html.Section(
        [
            html.H2(side.machine.name),
            *_parts_tables(side),
            _table(("kind", "part", "of the time", "formula", "note"), rows),
            html.Ul([html.Li(f"{name}: {source}") for name, source in sources]),
            *(html.P(note, className="note") for note in _notes(side)),
        ],
        className="card",
    )


def _parts_tables(side: Side | ServedSide) -> list[html.Div]:
    if isinstance(side, ServedSide):
        heads = ("device or link", "how many", "busy", "moved", "energy")
        return [_table(heads, devices(side))]
    return [
        _table(("memory", "traffic", "occupancy", "capacity", "energy"), memories(side)),
        _table(("array", "busy", "in use", "energy"), arrays(side)),
    ]


def _notes(side: Side | ServedSide) -> tuple[str, ...]:
    if isinstance(side, Side):
        return side.notes
    assumed = [f"{each.name}: {each.source}" for each in side.system.devices if each.source]
    return (*assumed, *((side.system.notes,) if side.system.notes else ()))


def _table(columns: tuple[str, ...], rows: Any) -> html.Div:
    head = html.Thead(html.Tr([html.Th(name, scope="col") for name in columns]))
    body = html.Tbody([html.Tr([html.Td(cell) for cell in row]) for row in rows])
    return html.Div(html.Table([head, body]), className="wide")
