"""`accelsim pareto`: the rows of a table that no other row beats."""

from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from accelsim.base.errors import InputError
from accelsim.base.pareto import Mask
from accelsim.base.units import format_quantity
from accelsim.cli.options import Json
from accelsim.cli.output import print_json, print_table
from accelsim.study.axes import as_tuple
from accelsim.study.budgets import lead, least_within, named_rows, read_budget
from accelsim.study.budgets import where as rows_where
from accelsim.study.columns import ERROR, POINT
from accelsim.study.measures import is_measure
from accelsim.study.pareto import groups as row_groups
from accelsim.study.pareto import numbers, on_front
from accelsim.study.results import ENDINGS, read_result
from accelsim.study.table import Table, unit_of, write_csv, write_parquet

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
    where: Annotated[
        str | None,
        typer.Option(metavar="CONDITION", help="Only rows that meet it: 'fits and pes >= 1024'."),
    ] = None,
    within: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN=LIMITS",
            help="Instead of the front, its best row of the first objective within each limit.",
        ),
    ] = None,
    mark: Annotated[
        list[str],
        typer.Option(
            metavar="RESULTS:COLUMN",
            help="Rows of another table, by their name in a column: how far from the front.",
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
    title: Annotated[str | None, typer.Option(metavar="TEXT", help="The figure's title.")] = None,
    json: Json = False,
) -> None:
    """The Pareto front: rows that no other row beats in all objectives.

    Equal rows stay together; a row without a number in an objective is never on the front.

    Examples: accelsim pareto out/fusemax/pareto.csv --minimise latency_s,area_um2 --by model,
    accelsim pareto rows --minimise latency_s,energy_pj --within 'area_um2=100 mm^2,200 mm^2'
    """
    small, large, groups = (_named(each) for each in (minimise, maximise, by))
    if out is not None and out.suffix not in ENDINGS:
        raise InputError(f"--out {out}: a table is a .csv or .parquet")
    if figure is not None and len(small) + len(large) < 2:
        raise InputError("--figure draws two objectives; name another one")
    budget = None if within is None else read_budget(within)
    if mark and (large or len(small) != 2):
        raise InputError("--mark compares in two objectives of which less is better")
    table = _without_keys(read_result(results))
    table = table if where is None else rows_where(table, where)
    marks = [row for each in mark for row in _marks(each)]
    mask = on_front(table, small, large, groups)
    front = table.at(np.flatnonzero(mask))
    front = front.at(np.argsort(numbers(front, (*small, *large)[0]), kind="stable"))
    leads = [row for name, marked in marks for row in _leads(front, name, marked, small, groups)]
    if budget is not None:
        front = least_within(front, [*small], budget, groups)
    if out is not None:
        (write_csv if out.suffix == ".csv" else write_parquet)(front, out)
    if figure is not None:
        objectives = [(n, False) for n in small] + [(n, True) for n in large]
        _draw(table, mask, objectives, groups, marks, title, figure)
    if json:
        found = {"rows": len(table), "on_front": int(mask.sum()), "front": front.rows()}
        print_json(found | ({"marked": leads} if marks else {}))
        return
    limited = () if budget is None else (budget.column,)
    shown = front.select(_telling(front, [*small, *large, *limited], groups))
    rows = [tuple(map(_text, row.values())) for row in shown.rows()[:ROWS_SHOWN]]
    print_table(tuple(shown.columns), rows)
    more = f", the first {ROWS_SHOWN} are shown" if len(front) > ROWS_SHOWN else ""
    is_whole = len(shown.columns) == len(front.columns)
    rest = "" if is_whole else "; --json and --out have all columns"
    print(f"\n{np.count_nonzero(mask):,} of {len(table):,} rows are on the front{more}{rest}")
    if leads:
        print("\nby how much the front is ahead where it is no worse in the other")
        print_table(tuple(leads[0]), [tuple(map(_share, row.values())) for row in leads])


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
    marks: Sequence[tuple[str, Table]],
    title: str | None,
    figure: Path,
) -> None:
    # matplotlib takes longer to load than a front to find.
    front = import_module("accelsim.report.front")
    x, y = (front.Objective(*each) for each in objectives[:2])
    whole = np.stack([numbers(table, each.column) for each in (x, y)])
    there = ~np.isnan(whole).any(axis=0)
    keys = [_key(by, values) for values in zip(*(table[n].tolist() for n in by), strict=True)]
    own = np.array(keys if by else [""] * len(table))
    groups = []
    for name in dict.fromkeys(own[there].tolist()):
        rows = np.flatnonzero(there & (own == name))
        groups.append(front.Group(name, *whole[:, rows], mask[rows]))
    counted = f"{np.count_nonzero(mask):,} of {len(table):,} rows are on the front"
    places = [(float(numbers(row, each.column)[0]) for each in (x, y)) for _, row in marks]
    stars = [front.Mark(name, *place) for (name, _), place in zip(marks, places, strict=True)]
    drawn = front.draw_front(x, y, groups, title or counted, stars)
    import_module("accelsim.report.save").save_figure(drawn, figure)


def _without_keys(table: Table) -> Table:
    """A sweep's rows have an address each, and an error where they have no numbers."""
    return table.select([name for name in table.columns if name not in (POINT, ERROR)])


def _key(names: Sequence[str], values: Sequence[Any]) -> str:
    """`400 GB/s` of a column that has a unit."""
    shown = [
        format_quantity(value, unit_of(name)) if unit_of(name) else str(value)
        for name, value in zip(names, values, strict=True)
    ]
    return ", ".join(shown)


def _marks(text: str) -> list[tuple[str, Table]]:
    """`rows.csv:design`: each row of a table by its name."""
    results, colon, column = text.rpartition(":")
    if not (colon and results and column):
        raise InputError(f"--mark {text!r}: write it like RESULTS:COLUMN, of a column with names")
    return named_rows(read_result(results), column)


def _leads(
    front: Table, name: str, marked: Table, objectives: Sequence[str], by: Sequence[str]
) -> Iterator[dict[str, Any]]:
    x, y = objectives
    for group in row_groups(front, by):
        of = front.at(group)
        found = lead(of, marked, x, y)
        key = {"front of": _key(by, [of[each][0] for each in by])} if by else {}
        yield {"design": name, **key, x: found.x, y: found.y}


def _share(value: object) -> str:
    if not isinstance(value, float):
        return str(value)
    return "none is as good" if np.isnan(value) else f"{value:.1%}"


def _text(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
