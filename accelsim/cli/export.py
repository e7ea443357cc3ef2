"""`accelsim export`: what we have in another tool's format."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from accelsim.base.errors import InputError, MappingError, did_you_mean
from accelsim.base.files import staged_folder
from accelsim.cli.cases import load_case
from accelsim.cli.options import (
    Json,
    MachineName,
    MappingName,
    Settings,
    Shape,
    WorkloadName,
)
from accelsim.cli.output import print_json
from accelsim.interop.timeloop_mapping import timeloop_mapping
from accelsim.mapping.binding import BoundMapping

KINDS = ("timeloop-mapping",)


def command(
    kind: Annotated[str, typer.Argument(metavar="KIND", help=f"{' or '.join(KINDS)}.")],
    workload: WorkloadName,
    machine: MachineName,
    mapping: MappingName = None,
    *,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the files go.")],
    shape: Shape = None,
    settings: Settings,
    json: Json = False,
) -> None:
    """What we have in another tool's format.

    timeloop-mapping: EINSUM.yaml, the problem and the mapping of each Einsum, for Timeloop v4; an
    Einsum that Timeloop cannot map is named, with the reason.

    Example: accelsim export timeloop-mapping attention/three_pass flat_cloud --out timeloop
    """
    if kind not in KINDS:
        remedy = did_you_mean(kind, KINDS) or f"There are {', '.join(KINDS)}"
        raise InputError(f"nothing of the kind {kind!r} can be exported", remedy=remedy)
    bound = load_case(workload, machine, mapping, settings, shape).bound()
    texts, reasons = _each(bound)
    if not texts:
        raise next(iter(reasons.values()))
    with staged_folder(out) as staged:
        for name, text in texts.items():
            (staged / f"{name}.yaml").write_text(text, encoding="utf-8")
    if json:
        left = {name: str(reason) for name, reason in reasons.items()}
        print_json({"folder": str(out), "einsums": list(texts), "left_out": left})
        return
    for name, reason in reasons.items():
        print(f"{name} is left out: {reason}", file=sys.stderr)
    print(f"{out}: {', '.join(f'{name}.yaml' for name in texts)}")


def _each(bound: BoundMapping) -> tuple[dict[str, str], dict[str, MappingError]]:
    """The files of the Einsums that can be said, and why others cannot."""
    texts: dict[str, str] = {}
    reasons: dict[str, MappingError] = {}
    for name in bound.nests:
        try:
            texts[name] = timeloop_mapping(bound, name)
        except MappingError as error:
            reasons[name] = error
    return texts, reasons
