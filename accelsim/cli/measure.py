"""`accelsim measure`: how long kernels take on the device at hand, through torch."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from accelsim.base.catalogue import shipped
from accelsim.base.errors import InputError
from accelsim.cli.options import Json
from accelsim.cli.output import print_json
from accelsim.cli.progress import progress
from accelsim.validation.measure import MEASURED_KERNELS, about_of, bench_of, measure
from accelsim.validation.offload.cases import OFFLOAD_KERNELS
from accelsim.validation.offload.run import measure_offload
from accelsim.workload.calls import read_cases


def command(
    out: Annotated[Path, typer.Option(metavar="FILE.csv", help="Appended to, and resumed.")],
    cases: Annotated[
        Path | None,
        typer.Option(
            metavar="CASES.csv", help="Columns kernel and params (JSON); --offload has its own."
        ),
    ] = None,
    device: Annotated[Literal["cuda", "cpu"], typer.Option(help="Where to run.")] = "cuda",
    offload: Annotated[
        bool,
        typer.Option(help="The link of two devices, and layers with attention on the second."),
    ] = False,
    sustain: Annotated[
        float,
        typer.Option(min=0, max=60, help="Seconds of back-to-back runs of a kernel; 0: none."),
    ] = 1.0,
    limit: Annotated[
        float | None,
        typer.Option(metavar="SECONDS", help="Begin no case after this time.", show_default=False),
    ] = None,
    json: Json = False,
) -> None:
    """Time every case: alone with cold caches, and back to back with clock and energy.

    With --offload: copies and messages between two devices by size, and decoding layers of
    transformers on one device and over two, with their parts.

    A case that fails is a row with its error. What FILE.csv holds already is not run again.

    Example: accelsim measure --cases cases.csv --out measured.csv --device cuda

    Example: accelsim measure --offload --out measured.csv --limit 400
    """
    listed = cases or _own_cases(offload)
    found = read_cases(listed, OFFLOAD_KERNELS if offload else MEASURED_KERNELS)
    about = about_of(device)
    with progress("measuring", len(found)) as bar:
        if offload:
            added = measure_offload(listed, out, limit, device, lambda case: bar(case.kernel))
        else:
            bench = bench_of(device)
            added = measure(found, out, bench, sustain, lambda case: bar(case.kernel), limit)
    if json:
        print_json({"out": str(out), "cases": len(found), **added._asdict(), **about})
    else:
        others = {
            "failed": added.failed,
            "there already": added.there,
            "left by the limit": added.left,
        }
        rest = "".join(f", {number} {what}" for what, number in others.items() if number)
        print(f"{added.measured} cases measured on {about['device']}{rest}")
        print(f"rows in {out}")


def _own_cases(offload: bool) -> Path:
    """Those of the study; an InputError if no other cases are known."""
    if not offload:
        raise InputError("there are no cases", remedy="Name a file of them with --cases")
    return shipped() / "studies" / "offload_measured" / "cases.csv"
