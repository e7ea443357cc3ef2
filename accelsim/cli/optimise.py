"""`accelsim optimise`: an equal workload with fewer passes over a rank."""

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


def command(
    workload: WorkloadName,
    *,
    rank: Annotated[str, typer.Option(metavar="RANK", help="Passes over this rank, such as M.")],
    tile: Annotated[
        int, typer.Option(min=1, help="Elements of a tile, where tiles are made.")
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
    found = reduce_passes(cascade, rank, tile)
    trial = _tried(cascade, found)
    if out:
        atomic_write(out, workload_text(found.cascade))
    if json:
        print_json(_plain(found, trial))
    else:
        print("\n".join(_lines(found, trial)))


def _tried(cascade: Cascade, found: PassReduction) -> Trial | None:
    """A trial of the new cascade; None if there is none."""
    if found.after.passes == found.before.passes:
        return None
    trial = tried(cascade, found.cascade)
    if not trial.difference <= EQUAL:
        fact = f"the rewritten {cascade.name} differs by {trial.difference:.1e} at {_sizes(trial)}"
        raise WorkloadError(fact, at=cascade.place, remedy="Please report this workload")
    return trial


def _lines(found: PassReduction, trial: Trial | None) -> list[str]:
    before, after = found.before.passes, found.after.passes
    name = found.cascade.name
    lines = [f"{name}: {before} {_passes(before)} over {found.before.rank}"]
    if trial is None:
        lines[0] += ", and no fewer were found" if before > 1 else ", as few as there can be"
        return lines + ([found.obstacle] if found.obstacle else [])
    lines[0] += f", rewritten with {after}"
    lines += ["", str(found.cascade), "", *found.steps]
    lines += [f"not fewer: {found.obstacle}"] if found.obstacle else []
    return [*lines, "", f"equal on random numbers to {trial.difference:.0e}, at {_sizes(trial)}"]


def _passes(number: int) -> str:
    return "pass" if number == 1 else "passes"


def _sizes(trial: Trial) -> str:
    return " ".join(f"{rank}={size}" for rank, size in trial.sizes.items())


def _plain(found: PassReduction, trial: Trial | None) -> dict[str, Any]:
    return {
        "workload": found.cascade.name,
        "cascade": str(found.cascade).splitlines(),
        "steps": list(found.steps),
        "before": found.before.to_plain(),
        "after": found.after.to_plain(),
        "obstacle": found.obstacle,
        "trial": trial and {"sizes": dict(trial.sizes), "difference": trial.difference},
    }
