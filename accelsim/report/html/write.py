"""The door: results in, one HTML file out.

plotly's program is 4.8 MB; it is in the file once, compressed, and the browser unpacks it. Each
figure is there twice: as data for plotly, and as the picture that stands until plotly has drawn it,
that prints, and that is all there is where scripts are off. The figures that a study declared come
first, then those that its tables are worth.
"""

import base64
import gzip
import json
from collections.abc import Collection
from dataclasses import replace
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from accelsim.report.html import rows
from accelsim.report.html.choice import choose
from accelsim.report.html.chosen import Chosen
from accelsim.report.html.contents import FigureShown, Section, Sheet
from accelsim.report.html.declared import figures_of
from accelsim.report.html.inputs import constants_of, inputs_of
from accelsim.report.html.results import Results, read
from accelsim.report.html.status import status_of
from accelsim.report.html.still import svg, svg_of
from accelsim.report.interactive.look import title_of
from accelsim.report.style import DARK

if TYPE_CHECKING:
    from jinja2 import Environment

MOST_FIGURES = 16
FIGURES_BYTES = 1_900_000
"""Drawn of all tables together, and how large they may be."""
LARGEST_BYTES = 4_800_000
"""The file, with as many of the pictures beside the results as there is room for."""
TYPES = {".svg": "image/svg+xml", ".png": "image/png"}
FACTS = ("accelsim", "code", "python", "numpy", "sha256")


def report_html(path: str | Path, question: str | None = None, title: str | None = None) -> str:
    """The sheet of the results in a folder or file; a StudyError if there are none.

    `question` is asked instead of the one that the results were made for.
    """
    results = read(path)
    bare = sheet_of(results, question, title)
    shown = {figure.name for figure in bare.declared}
    room = LARGEST_BYTES - len(_rendered(bare).encode("utf-8"))
    pictures, left_out = _pictures(results, shown, room)
    return _rendered(replace(bare, pictures=pictures, notes=[*bare.notes, *left_out]))


def sheet_of(results: Results, question: str | None = None, title: str | None = None) -> Sheet:
    """All that the sheet says, without the pictures beside the results."""
    told = results.provenance
    own, room = _declared(results)
    sections = _sections(results, len(own), room)
    return Sheet(
        title=title or results.place.resolve().stem,
        question=question or str(told.get("question", "")),
        answer=str(told.get("sentence", "")),
        source=str(told.get("source", "")),
        declared=own,
        sections=sections,
        pictures=(),
        notes=_failed(results),
        status=status_of(told, results.tables),
        inputs=inputs_of(told),
        constants=constants_of(told),
        facts={fact: str(told[fact]) for fact in FACTS if fact in told},
        plotly=packed_plotly() if own or any(each.figures for each in sections) else "",
    )


def _rendered(sheet: Sheet) -> str:
    template = _environment().get_template("report.html.jinja")
    constants = rows.of_constants(sheet.constants)
    css, js = _text("report.css"), _text("report.js")
    dark = json.dumps(dict(DARK))
    return template.render(sheet=sheet, constants=constants, css=css, js=js, dark=dark)


@lru_cache(maxsize=1)
def packed_plotly() -> str:
    """plotly's program, compressed, in base64."""
    program = files("plotly").joinpath("package_data", "plotly.min.js").read_bytes()
    return base64.b64encode(gzip.compress(program, 9, mtime=0)).decode("ascii")


def _declared(results: Results) -> tuple[list[FigureShown], int]:
    """The study's own figures, and how much room they leave to others."""
    found: list[FigureShown] = []
    room = FIGURES_BYTES
    for name, caption, figure, drawn in figures_of(results):
        picture = _data_uri("image/svg+xml", svg_of(drawn))
        log = tuple((figure.layout.meta or {}).get("log", ()))
        shown = FigureShown(caption, _for_script(figure.to_json()), picture, log, name)
        if len(found) == MOST_FIGURES or len(shown.json) + len(picture) > room:
            continue
        room -= len(shown.json) + len(picture)
        found.append(shown)
    return found, room


def _sections(results: Results, number: int, room: int) -> list[Section]:
    """A section for each table; `number` figures are drawn already, and so much room is left."""
    found = []
    for name, table in results.tables.items():
        frame = table.frame()
        figures = []
        for chosen in choose(frame)[: MOST_FIGURES - number]:
            figure = _figure(chosen)
            room -= len(figure.json) + len(figure.picture)
            if room > 0:
                figures.append(figure)
        number += len(figures)
        found.append(Section(rows.shown(frame, name, len(results.tables)), figures))
    return found


def _figure(chosen: Chosen) -> FigureShown:
    printed = svg(chosen.figure) if chosen.printed is None else svg_of(chosen.printed)
    picture = _data_uri("image/svg+xml", printed)
    log = tuple((chosen.figure.layout.meta or {}).get("log", ()))
    name = "" if chosen.printed is None else "printed"
    return FigureShown(chosen.caption, _for_script(chosen.figure.to_json()), picture, log, name)


def _for_script(text: str) -> str:
    """JSON that no browser takes for the end of a script."""
    for letter in "<>&\u2028\u2029":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return text


def _pictures(
    results: Results, shown: Collection[str], room: int
) -> tuple[list[FigureShown], list[str]]:
    """Those beside the results that are not `shown` already, as long as there is room."""
    found, left_out = [], []
    for file in (each for each in results.pictures if each.stem not in shown):
        uri = _data_uri(TYPES[file.suffix], file.read_bytes())
        if len(uri) > room:
            left_out.append(file.name)
            continue
        room -= len(uri)
        found.append(FigureShown(file.stem.replace("_", " "), "", uri))
    note = f"Left out to keep the file small, and in the results' folder: {', '.join(left_out)}."
    return found, [note] if left_out else []


def _failed(results: Results) -> list[str]:
    return [
        f"Of the table {name}, {count:,} points failed and are left out."
        for name, count in results.failed.items()
        if count
    ]


def _data_uri(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"


@lru_cache(maxsize=1)
def _environment() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("accelsim.report", "html"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["title_of"] = title_of
    return environment


def _text(name: str) -> str:
    return files("accelsim.report.html").joinpath(name).read_text(encoding="utf-8")
