"""`accelsim plot`: a figure of a table of results, as PNG and SVG, with what was drawn as CSV."""

from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from accelsim.base.errors import InputError
from accelsim.cli.options import Json
from accelsim.cli.output import print_json, print_table
from accelsim.report.plots.catalogue import PLOTS, Plot, plot_named
from accelsim.study.axes import as_tuple

_LISTED = "\n\n".join(
    f"{plot.name}: {plot.about} Needs {', '.join(plot.needs)}." for plot in PLOTS.values()
)


def command(
    figure: Annotated[str | None, typer.Argument(metavar="FIGURE", help="Which figure.")] = None,
    results: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="RESULTS...", help="Tables: .csv, .parquet, .json, or folders of them."
        ),
    ] = None,
    *,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the files go.")] = Path(
        "out/figures"
    ),
    by: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="energy, pareto: what has a colour each; "
            "latency: resource, step, phase or einsum alone.",
        ),
    ] = None,
    x: Annotated[str | None, typer.Option(metavar="COLUMN", help="pareto: to the right.")] = None,
    y: Annotated[str | None, typer.Option(metavar="COLUMN", help="pareto: upwards.")] = None,
    most: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="tornado: parameters a measure.")
    ] = None,
    until: Annotated[
        float | None, typer.Option(metavar="TIME", help="gantt: where it ends, as in the table.")
    ] = None,
    where: Annotated[
        str | None, typer.Option(metavar="CONDITION", help="Only rows that meet it: 'passes > 1'.")
    ] = None,
    only: Annotated[
        list[str],
        typer.Option(
            metavar="COLUMN=VALUES",
            help="Only rows with one of these texts: machine=h100_sxm,h200. Repeatable.",
            default_factory=list,
            show_default=False,
        ),
    ],
    title: Annotated[str | None, typer.Option(metavar="TEXT", help="Instead of its own.")] = None,
    caption: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Below it, before the sources.")
    ] = None,
    listed: Annotated[
        bool, typer.Option("--list", help="The figures, and what they need.")
    ] = False,
    gallery: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write a page and a picture of each figure.")
    ] = None,
    json: Json = False,
) -> None:
    if gallery is not None:
        # What it runs loads most of the program.
        files = import_module("accelsim.cli.plot_gallery").write_gallery(gallery)
        print(f"{len(files)} files in {gallery}/")
        return
    if listed or figure is None:
        _print_list(json)
        return
    plot = plot_named(figure)
    if not results:
        remedy = f"Make one with `{plot.table}`"
        raise InputError(f"no table is named that {figure} draws", remedy=remedy)
    own = {"by": by, "x": x, "y": y, "most": most, "until": until}
    options = _options(plot, own, {"title": title, "caption": caption})
    # matplotlib and pandas load only where something is drawn.
    plot_results = import_module("accelsim.report.plots.plotted").plot_results
    chosen = {name: as_tuple(values) for name, values in map(_only, only)}
    files = plot_results(figure, results, out, where=where or "", only=chosen, options=options)
    if json:
        print_json({"files": [str(file) for file in files]})
        return
    print(f"{', '.join(file.name for file in files)} in {out}/")


command.__doc__ = f"""Draw a figure of a table of results; --list names figures and their columns.

Several tables go one below the other, so runs are compared. What tells runs apart are the columns
workload, machine, mapping and config.

Example: accelsim evaluate attention/one_pass fusemax_cloud --out out/cost;
accelsim plot energy out/cost --by einsum

{_LISTED}
"""


def _options(plot: Plot, own: dict[str, Any], common: dict[str, Any]) -> dict[str, Any]:
    """Those that were given; one that the figure does not have is an error."""
    given = {name: value for name, value in own.items() if value is not None}
    for name in given:
        if name not in plot.options:
            others = ", ".join(f"--{each}" for each in plot.options) or "none of its own"
            raise InputError(f"{plot.name} has no --{name}", remedy=f"It has {others}")
    return given | {name: value for name, value in common.items() if value is not None}


def _only(text: str) -> tuple[str, str]:
    column, equals, values = (part.strip() for part in text.partition("="))
    if not (column and equals and values):
        raise InputError(
            f"--only {text!r} chooses nothing", remedy="Write it like machine=h100_sxm"
        )
    return column, values


def _print_list(json: bool) -> None:
    if json:
        print_json([{**vars(plot), "module": plot.module} for plot in PLOTS.values()])
        return
    for plot in PLOTS.values():
        print(f"{plot.name}: {plot.about}")
    print()
    print_table(
        ("figure", "needs", "and may have", "options", "made by"),
        [
            (
                plot.name,
                ", ".join(plot.needs),
                ", ".join(plot.may),
                " ".join(f"--{each}" for each in plot.options),
                plot.table,
            )
            for plot in PLOTS.values()
        ],
    )
