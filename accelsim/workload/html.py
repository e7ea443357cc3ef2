"""A cascade in a notebook: a drawing of what reads what, its Einsums, and what it takes.

Boxes are Einsums, each below those whose results it reads; rounded ones are inputs, thick ones make
outputs. A mark (↻) is on an Einsum that reads a running value, its own or another's, of the step
before. What a box computes shows where the pointer rests.
"""

from collections.abc import Mapping, Sequence
from html import escape

from accelsim.base.errors import AccelsimError
from accelsim.base.notebook import heading, shown, table, text_block
from accelsim.workload.counts import counts
from accelsim.workload.dependencies import reads_earlier_step
from accelsim.workload.einsum import Cascade
from accelsim.workload.graph import Node, layers, sources

LETTER, HEIGHT, GAP, BETWEEN, MARGIN = 8, 26, 34, 14, 50
Places = Mapping[Node, tuple[float, float, float]]


def html(cascade: Cascade) -> str:
    ranks = ", ".join(f"{rank} = {size}" for rank, size in cascade.ranks.items())
    return "".join(
        [
            heading(cascade.name, cascade.about),
            f"<div>{escape(ranks)}</div>",
            drawing(cascade),
            text_block(str(cascade)),
            _taken(cascade),
        ]
    )


def drawing(cascade: Cascade) -> str:
    """Inline SVG: `sources` as lines between the boxes of `layers`."""
    rows = layers(cascade)
    places, width = _places(rows)
    height = len(rows) * (HEIGHT + GAP) - GAP + 4
    lines = [
        _line(places[source], places["einsum", name])
        for name, found in sources(cascade).items()
        for source in found
    ]
    boxes = [_box(cascade, node, place) for node, place in places.items()]
    size = f'width="{width:.0f}" height="{height}" viewBox="0 0 {width:.0f} {height}"'
    style = 'style="max-width:100%" font-family="monospace" font-size="12" role="img"'
    title = f"<title>{escape(cascade.name)}: what reads what</title>"
    return f"<svg {size} {style}>{title}{''.join(lines)}{''.join(boxes)}</svg>"


def _places(rows: Sequence[Sequence[Node]]) -> tuple[Places, float]:
    """x, y and width of every box, rows centred, and the width of the whole."""
    widths = {node: LETTER * (len(node[1]) + 4) for row in rows for node in row}
    spans = [sum(widths[n] for n in row) + BETWEEN * (len(row) - 1) for row in rows]
    whole = max(spans, default=0) + 2 * MARGIN
    places: dict[Node, tuple[float, float, float]] = {}
    for number, (row, span) in enumerate(zip(rows, spans, strict=True)):
        x = (whole - span) / 2
        for node in row:
            places[node] = (x, 2 + number * (HEIGHT + GAP), widths[node])
            x += widths[node] + BETWEEN
    return places, whole


def _line(above: tuple[float, float, float], below: tuple[float, float, float]) -> str:
    x0, y0 = above[0] + above[2] / 2, above[1] + HEIGHT
    x1, y1 = below[0] + below[2] / 2, below[1]
    middle = (y0 + y1) / 2
    passes = y1 - y0 > GAP  # other boxes, which a line to a box right below goes around
    around = MARGIN * 4 / 3 if passes and abs(x1 - x0) < MARGIN else 0
    controls = f"{x0 - around:.0f} {middle} {x1 - around:.0f} {middle}"
    path = f"M{x0:.0f} {y0} C{controls} {x1:.0f} {y1}"
    return f'<path d="{path}" fill="none" stroke="currentColor" stroke-opacity="0.45"/>'


def _box(cascade: Cascade, node: Node, place: tuple[float, float, float]) -> str:
    kind, name = node
    x, y, width = place
    is_input = kind == "tensor"
    said = f"{name}[{', '.join(cascade.tensors[name].ranks)}]"
    text = f"{name} ↻" if not is_input and _steps(cascade, name) else name
    shape = (
        f'<rect x="{x:.0f}" y="{y}" width="{width}" height="{HEIGHT}" rx="{13 if is_input else 3}" '
        f'fill="{"none" if is_input else "#0072b2"}" fill-opacity="0.15" stroke="currentColor" '
        f'stroke-width="{2 if name in cascade.outputs else 1}"/>'
    )
    label = (
        f'<text x="{x + width / 2:.0f}" y="{y + HEIGHT / 2 + 4:.0f}" text-anchor="middle" '
        f'fill="currentColor">{escape(text)}</text>'
    )
    tip = said if is_input else str(cascade.einsum(name))
    return f"<g><title>{escape(tip)}</title>{shape}{label}</g>"


def _steps(cascade: Cascade, name: str) -> bool:
    return any(reads_earlier_step(cascade, access) for access in cascade.einsum(name).reads)


def _taken(cascade: Cascade) -> str:
    """Operations and least bytes; nothing where the sizes are those of a sweep."""
    try:
        found = counts(cascade)
        operations = ", ".join(f"{number:,} {name}" for name, number in found.operations.items())
    except (AccelsimError, TypeError, ValueError):
        return ""
    facts = [("operations", operations), ("compulsory traffic", shown(found.compulsory_bytes, "B"))]
    return table(("on any machine", ""), facts)
