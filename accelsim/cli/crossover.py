"""`accelsim crossover`: where the bound changes along one number of a machine or a workload."""

import math
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from accelsim.base.errors import InputError
from accelsim.base.units import format_quantity
from accelsim.cli.designs import load_design
from accelsim.cli.options import Json, MachineName, MappingName, Settings, Shape, WorkloadName
from accelsim.cli.output import print_json, print_table
from accelsim.study.crossover import GRID, Crossover, crossover, sentence
from accelsim.study.ranges import read_range

MOST_POINTS = 10**6


def command(
    workload: WorkloadName,
    machine: MachineName,
    mapping: MappingName = None,
    *,
    along: Annotated[
        str, typer.Option(metavar="PATH=LOW..HIGH", help="The number, and from where to where.")
    ],
    grid: Annotated[int, typer.Option(metavar="N", help="Points between which to look.")] = GRID,
    figure: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw it as .png or .svg.")
    ] = None,
    shape: Shape = None,
    settings: Settings,
    json: Json = False,
) -> None:
    """Where the bound changes: DRAM-bound below 203 GB/s, compute-bound above.

    Under one mapping, the default at the machine's own numbers if none is named; one that chooses
    among alternatives chooses at each value.

    Example: accelsim crossover attention/one_pass fusemax_cloud
    --along 'memories.DRAM.bandwidth=25 GB/s..2 TB/s'
    """
    if not 2 <= grid <= MOST_POINTS:
        raise InputError(f"--grid {grid}: a grid has from 2 to {MOST_POINTS:,} points")
    design, what, _ = load_design(workload, machine, mapping, settings, shape)
    found = crossover(design, read_range(design, along), grid)
    if figure is not None:
        # matplotlib takes longer to load than this to compute.
        draw = import_module("accelsim.report.crossover").draw_crossover
        drawn = draw(found, what)
        import_module("accelsim.report.save").save_figure(drawn, figure)
    if json:
        print_json(
            {
                "of": what,
                "path": found.along.path,
                "unit": found.along.unit,
                "boundaries": found.boundaries,
                "segments": [segment._asdict() for segment in found.segments],
            }
        )
        return
    _print(found, what)


def _print(found: Crossover, what: str) -> None:
    def text(value: float) -> str:
        return format_quantity(value, found.along.unit or "1")

    print(f"{found.along.path}: {sentence(found.segments, text)}\n")
    lines = [
        (
            segment.bound,
            text(segment.low),
            text(segment.high),
            *(_latency(s) for s in (segment.low_latency_s, segment.high_latency_s)),
        )
        for segment in found.segments
    ]
    print_table(("bound", "from", "to", "latency there", "and there"), lines)
    print(f"\n{what}")


def _latency(seconds: float) -> str:
    return "none" if math.isnan(seconds) else format_quantity(seconds, "s")
