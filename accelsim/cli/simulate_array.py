"""`accelsim simulate WORKLOAD MACHINE`: a schedule played tile by tile, beside the formula."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from accelsim.base.errors import InputError
from accelsim.cli.cases import Case, load_case, refuse_illegal
from accelsim.cli.output import print_json, print_table
from accelsim.cost.evaluate import evaluate
from accelsim.cost.result import Cost
from accelsim.interop.perfetto import write_trace_events
from accelsim.mapping.binding import BoundMapping
from accelsim.sim.rounds import tiles_of
from accelsim.sim.spatial import simulate
from accelsim.sim.trace import Trace, waterfall
from accelsim.study.results import ENDINGS, write_result
from accelsim.study.table import Table, array_of

MOST_TILES = 20_000
"""About three seconds, and 300,000 intervals."""
COLUMNS = 80
"""Of the waterfall, beside the names of its rows."""


@dataclass(frozen=True)
class Played:
    """A case, what the simulation saw, and what the formula says."""

    case: Case
    machine: str
    trace: Trace
    cost: Cost


@dataclass(frozen=True)
class Play:
    """What is asked of a schedule's simulation."""

    workload: str
    machine: str
    mapping: str | None
    tiles: int | None
    out: Path | None
    figure: Path | None
    shape: str | None
    settings: list[str]


def play(asked: Play, as_json: bool) -> None:
    """Cycles beside the formula's, a trace, a figure."""
    case = load_case(asked.workload, asked.machine, asked.mapping, asked.settings, asked.shape)
    bound = refuse_illegal(case)
    refuse_too_many(bound, asked.tiles)
    found = evaluate(case.cascade, case.arch, case.mapping)
    trace = simulate(bound, most_tiles=MOST_TILES if asked.tiles is None else asked.tiles)
    played = Played(case, asked.machine, trace, found)
    if asked.out is not None:
        _write(played, asked.out)
    if asked.figure is not None:
        _draw(played, asked.figure)
    files = [str(file) for file in (asked.out, asked.figure) if file is not None]
    if as_json:
        print_json({**_as_plain(played), "files": files})
    else:
        _print_summary(played, files)


def _write(played: Played, out: Path) -> None:
    """For Perfetto, or as a table: a row an interval, with what it is of."""
    if out.suffix not in ENDINGS:
        write_trace_events(played.trace, played.case.arch.clock_hz, out)
        return
    source = f"{played.case.cascade.source}; {played.case.arch.source}"
    rows = [{**row, "of": _title(played), "source": source} for row in played.trace.rows()]
    write_result(Table({name: array_of(row[name] for row in rows) for name in rows[0]}), out)


def refuse_too_many(bound: BoundMapping, chosen: int | None) -> None:
    """Before anything is played: a schedule of a million tiles takes minutes and gigabytes."""
    each = [tiles_of(step, bound) for step in bound.steps]
    played = each if chosen is None else [min(tiles, chosen) for tiles in each]
    if sum(played) > MOST_TILES:
        most = MOST_TILES // len(each)
        raise InputError(
            f"{sum(played):,} tiles would be played, and at most {MOST_TILES:,} can be",
            remedy=f"--tiles {min(1000, most)} plays the first {min(1000, most):,} of each step "
            "and takes the others to be like them; smaller ranks have fewer tiles",
        )


def _draw(played: Played, file: Path) -> None:
    # matplotlib takes longer to load than most simulations.
    draw_timeline = import_module("accelsim.report.timeline").draw_timeline
    save_figure = import_module("accelsim.report.save").save_figure
    caption = f"{_counted(played.trace)}; {_compared(played)}."
    save_figure(draw_timeline(played.trace, _title(played), caption=caption), file)


# --- what is printed -----------------------------------------------------------------------------


def _as_plain(played: Played) -> dict[str, Any]:
    case, trace, cost = played.case, played.trace, played.cost
    return {
        "workload": case.cascade.name,
        "machine": played.machine,
        "mapping": case.mapping_name,
        "simulated_cycles": trace.estimated_cycles,
        "formula_cycles": cost.cycles,
        "difference": trace.estimated_cycles / cost.cycles - 1,
        "tiles": trace.tiles,
        "tiles_played": trace.tiles_played,
        "steps": [
            {
                "step": span.step,
                "simulated_cycles": span.estimated_cycles,
                "formula_cycles": by_formula.cycles,
                "tiles": span.tiles,
                "tiles_played": span.tiles_played,
            }
            for span, by_formula in zip(trace.steps, cost.steps, strict=True)
        ],
        "busy": trace.utilization,
        "busy_by_formula": _busy_by_formula(cost),
    }


def _print_summary(played: Played, files: list[str]) -> None:
    print(f"{_title(played)}\n")
    plain = _as_plain(played)
    rows = [_step_row(step["step"], step) for step in plain["steps"]]
    rows += [_step_row("total", plain)] if len(rows) > 1 else []
    print_table(("step", "simulated", "formula", "difference", "tiles played"), rows)
    print()
    by_formula = plain["busy_by_formula"]
    print_table(
        ("actor", "busy", "by formula"),
        [
            (actor, f"{share:.1%}", f"{by_formula[actor]:.1%}")
            for actor, share in plain["busy"].items()
        ],
    )
    print(f"\n{waterfall(played.trace, columns=COLUMNS)}", end="")
    for file in files:
        print(f"written: {file}")


def _step_row(name: str, plain: Mapping[str, Any]) -> tuple[str, ...]:
    simulated, formula = plain["simulated_cycles"], plain["formula_cycles"]
    cycles = (
        f"{simulated:,.0f} cycles",
        f"{formula:,.0f} cycles",
        f"{simulated / formula - 1:+.2%}",
    )
    return name, *cycles, f"{plain['tiles_played']:,} of {plain['tiles']:,}"


def _title(played: Played) -> str:
    case = played.case
    return f"{case.cascade.name} on {played.machine} under {case.mapping_name}"


def _counted(trace: Trace) -> str:
    return f"{trace.tiles_played:,} of {trace.tiles:,} tiles played"


def _compared(played: Played) -> str:
    simulated, formula = played.trace.estimated_cycles, played.cost.cycles
    return f"{simulated:,.0f} cycles, {simulated / formula - 1:+.2%} against the formula"


def _busy_by_formula(cost: Cost) -> dict[str, float]:
    arrays = {array: float(use.in_use) for array, use in cost.utilization.items()}
    needed = cost.cycles_by_resource
    return {**{part: float(each / cost.cycles) for part, each in needed.items()}, **arrays}
