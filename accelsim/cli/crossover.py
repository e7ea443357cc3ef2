"""`accelsim crossover`: where the bound changes along one number of a machine or a workload."""

import math
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from accelsim.base.errors import InputError
from accelsim.base.units import format_quantity
from accelsim.cli.options import Json, Settings, Shape
from accelsim.cli.output import print_json, print_table
from accelsim.cli.progress import progress
from accelsim.cli.subjects import FirstName, SecondName, ThirdName, load_subject
from accelsim.study.crossover import Crossover, crossover_of, sentence
from accelsim.study.varied import read_along

MOST_POINTS = 10**6


def command(
    first: FirstName,
    second: SecondName,
    mapping: ThirdName = None,
    *,
    along: Annotated[
        str,
        typer.Option(
            metavar="PATH=LOW..HIGH",
            help="The number, and from where to where; also 0.1x:10x of today.",
        ),
    ],
    grid: Annotated[
        int | None,
        typer.Option(
            metavar="N", help="Points between which to look; 512, and 17 where each is asked alone."
        ),
    ] = None,
    figure: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw it as .png or .svg.")
    ] = None,
    shape: Shape = None,
    settings: Settings,
    json: Json = False,
) -> None:
    """Where the bound changes: DRAM-bound below 203 GB/s, compute-bound above.

    On an array under one mapping, the default at the machine's own numbers if none is named; one
    that chooses among alternatives chooses at each value. On a GPU kernels are made anew at each.

    Example: accelsim crossover attention/one_pass fusemax_cloud
    --along 'memories.DRAM.bandwidth=25 GB/s..2 TB/s'

    Example: accelsim crossover h100_sxm gemm --set m=16 --set n=4096 --set k=4096
    --along 'm=1..4096 log'

    Example: accelsim crossover llama3_8b eight_h100 --along context=1024:65536
    """
    if grid is not None and not 2 <= grid <= MOST_POINTS:
        raise InputError(f"--grid {grid}: a grid has from 2 to {MOST_POINTS:,} points")
    with progress(f"{first} on {second}", None) as step:
        subject = load_subject(first, second, mapping, settings, shape, lambda: step("points"))
        found = crossover_of(subject, read_along(subject, along), grid)
    what = subject.of
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
