"""`accelsim import`: another tool's file as one of ours."""

import sys
from collections.abc import Sequence
from dataclasses import asdict
from math import isfinite, nan
from pathlib import Path
from typing import Annotated

import typer

from accelsim.base.errors import InputError, did_you_mean
from accelsim.base.files import atomic_write, staged_folder
from accelsim.base.units import quantity
from accelsim.cli.options import Json
from accelsim.cli.output import print_json, print_table
from accelsim.interop.onnx_graph import from_onnx
from accelsim.interop.remark import Remark
from accelsim.interop.steps import Steps
from accelsim.interop.steps_text import COLUMNS, left_out_lines, rows
from accelsim.interop.timeloop import from_timeloop
from accelsim.workload.counts import counts

KINDS = ("timeloop", "onnx")


def command(
    kind: Annotated[str, typer.Argument(metavar="KIND", help=f"{' or '.join(KINDS)}.")],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The other tool's file.")],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", metavar="PATH", help="Write the YAML there: of onnx a folder, or a file."
        ),
    ] = None,
    energies: Annotated[
        Path | None,
        typer.Option(metavar="ERT", help="timeloop: Accelergy's energy reference table."),
    ] = None,
    clock: Annotated[
        str | None, typer.Option(metavar="HZ", help="timeloop: the clock, if the file says none.")
    ] = None,
    size: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=N", help="onnx: a size that the file leaves open, repeatable."),
    ] = None,
    value: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=X", help="onnx: an input that is X everywhere, like a mask; repeatable."
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Another tool's file as one of ours; what is not understood is named, where it stands.

    timeloop: an architecture of Timeloop v4 or AccelForge, as a spatial machine

    onnx: the products of matrices, softmax and attention of a graph, as linked workloads

    Example: accelsim import timeloop arch.yaml -o machine.yaml

    Example: accelsim import onnx model.onnx --size batch=1 --value attention_mask=1
    """
    if kind == "timeloop":
        hertz = None if clock is None else float(quantity(clock, "Hz"))
        found = from_timeloop(file, energies, hertz)
        _say_machine(found.text, found.remarks, out, json)
    elif kind == "onnx":
        _say_steps(from_onnx(file, _sizes(size or ()), _values(value or ())), out, json)
    else:
        remedy = did_you_mean(kind, KINDS) or f"There are {', '.join(KINDS)}"
        raise InputError(f"nothing of the kind {kind!r} can be imported", remedy=remedy)


def _sizes(texts: Sequence[str]) -> dict[str, int]:
    pairs = [text.partition("=") for text in texts]
    for text, (name, _, size) in zip(texts, pairs, strict=True):
        if not name or not size.isdigit() or not int(size) < 2**40:
            raise InputError(f"--size {text!r} is no size", remedy="write it like --size batch=1")
    return {name: int(size) for name, _, size in pairs}


def _values(texts: Sequence[str]) -> dict[str, float]:
    found: dict[str, float] = {}
    for text in texts:
        name, _, written = text.partition("=")
        try:
            number = float(written)
        except ValueError:
            number = nan
        if not name or not isfinite(number):
            fact = f"--value {text!r} is no number"
            raise InputError(fact, remedy="write it like --value attention_mask=1")
        found[name] = number
    return found


def _say_machine(text: str, remarks: Sequence[Remark], out: Path | None, json: bool) -> None:
    """The YAML, or where it went; remarks beside it, on standard error."""
    if out is not None:
        atomic_write(out, text)
    if json:
        said = [{"file": r.at.file, "line": r.at.line, "text": r.text} for r in remarks]
        print_json({"yaml": text, "file": None if out is None else str(out), "remarks": said})
        return
    for remark in remarks:
        print(remark, file=sys.stderr)
    if out is None:
        print(text, end="")
    else:
        print(f"{out}: a machine; what was left out: {len(remarks)} remarks")


def _say_steps(found: Steps, out: Path | None, json: bool) -> None:
    """A row a step; what was left out beside it, on standard error."""
    if out is not None:
        with staged_folder(out) as staged:
            for step in found.steps:
                (staged / f"{step.cascade.name}.yaml").write_text(step.text, encoding="utf-8")
    if json:
        print_json(
            {
                "name": found.name,
                "steps": [
                    {"node": s.node, "op": s.op, "name": s.cascade.name, "scale": s.scale}
                    | {"ranks": dict(s.cascade.ranks), "operations": counts(s.cascade).operations}
                    for s in found.steps
                ],
                "links": [link._asdict() for link in found.links],
                "left_out": [asdict(each) for each in found.left_out],
                "folder": None if out is None else str(out),
            }
        )
        return
    for line in left_out_lines(found.left_out):
        print(f"left out: {line}", file=sys.stderr)
    print_table(COLUMNS, rows(found))
    if out is not None:
        print(f"{out}: {len(found.steps)} workloads")
