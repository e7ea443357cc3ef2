"""`accelsim import`: another tool's file as one of ours."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from accelsim.base.errors import InputError, did_you_mean
from accelsim.base.files import atomic_write
from accelsim.base.units import quantity
from accelsim.cli.options import Json
from accelsim.cli.output import print_json
from accelsim.interop.remark import Remark
from accelsim.interop.timeloop import from_timeloop

KINDS = ("timeloop",)


def command(
    kind: Annotated[str, typer.Argument(metavar="KIND", help=f"{' or '.join(KINDS)}.")],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The other tool's file.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="YAML", help="Write the YAML there.")
    ] = None,
    energies: Annotated[
        Path | None,
        typer.Option(metavar="ERT", help="timeloop: Accelergy's energy reference table."),
    ] = None,
    clock: Annotated[
        str | None, typer.Option(metavar="HZ", help="timeloop: the clock, if the file says none.")
    ] = None,
    json: Json = False,
) -> None:
    """Another tool's file as one of ours; what is not understood is named with its line.

    timeloop    an architecture of Timeloop v4 or AccelForge, as a spatial machine

    Example: accelsim import timeloop arch.yaml -o machine.yaml
    """
    if kind not in KINDS:
        remedy = did_you_mean(kind, KINDS) or f"There are {', '.join(KINDS)}"
        raise InputError(f"nothing of the kind {kind!r} can be imported", remedy=remedy)
    hertz = None if clock is None else float(quantity(clock, "Hz"))
    found = from_timeloop(file, energies, hertz)
    _say(found.text, found.remarks, out, json)


def _say(text: str, remarks: Sequence[Remark], out: Path | None, json: bool) -> None:
    """The YAML, or where it went; remarks beside it, on standard error."""
    if out is not None:
        atomic_write(out, text)
    if json:
        said = [{"file": r.at.file, "line": r.at.line, "text": r.text} for r in remarks]
        print_json({"yaml": text, "file": None if out is None else str(out), "remarks": said})
        return
    for remark in remarks:
        print(remark, file=sys.stderr)
    print(text if out is None else f"{out}: written; {len(remarks)} remarks", end="")
    if out is not None:
        print()
