"""The gallery of the catalogue: a page with a table and a plot for each family of mechanisms.

README.md        what every mechanism is, and its numbers at one context
linear.png, …    flop a token and cache or state against the context, a line a mechanism
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from PIL import Image

from accelsim.base.catalogue import entries
from accelsim.base.files import atomic_write, output_folder
from accelsim.base.units import format_bytes, format_count, format_quantity
from accelsim.report.contexts import Panel, draw_contexts
from accelsim.report.sheet import house_style
from accelsim.study.table import Table, array_of

#: Of pictures on a page, not in a paper: each less than 60 kB.
DOTS_PER_INCH = 160
COLOURS = 48
WIDEST = 1000
PANELS = (
    Panel("flop_a_token", "operations a token", "FLOP"),
    Panel("kept_bytes", "cache or state (decode)", "B"),
)
HEADS = (
    "mechanism", "phase", "passes", "least", "live", "flop a token", "bytes a token", "kept",
    "growth", "law",
)  # fmt: skip


def write_gallery(rows: Table, curves: Iterable[Mapping[str, Any]], folder: Path) -> list[Path]:
    """The page and the plots; `rows` and `curves` are those of `study.zoo`."""
    there = output_folder(folder)
    drawn = [_draw(family, own, there) for family, own in _by_family(curves).items()]
    page = "\n".join(_page(rows, [path.stem for path in drawn]))
    return [atomic_write(there / "README.md", page), *drawn]


def _by_family(curves: Iterable[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    families: dict[str, list[Mapping[str, Any]]] = {}
    for point in curves:
        families.setdefault(point["family"], []).append(point)
    return families


def _draw(family: str, points: Sequence[Mapping[str, Any]], folder: Path) -> Path:
    columns = ("variant", "context", *(panel.column for panel in PANELS))
    frame = Table({name: array_of(each[name] for each in points) for name in columns}).frame()
    frame["variant"] = frame["variant"].str.removeprefix(f"{family}/")
    caption = f"{family}: operations of each mechanism's first form"
    figure = draw_contexts(frame, PANELS, caption)
    return atomic_write(folder / f"{family}.png", small_png(_drawn_png(figure)))


def _drawn_png(figure: Figure) -> bytes:
    drawn = BytesIO()
    with house_style():
        figure.savefig(drawn, format="png", dpi=DOTS_PER_INCH)
    return drawn.getvalue()


def small_png(content: bytes, widest: int = WIDEST) -> bytes:
    """A PNG in few colours, and no wider than a page shows it."""
    small, image = BytesIO(), Image.open(BytesIO(content)).convert("RGB")
    if image.width > widest:
        size = widest, round(image.height * widest / image.width)
        image = image.resize(size, Image.Resampling.BOX)
    # By coverage: two hues of thin lines must not become one between them.
    few = image.quantize(COLOURS, method=Image.Quantize.MAXCOVERAGE)
    few.save(small, format="png", optimize=True)
    return small.getvalue()


# --- the page -------------------------------------------------------------------------------------


def _page(rows: Table, drawn: Sequence[str]) -> Iterator[str]:
    listed = rows.rows()
    about = {entry.name: entry.about for entry in entries("workloads")}
    context = format_count(int(listed[0]["context"]))
    families = list(dict.fromkeys(row["family"] for row in listed))
    yield "# The attention zoo"
    yield ""
    yield f"{len(listed)} forms and presets of {len(_mechanisms(listed))} mechanisms, counted from"
    yield f"their cascades in `workloads/` at a context of {context} tokens. Written by"
    yield ""
    yield "```"
    yield f"accelsim zoo --gallery docs/zoo --context {context}"
    yield "```"
    yield ""
    yield from _LEGEND
    for family in families:
        own = [row for row in listed if row["family"] == family]
        yield f"\n## {family}\n"
        if family in drawn:
            yield f"![{family}: operations a token and state against the context]({family}.png)\n"
        for mechanism in _mechanisms(own):
            yield f"- `{mechanism}`: {about[mechanism].split('. ')[0].rstrip('.')}"
        yield ""
        yield f"| {' | '.join(HEADS)} |"
        yield f"|{'---|' * len(HEADS)}"
        for row in own:
            yield f"| {' | '.join(_cells(row))} |"
    yield ""


_LEGEND = (
    "- passes: traversals of the context's rank that must follow one another, as the cascade is",
    "  written; least: of an equal cascade that `accelsim optimise` finds; 0 if there is none",
    "- live: elements of a fibre of the context that are live together, as written",
    "- flop a token: a multiply-add is two; bytes a token: inputs and outputs, each once",
    "- kept: cache or state, in decode forms",
    "- growth: the power of the context with which flop a token grow, from here to twice the",
    "  length; law: that of the part that grows, far out. Below 1 a mechanism is sub-quadratic",
)


def _mechanisms(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(row["variant"].partition(":")[0] for row in rows))


def _cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    name = f"`{row['variant'].partition('/')[2]}`"
    if row["reason"]:
        return name, row["phase"], f"not counted: {row['reason']}", *[""] * (len(HEADS) - 3)
    kept = row["kept_bytes"]
    return (
        name,
        row["phase"],
        str(row["passes"]),
        str(row["least_passes"]),
        row["live"].replace("*", "·"),
        format_quantity(row["flop_a_token"], "FLOP"),
        format_bytes(row["bytes_a_token"]),
        "" if kept is None else format_bytes(kept),
        f"{row['growth']:.2f}",
        f"{row['law']:.2f}",
    )
