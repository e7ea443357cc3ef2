"""`accelsim sensitivity`: by how many percent results change where a parameter changes by one."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from accelsim.base.units import format_quantity
from accelsim.cli.options import Json, Settings, Shape
from accelsim.cli.output import print_json, print_table
from accelsim.cli.progress import progress
from accelsim.cli.subjects import FirstName, SecondName, ThirdName, load_subject
from accelsim.study.axes import as_tuple
from accelsim.study.results import refuse_unless_table, write_result
from accelsim.study.sensitivity import NEGLIGIBLE, is_kink
from accelsim.study.slopes import elasticities_of
from accelsim.study.sobol import Indices, sobol_of_subject
from accelsim.study.subject import Subject
from accelsim.study.table import Table, array_of

SHOWN = 5e-5
"""Elasticities below this would be printed as 0."""


def command(
    first: FirstName,
    second: SecondName,
    mapping: ThirdName = None,
    *,
    of: Annotated[
        str | None,
        typer.Option(
            metavar="MEASURES", help="Measures, between commas; else latency_s,energy_pj,..."
        ),
    ] = None,
    parameters: Annotated[
        str, typer.Option(metavar="PATHS", help="Paths or patterns: clock,memories.DRAM.*")
    ] = "*",
    step: Annotated[
        float | None,
        typer.Option(metavar="SHARE", help="By differences of this step, not derivatives."),
    ] = None,
    ranges: Annotated[
        list[str],
        typer.Option(
            "--range",
            metavar="PATH=LOW..HIGH",
            help="Sobol indices over these ranges instead; 'LOW..HIGH log' for orders.",
            default_factory=list,
            show_default=False,
        ),
    ],
    range_file: Annotated[
        str | None, typer.Option("--ranges", metavar="FILE", help="The same as a YAML file.")
    ] = None,
    samples: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Sobol samples, a power of 2, N(D+2) points; 1024, 64 where each is asked alone.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the samples and of the confidence.")] = 0,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the table as .csv or .parquet.")
    ] = None,
    shape: Shape = None,
    settings: Settings,
    json: Json = False,
) -> None:
    """Elasticities d log y / d log p of every number of a machine and of every rank.

    On an array rates, times, energies and areas are differentiated exactly; two numbers (left |
    right) are the sides of a kink. Sizes and ranks are halved and doubled. The mapping stays the
    same, the default at the machine's own numbers if none is named. On a GPU, of a call and of a
    model on a system, each number is moved by 1 % both ways, with kernels made anew.

    Example: accelsim sensitivity attention/one_pass fusemax_cloud --parameters 'memories.DRAM.*'

    Example: accelsim sensitivity h100_sxm gemm --set m=16 --set n=4096 --set k=4096

    Example: accelsim sensitivity llama3_8b eight_h100 --parameters 'links.*,H100.memories.*'

    As a figure: accelsim sensitivity attention/one_pass fusemax_cloud --out out/elasticities.csv;
    accelsim plot tornado out/elasticities.csv
    """
    if out is not None:
        refuse_unless_table(out)
    asked = () if of is None else as_tuple(of)
    with progress(f"{first} on {second}", None) as told:
        subject = load_subject(first, second, mapping, settings, shape, lambda: told("points"))
        if ranges or range_file:
            measures = asked or subject.measures
            indices = sobol_of_subject(subject, measures, ranges, range_file, samples, seed)
            found = indices.table
        else:
            indices = None
            found = elasticities_of(subject, asked, as_tuple(parameters), step)
    if out is not None:
        write_result(_told(found, subject), out)
    if indices is not None:
        _report_indices(indices, subject.of, json)
    elif json:
        print_json([row | {"kink": is_kink(row)} for row in found.rows()])
    else:
        _print_elasticities(found.rows())
        if subject.note:
            print(subject.note)
        print(subject.of)


def _told(table: Table, subject: Subject) -> Table:
    """With what they are of: `attention/one_pass on fusemax_cloud under fusemax_binding`."""
    sources = [getattr(noun, "source", "") for noun in subject.nouns().values()]
    same = {"of": subject.of, "source": "; ".join(dict.fromkeys(filter(None, sources)))}
    return Table({**table.columns, **{n: array_of([v] * len(table)) for n, v in same.items()}})


def _print_elasticities(rows: Sequence[Mapping[str, Any]]) -> None:
    """A line for each parameter that changes something, the one that changes most first."""
    measures = dict.fromkeys(row["measure"] for row in rows)
    by_path: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        by_path.setdefault(row["parameter"], []).append(row)
    told = {path: own for path, own in by_path.items() if _largest(own) >= SHOWN}
    lines = [
        (path, _value(own[0]), *(_sides(row) for row in own), own[0]["method"])
        for path, own in sorted(told.items(), key=lambda item: -_largest(item[1]))
    ]
    if lines:
        print_table(("parameter", "value", *measures, "method"), lines)
        print("\na | b: below | above the value" + _kinks(rows))
    if any(None in (row["left"], row["right"]) for own in told.values() for row in own):
        print("none: it cannot run there, or there is no such size")
    print(f"{len(by_path) - len(told)} of {len(by_path)} parameters change none of it")


def _largest(rows: Sequence[Mapping[str, Any]]) -> float:
    sides = [row[side] for row in rows for side in ("left", "right")]
    return max((abs(side) for side in sides if side is not None), default=0.0)


def _kinks(rows: Sequence[Mapping[str, Any]]) -> str:
    number = len({row["parameter"] for row in rows if is_kink(dict(row))})
    return f"; {number} parameters stand at a kink" if number else ""


def _value(row: Mapping[str, Any]) -> str:
    return format_quantity(row["value"], row["unit"] or "1")


def _sides(row: Mapping[str, Any]) -> str:
    left, right = row["left"], row["right"]
    if None not in (left, right) and abs(left - right) <= max(NEGLIGIBLE, SHOWN):
        return _number(right)
    return f"{_number(left)} | {_number(right)}"


def _number(side: float | None) -> str:
    return "none" if side is None else f"{round(side, 4) + 0.0:.4f}"


def _report_indices(indices: Indices, what: str, json: bool) -> None:
    rows = indices.table.rows()
    if json:
        print_json({"points": indices.points, "overfull": indices.overfull, "indices": rows})
        return
    columns = ("measure", "parameter", "first", "+-", "total", "+-")
    numbers = ("first", "first_confidence", "total", "total_confidence")
    lines = [(r["measure"], r["parameter"], *(_index(r[each]) for each in numbers)) for r in rows]
    print_table(columns, lines)
    print(f"\n{indices.points:,} points; +- is half of the 95 % confidence interval")
    if indices.overfull:
        print(f"at {indices.overfull:.0%} of them some memory does not hold what it must")
    print(what)


def _index(value: float | None) -> str:
    return "constant" if value is None else f"{value:.4f}"
