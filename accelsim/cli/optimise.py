"""`accelsim optimise`: an equal workload with fewer passes over a rank."""

from dataclasses import replace
from math import ceil, log10
from pathlib import Path
from typing import Annotated, Any

import typer

from accelsim.base.errors import WorkloadError
from accelsim.base.files import atomic_write
from accelsim.cli.inputs import load_cascade
from accelsim.cli.options import Json, Settings, Shape, WorkloadName
from accelsim.cli.output import print_json
from accelsim.workload.einsum import Cascade
from accelsim.workload.rewrite import PassReduction, Trial, reduce_passes, tried, workload_text

#: Relative; float64 adds in another order.
EQUAL = 1e-9
FLOAT64 = 1e-15


def command(
    workload: WorkloadName,
    *,
    rank: Annotated[str, typer.Option(metavar="RANK", help="Passes over this rank, such as M.")],
    tile: Annotated[
        int, typer.Option(min=1, help="Elements of a tile, where tiles are made; at most the rank.")
    ] = 128,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE.yaml", help="Write the new workload here.")
    ] = None,
    shape: Shape = None,
    settings: Settings,
    json: Json = False,
) -> None:
    """An equal workload that traverses a rank less often, tried on random numbers.

    Example: accelsim optimise attention/three_pass --rank M
    """
    cascade = load_cascade(workload, settings, shape)
    found = reduce_passes(cascade, rank, min(tile, cascade.ranks.get(rank, tile)))
    trial = _tried(cascade, found)
    if out:
        atomic_write(out, workload_text(_described(found)))
    if json:
        print_json(_plain(found, trial))
    else:
        print("\n".join(_lines(found, trial)))


def _tried(cascade: Cascade, found: PassReduction) -> Trial | str:
    """Both cascades on the same numbers, or why not."""
    if not _is_new(found):
        return "nothing was rewritten"
    try:
        trial = tried(cascade, found.cascade)
    except WorkloadError as error:
        return f"it does not run on random numbers ({error.fact})"
    if not trial.difference <= EQUAL:
        fact = f"the rewritten {cascade.name} differs by {trial.difference:.1e} at {_sizes(trial)}"
        raise WorkloadError(fact, at=cascade.place, remedy="Please report this workload")
    return trial


def _is_new(found: PassReduction) -> bool:
    return found.after.passes < found.before.passes


def _described(found: PassReduction) -> Cascade:
    if not _is_new(found):
        return found.cascade
    told = f"Rewritten with {_passes(found.after.passes)} over {found.after.rank}."
    return replace(found.cascade, about=f"{found.cascade.about} {told}".strip())


def _lines(found: PassReduction, trial: Trial | str) -> list[str]:
    head = f"{found.cascade.name}: {_passes(found.before.passes)} over {found.before.rank}"
    if not _is_new(found):
        fewer = "no fewer were found" if found.before.passes > 1 else "as few as there can be"
        return [f"{head}, {fewer}"] + ([found.obstacle] if found.obstacle else [])
    lines = [f"{head}, rewritten with {found.after.passes}", "", str(found.cascade), ""]
    lines += [f"- {step}" for step in found.steps]
    lines += [f"no fewer: {found.obstacle}"] if found.obstacle else []
    return [*lines, "", _told(trial)]


def _told(trial: Trial | str) -> str:
    if isinstance(trial, str):
        return f"not tried: {trial}"
    within = 10.0 ** ceil(log10(max(trial.difference, FLOAT64)))
    return f"equal on random numbers within {within:.0e} of the largest, tried at {_sizes(trial)}"


def _passes(number: int) -> str:
    return "1 pass" if number == 1 else f"{number} passes"


def _sizes(trial: Trial) -> str:
    return " ".join(f"{rank}={size}" for rank, size in trial.sizes.items())


def _plain(found: PassReduction, trial: Trial | str) -> dict[str, Any]:
    tried_at = None
    if isinstance(trial, Trial):
        tried_at = {"sizes": dict(trial.sizes), "difference": trial.difference}
    return {
        "workload": found.cascade.name,
        "cascade": str(found.cascade).splitlines(),
        "steps": list(found.steps),
        "before": found.before.to_plain(),
        "after": found.after.to_plain(),
        "obstacle": found.obstacle,
        "trial": tried_at,
    }
