"""`accelsim measure`: how long kernels take on the device at hand, through torch."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from accelsim.cli.options import Json
from accelsim.cli.output import print_json
from accelsim.cli.progress import progress
from accelsim.validation.measure import MEASURED_KERNELS, bench_of, measure
from accelsim.workload.calls import read_cases


def command(
    cases: Annotated[
        Path, typer.Option(metavar="CASES.csv", help="Columns kernel and params (JSON).")
    ],
    out: Annotated[Path, typer.Option(metavar="FILE.csv", help="Appended to, and resumed.")],
    device: Annotated[Literal["cuda", "cpu"], typer.Option(help="Where to run.")] = "cuda",
    sustain: Annotated[
        float, typer.Option(min=0, max=60, help="Seconds of back-to-back runs a case; 0: none.")
    ] = 1.0,
    json: Json = False,
) -> None:
    """Time every case: alone with cold caches, and back to back with clock and energy.

    A case that fails is a row with its error. What FILE.csv holds already is not run again.

    Example: accelsim measure --cases cases.csv --out measured.csv --device cuda
    """
    found = read_cases(cases, MEASURED_KERNELS)
    bench = bench_of(device)
    with progress("measuring", len(found)) as advance:
        added = measure(found, out, bench, sustain, lambda case: advance(case.kernel))
    if json:
        print_json({"out": str(out), "cases": len(found), **added._asdict(), **bench.about})
    else:
        failed = f", {added.failed} failed" if added.failed else ""
        there = len(found) - sum(added)
        already = f", {there} there already" if there else ""
        print(f"{added.measured} cases measured on {bench.about['device']}{failed}{already}")
        print(f"rows in {out}")
