"""`accelsim pareto`: the rows of a table that no other row beats."""

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from accelsim.base.errors import InputError
from accelsim.cli.options import Json
from accelsim.cli.output import print_json, print_table
from accelsim.study.axes import as_tuple
from accelsim.study.columns import POINT
from accelsim.study.measures import is_measure
from accelsim.study.pareto import Mask, numbers, on_front
from accelsim.study.results import ENDINGS, read_result
from accelsim.study.table import Table, write_csv, write_parquet

ROWS_SHOWN = 40


def command(
    results: Annotated[
        Path, typer.Argument(metavar="RESULTS", help="A .csv, a .parquet, or a folder of them.")
    ],
    *,
    minimise: Annotated[
        list[str],
        typer.Option(
            metavar="COLUMNS",
            help="What should be small: latency_s,area_um2.",
            default_factory=list,
            show_default=False,
        ),
    ],
    maximise: Annotated[
        list[str],
        typer.Option(
            metavar="COLUMNS",
            help="What should be large.",
            default_factory=list,
            show_default=False,
        ),
    ],
    by: Annotated[
        list[str],
        typer.Option(
            metavar="COLUMNS",
            help="A front for each value of these.",
            default_factory=list,
            show_default=False,
        ),
    ],
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the front as .csv or .parquet.")
    ] = None,
    figure: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw the first two as .png or .svg.")
    ] = None,
    json: Json = False,
) -> None:
    """The Pareto front: rows that no other row beats in all objectives.

    Equal rows stay together; a row without a number in an objective is never on the front.

    Example: accelsim pareto out/fusemax/pareto.csv --minimise latency_s,area_um2 --by model
    """
    small, large, groups = (_named(each) for each in (minimise, maximise, by))
    if out is not None and out.suffix not in ENDINGS:
        raise InputError(f"--out {out}: a table is a .csv or .parquet")
    if figure is not None and len(small) + len(large) < 2:
        raise InputError("--figure draws two objectives; name another one")
    table = read_result(results)
    mask = on_front(table, small, large, groups)
    front = table.at(np.flatnonzero(mask))
    front = front.at(np.argsort(numbers(front, (*small, *large)[0]), kind="stable"))
    if out is not None:
        (write_csv if out.suffix == ".csv" else write_parquet)(front, out)
    if figure is not None:
        _draw(table, mask, [(n, False) for n in small] + [(n, True) for n in large], groups, figure)
    if json:
        print_json({"rows": len(table), "on_front": len(front), "front": front.rows()})
        return
    shown = front.select(_telling(front, [*small, *large], groups))
    rows = [tuple(map(_text, row.values())) for row in shown.rows()[:ROWS_SHOWN]]
    print_table(tuple(shown.columns), rows)
    more = f", the first {ROWS_SHOWN} are shown" if len(front) > ROWS_SHOWN else ""
    is_whole = len(shown.columns) == len(front.columns)
    rest = "" if is_whole else "; --json and --out have all columns"
    print(f"\n{len(front):,} of {len(table):,} rows are on the front{more}{rest}")


def _telling(front: Table, objectives: Sequence[str], by: Sequence[str]) -> list[str]:
    """What is on a line: the columns before the first measure that tell rows apart, and the
    objectives."""
    names = [name for name in front.columns if name != POINT]
    first = next((place for place, name in enumerate(names) if is_measure(name)), len(names))
    told = {name for name in names[:first] if len(set(front[name].tolist())) > 1}
    return [name for name in names if name in {*told, *by, *objectives}]


def _named(columns: Sequence[str]) -> list[str]:
    """`--by a,b --by c` names three."""
    return [name for each in columns for name in as_tuple(each) if name]


def _draw(
    table: Table,
    mask: Mask,
    objectives: Sequence[tuple[str, bool]],
    by: Sequence[str],
    figure: Path,
) -> None:
    # matplotlib takes longer to load than a front to find.
    front = import_module("accelsim.report.front")
    x, y = (front.Objective(*each) for each in objectives[:2])
    whole = np.stack([numbers(table, each.column) for each in (x, y)])
    there = ~np.isnan(whole).any(axis=0)
    keys = [", ".join(map(str, key)) for key in zip(*(table[n].tolist() for n in by), strict=True)]
    own = np.array(keys if by else [""] * len(table))
    groups = []
    for name in dict.fromkeys(own[there].tolist()):
        rows = np.flatnonzero(there & (own == name))
        groups.append(front.Group(name, *whole[:, rows], mask[rows]))
    title = f"{np.count_nonzero(mask):,} of {len(table):,} rows are on the front"
    drawn = front.draw_front(x, y, groups, title)
    import_module("accelsim.report.save").save_figure(drawn, figure)


def _text(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
