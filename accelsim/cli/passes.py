"""`accelsim passes`: how often each rank of a workload must be traversed, and why."""

from typing import Annotated

import typer

from accelsim.base.errors import WorkloadError, did_you_mean
from accelsim.cli.inputs import load_cascade
from accelsim.cli.options import Json, Settings, Shape, WorkloadName
from accelsim.cli.output import print_json, print_table
from accelsim.workload.passes import RankPasses, Wait, passes


def command(
    workload: WorkloadName,
    *,
    rank: Annotated[
        str | None, typer.Option(metavar="RANK", help="Only this rank, such as M.")
    ] = None,
    shape: Shape = None,
    settings: Settings,
    json: Json = False,
) -> None:
    """How often each rank must be traversed, with the Einsums of each pass and what forces it.

    Example: accelsim passes attention/three_pass --rank M
    """
    found = _selected(passes(load_cascade(workload, settings, shape)), rank)
    if json:
        print_json({name: each.to_plain() for name, each in found.items()})
    else:
        rows = [row for each in found.values() for row in _rows(each)]
        print_table(("rank", "passes", "live", "Einsums of each pass, and what forces it"), rows)


def _selected(found: dict[str, RankPasses], rank: str | None) -> dict[str, RankPasses]:
    if rank is None:
        return found
    if rank not in found:
        remedy = did_you_mean(rank, found) or f"Its ranks are {', '.join(found)}"
        raise WorkloadError(f"nothing runs over a rank {rank!r}", remedy=remedy)
    return {rank: found[rank]}


def _rows(each: RankPasses) -> list[tuple[str, str, str, str]]:
    first, *later = [", ".join(names) for names in each.einsums]
    rows = [(each.rank, str(each.passes), each.footprint, first)]
    reasons = [f"  ({_why(wait)})" for wait in each.forced_by] + [""] * len(later)
    return rows + [("", "", "", names + why) for names, why in zip(later, reasons, strict=False)]


def _why(wait: Wait) -> str:
    return f"{wait.einsum} reads {wait.result}, known after the pass before, beside {wait.revisits}"
