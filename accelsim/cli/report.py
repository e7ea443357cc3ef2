"""`accelsim report`: results as one HTML file to hand on."""

from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from accelsim.base.errors import InputError
from accelsim.base.files import atomic_write, refuse_unwritable

ENDINGS = (".html", ".htm")


def command(
    results: Annotated[
        Path,
        typer.Argument(
            metavar="RESULTS",
            help="A folder that --out of study, sweep or whatif wrote, a .csv, a .parquet.",
            show_default=False,
        ),
    ],
    *,
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="FILE.html", help="Where it goes.")
    ] = Path("report.html"),
    question: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="What the results answer; else what the study asks."),
    ] = None,
    title: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Its title; else the results' name.")
    ] = None,
) -> None:
    """One HTML file that needs no network: question, figures, tables, inputs, sources, accuracy.

    Figures can be zoomed, hovered over, switched between linear and logarithmic, and their series
    hidden, all by keyboard too; tables sort by a click on a heading. It is dark where the reader's
    screen is, and prints light. Of a long table some rows stand for all, and the file says which.

    Example: accelsim sweep buffer_size --out rows, then accelsim report rows -o report.html
    """
    if out.suffix.lower() not in ENDINGS:
        raise InputError(f"-o {out}: a report is HTML", remedy="Name it like report.html")
    refuse_unwritable(out.parent)
    # plotly, pandas and matplotlib take longer to load than `accelsim --help` may.
    text = import_module("accelsim.report.html.write").report_html(results, question, title)
    atomic_write(out, text)
    print(f"{out}: {len(text.encode('utf-8')) / 1e6:.1f} MB, needs no network")
