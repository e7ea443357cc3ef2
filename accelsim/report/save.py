"""The door: a study's figures from its tables, as PNG and SVG.

saved = save_figures(load_figures("studies/fusemax/study.yaml"), {"results": frame}, "out")
saved.paths       out/fig08_attention_speedup.png, out/fig08_attention_speedup.svg, ...
saved.left_out    {"fig12_pareto": "figure fig12_pareto: there is no table 'pareto'"}
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from accelsim.base.errors import OutputError, Place
from accelsim.base.files import atomic_write, output_folder
from accelsim.report.bars import draw_bars
from accelsim.report.breakdown import draw_breakdown
from accelsim.report.lines import draw_lines
from accelsim.report.pareto import draw_pareto
from accelsim.report.selection import NoRowsError
from accelsim.report.sheet import house_style
from accelsim.report.spec import (
    AnySpec,
    Bars,
    Breakdown,
    FigureSet,
    FigureSpec,
    Lines,
    Names,
    Pareto,
    Winners,
)
from accelsim.report.style import DOTS_PER_INCH
from accelsim.report.winners import draw_winners

Frames = Mapping[str, pd.DataFrame]

_DRAW: Mapping[type[FigureSpec], Callable[[Any, pd.DataFrame, Names], Figure]] = {
    Bars: draw_bars,
    Breakdown: draw_breakdown,
    Pareto: draw_pareto,
    Lines: draw_lines,
    Winners: draw_winners,
}


# Without date and version the same results give the same bytes.
_FORMATS: Mapping[str, Mapping[str, Any]] = {
    "png": {
        "dpi": DOTS_PER_INCH,
        "metadata": {"Software": None},
        "pil_kwargs": {"compress_level": 3},
    },
    "svg": {"metadata": {"Date": None, "Creator": None}},
}


@dataclass(frozen=True)
class Saved:
    """The files that were written, and why some figures were not."""

    paths: tuple[Path, ...]
    left_out: Mapping[str, str]


def save_figures(figures: FigureSet, frames: Frames, folder: str | Path) -> Saved:
    """Every figure that the tables have rows for; an `OutputError` if the folder refuses them."""
    there = output_folder(folder)
    paths: list[Path] = []
    left_out: dict[str, str] = {}
    for spec in figures.figures:
        try:
            figure = draw(spec, frames, figures.names)
        except NoRowsError as error:
            left_out[spec.name] = str(error)
        else:
            paths += _save(figure, there / spec.name)
    return Saved(tuple(paths), left_out)


def save_figure(figure: Figure, path: str | Path) -> Path:
    """One figure, as a .png or .svg."""
    kind = Path(path).suffix.lower().removeprefix(".")
    if kind not in _FORMATS:
        remedy = "name it like figure.png or figure.svg"
        raise OutputError("a figure is a .png or .svg", at=Place(str(path)), remedy=remedy)
    with house_style():
        return atomic_write(path, _content(figure, kind, _FORMATS[kind]))


def draw(spec: AnySpec, frames: Frames, names: Names) -> Figure:
    """One figure; `NoRowsError` if the tables have no rows for it."""
    if spec.table not in frames:
        raise NoRowsError(f"figure {spec.name}: there is no table {spec.table!r}")
    with house_style():
        return _DRAW[type(spec)](spec, frames[spec.table], names)


def _save(figure: Figure, stem: Path) -> list[Path]:
    return [save_figure(figure, stem.with_suffix(f".{kind}")) for kind in _FORMATS]


def _content(figure: Figure, kind: str, options: Mapping[str, Any]) -> bytes:
    content = BytesIO()
    figure.savefig(content, format=kind, **options)
    return content.getvalue()
