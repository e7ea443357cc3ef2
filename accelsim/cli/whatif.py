"""`accelsim whatif`: what changes where a number of a machine or a workload is another one."""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer

from accelsim.base.files import refuse_unwritable, staged_folder
from accelsim.base.units import UNIT_OF_SUFFIX
from accelsim.cli.options import Json, Settings, Shape, bare_paths
from accelsim.cli.output import print_json, print_table
from accelsim.cli.progress import progress, share_done
from accelsim.cli.subjects import FirstName, SecondName, ThirdName, load_subject
from accelsim.cli.whatif_reached import print_reached, refuse_without_vary
from accelsim.cli.whatif_text import WORDS, measure_text, number_text, times_text
from accelsim.study.advice import SPEEDUP
from accelsim.study.along import Along
from accelsim.study.provenance import provenance, write_provenance
from accelsim.study.subject import (
    BOUND,
    ERROR,
    Subject,
)
from accelsim.study.table import Table, write_csv
from accelsim.study.whatif import WhatIf, as_plain, what_if_of

if TYPE_CHECKING:
    from accelsim.study.anew import Anew

SHOWN = {1: 13, 2: 5}
"""Rows of a table for people, along each of one or two numbers."""
FIGURE, CSV = "whatif", "whatif.csv"


def command(
    first: FirstName,
    second: SecondName,
    mapping: ThirdName = None,
    *,
    vary: Annotated[
        list[str],
        typer.Option(
            "--vary",
            metavar="PATH=RANGE",
            help="0.1x:10x of today, 1MiB:64MiB, 64:512:lin:8, a list 1,2,4; once or twice.",
            default_factory=list,
            show_default=False,
        ),
    ],
    target: Annotated[
        list[str],
        typer.Option(
            "--target",
            metavar="NAME=GOAL",
            help="Which value gives it: latency=2x (as fast), latency=1ms, energy=0.5x; without "
            "--vary, of which bandwidth, buffer, clock, array.",
            default_factory=list,
            show_default=False,
        ),
    ],
    find: Annotated[
        str | None,
        typer.Option(
            metavar="OBJECTIVE",
            help="Find the best mapping or kernels at each point anew: latency, energy, ... "
            "(see `map`).",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write figure (PNG, SVG), rows (CSV) and provenance."),
    ] = None,
    shape: Shape = None,
    settings: Settings,
    json: Json = False,
) -> None:
    """Rows, elasticities, where the bound changes, and the value that reaches a target.

    WORKLOAD MACHINE [MAPPING] varies ranks.P, words.Q, tiles.P0 of the mapping and every number of
    the machine by its path in the YAML; GPU KERNEL the sizes of a call (given by --set m=4096) and
    the GPU's numbers; MODEL SYSTEM sequences, context, and the numbers of the system, of the model,
    and of a device's machine (H100.memories.HBM.bandwidth). PATH,PATH=RANGE gives both the same
    value. On an array the mapping stays the same, on a GPU kernels are made at each point, by rules
    or as a library does; with --find the best is found anew at each point too (Ctrl-C keeps what is
    there).

    Example: accelsim whatif attention/one_pass fusemax_cloud --vary
    memories.DRAM.bandwidth=0.01x:10x --target latency=2x --out out/whatif

    Example: accelsim whatif attention/one_pass fusemax_cloud --vary
    memories.GlobalBuffer.capacity=256KiB:16MiB:log:4 --find latency

    Example: accelsim whatif attention/one_pass h100_sxm --vary sm.shared=114KiB,228KiB
    --find latency

    Example: accelsim whatif attention/one_pass fusemax_cloud --target latency=2x

    Example: accelsim whatif h100_sxm gemm --set m=16 --set n=4096 --set k=4096 --vary m=1:4096

    Example: accelsim whatif llama3_70b eight_h100 --vary context=1024:16384
    """
    if not vary:
        refuse_without_vary(target, {"--find": find, "--out": out})
        print_reached(first, second, mapping, settings, shape, target, json)
        return
    if out is not None:
        refuse_unwritable(out)
    with progress(f"{first} on {second}", None) as step:
        subject = load_subject(first, second, mapping, settings, shape, lambda: step("points"))
        found = what_if_of(subject, vary, target) if find is None else None
    if found is None:
        with share_done(f"mappings of {first} on {second}") as searched:
            found = what_if_of(subject, vary, target, find, searched)
    files = [] if out is None else _write(found, subject, settings, out)
    if json:
        print_json(as_plain(found) | {"files": files})
    else:
        _print(found, files)
    if found.anew is not None and found.anew.is_cut_short:
        raise KeyboardInterrupt


# --- files ----------------------------------------------------------------------------------------


def _write(found: WhatIf, subject: Subject, settings: list[str], out: Path) -> list[str]:
    """All files or none."""
    # matplotlib takes longer to load than most of these to compute.
    report = import_module("accelsim.report.whatif")
    save = import_module("accelsim.report.save").save_figure
    with staged_folder(out) as folder:
        figure = report.draw_what_if(found)
        for kind in ("png", "svg"):
            save(figure, folder / f"{FIGURE}.{kind}")
        write_csv(_with_units(found), folder / CSV)
        write_provenance(_rests_on(found, subject, settings), folder)
        names = sorted(file.name for file in folder.iterdir())
    return [str(out / name) for name in names]


def _with_units(found: WhatIf) -> Table:
    """The rows as files have them: the unit of what is varied at the end of its column's name."""
    suffixes = {unit: suffix for suffix, unit in UNIT_OF_SUFFIX.items()}
    names = {each.name: f"{each.name}{suffixes.get(each.unit, '')}" for each in found.varied}
    columns = found.table.columns.items()
    return Table({names.get(name, name): column for name, column in columns})


def _rests_on(found: WhatIf, subject: Subject, settings: list[str]) -> dict[str, Any]:
    own = provenance(subject.nouns(), bare_paths(settings))
    varied = {each.name: list(each.values) for each in found.varied}
    names = " and ".join(varied)
    other = "another one" if len(varied) == 1 else "other ones"
    question = f"What if {names} of {found.of} were {other}?"
    return own | {"question": question, "varied": varied, "sentence": found.sentence}


# --- text -----------------------------------------------------------------------------------------


def _print(found: WhatIf, files: list[str]) -> None:
    now = ", ".join(measure_text(name, value) for name, value in found.today.items())
    print(f"{found.of}: {now} today\n")
    _print_rows(found)
    print()
    if found.anew is not None:
        _print_anew(found, found.anew)
    for each in found.along:
        _print_along(each)
    if found.note:
        print(f"{found.note}\n")
    for solved in found.solved:
        print(f"target {solved.target.text}: {solved.text}")
    for file in files:
        print(f"written: {file}")
    print(f"\n{found.sentence}" if found.solved or files else found.sentence)


def _print_rows(found: WhatIf) -> None:
    shown = _chosen(found)
    table = found.table.at(np.array(shown))
    names = [each.name for each in found.varied]
    has_errors = any(table[ERROR] != "")
    words = (WORDS[name] for name in found.today)
    columns = (*names, *words, SPEEDUP, BOUND, *(["error"] if has_errors else []), "")
    rows = [
        (
            *(each.text(row[each.name]) for each in found.varied),
            *(number_text(name, row[name]) for name in found.today),
            times_text(row[SPEEDUP]),
            row[BOUND] or "-",
            *([row[ERROR]] if has_errors else []),
            "today" if _is_today(found, row) else "",
        )
        for row in table.rows()
    ]
    print_table(columns, rows)
    if len(table) < len(found.table):
        print(f"{len(table)} of {len(found.table):,} points; --out or --json has all")


def _print_anew(found: WhatIf, anew: "Anew") -> None:
    """A row for today, then those of the table; what follows it is of the mapping that is kept."""
    print(f"with {anew.search.kept} / found anew for {anew.minimise}")
    today = {**found.today, BOUND: found.bound, **anew.today_anew}
    rows = [("today", *[""] * (len(found.varied) - 1), *_anew_cells(found, anew, today))]
    for row in found.table.at(np.array(_chosen(found))).rows():
        values = [each.text(row[each.name]) for each in found.varied]
        rows.append((*values, *_anew_cells(found, anew, row)))
    names = [each.name for each in found.varied]
    words = [WORDS[name] for name in found.today]
    print_table([*names, *words, f"x {WORDS[anew.measure]}", "bound", "found by"], rows)
    print(f"\nwith {anew.search.kept}:")


def _anew_cells(found: WhatIf, anew: "Anew", row: dict[str, Any]) -> list[str]:
    pairs = [(number_text(n, row[n]), number_text(n, row[f"anew_{n}"])) for n in found.today]
    bounds = [row[name] or "-" for name in (BOUND, "anew_bound")]
    optimal = " (optimal in its space)" if row["optimal"] else ""
    by = row["anew_error"] or f"{row['strategy']}{optimal}"
    ratio = row[f"anew_{anew.measure}"] / row[anew.measure]
    return [*(" / ".join(pair) for pair in pairs), times_text(ratio), " / ".join(bounds), by]


def _is_today(found: WhatIf, row: dict[str, Any]) -> bool:
    return all(row[each.name] == each.today for each in found.varied)


def _chosen(found: WhatIf) -> list[int]:
    """Rows to show: of each number the ends, today's, and some evenly between."""
    kept = []
    for each in found.varied:
        most, number = SHOWN[len(found.varied)], len(each.values)
        places = {round(i * (number - 1) / max(1, most - 1)) for i in range(most)}
        if number <= most:
            places = set(range(number))
        values = {each.values[place] for place in places if place < number}
        kept.append(values | {value for value in each.values if value == each.today})
    rows = found.table.rows()
    names = [each.name for each in found.varied]
    return [
        place
        for place, row in enumerate(rows)
        if all(row[name] in values for name, values in zip(names, kept, strict=True))
    ]


def _print_along(each: Along) -> None:
    sides = [f"{WORDS[name]} {_sides(slope)}" for name, slope in each.slopes.items()]
    own = each.varied.today_text
    how = f" (below | above, by {each.method})" if each.method else ""
    print(f"{each.varied.name}, {own} today; elasticity of {', '.join(sides)}{how}")
    rows = [
        (
            segment.bound,
            *(each.varied.text(end) for end in (segment.low, segment.high)),
            *(number_text("latency_s", s) for s in (segment.low_latency_s, segment.high_latency_s)),
        )
        for segment in each.segments
    ]
    print_table(("bound", "from", "to", "latency there", "and there"), rows)
    print()


def _sides(slope: tuple[float | None, float | None]) -> str:
    left, right = ("none" if side is None else f"{round(side, 3) + 0.0:.3f}" for side in slope)
    return left if left == right else f"{left} | {right}"
