"""What if a number were another one: rows, elasticities, where the bound changes, and targets.

    found = what_if_of(subject, ["memories.DRAM.bandwidth=0.1x:10x"], ["latency=2x"])
    found.table.frame()         a row for each point: the numbers, measures, speedup, bound, error
    found.along[0].segments     what bounds, from where to where, all else as today
    found.sentence              the bound today, and what to do

    speedup = latency today / latency

Points are evaluated all at once where the subject can (`subject`). A point that cannot run is a row
with its error. On an array the mapping stays the same, on a GPU kernels are made at each point;
with `find` the best are also found anew there (`anew`), which the table then has beside it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from accelsim.arch.load import is_gpu, load_arch
from accelsim.arch.spatial import Spatial
from accelsim.base.errors import StudyError
from accelsim.cost.explanation import Explanation
from accelsim.study import targets as solving
from accelsim.study.advice import SPEEDUP, advice, told_at
from accelsim.study.along import Along, along_one
from accelsim.study.design import Design
from accelsim.study.explained import mapping_of
from accelsim.study.progress import Progress, quiet
from accelsim.study.subject import BOUND, ERROR, LATENCY, ArraySubject, Subject
from accelsim.study.table import Column, Table
from accelsim.study.targets import Solved, read_target, solve
from accelsim.study.tiles import START as TILES
from accelsim.study.varied import Varied, read_varied, refuse_too_many
from accelsim.workload.einsum import Cascade
from accelsim.workload.load import load_workload

if TYPE_CHECKING:
    from accelsim.study.anew import Anew, Search

MOST = 2
"""Numbers that are varied at once: what a figure shows."""
SEARCHED_STEPS = (9, 5)
"""Points of a range where none are asked for and each is searched: a search takes a second."""


@dataclass(frozen=True)
class WhatIf:
    """`today` has the measures as they are."""

    of: str
    table: Table
    along: tuple[Along, ...]
    today: Mapping[str, float]
    bound: str
    solved: tuple[Solved, ...]
    explanation: Explanation
    sentence: str
    anew: "Anew | None" = None
    note: str = ""

    @property
    def varied(self) -> tuple[Varied, ...]:
        return tuple(each.varied for each in self.along)


def what_if_of(
    subject: Subject,
    vary: Sequence[str],
    targets: Sequence[str] = (),
    find: str | None = None,
    progress: Progress = quiet,
) -> WhatIf:
    """`vary` are PATH=RANGE (`varied`), one or two; `targets` as in `targets`. `find` is what the
    mapping, or the kernels, that are found anew at each point minimise, "latency" or another
    objective of `mapper`; `progress` hears of every search. Elasticities, crossovers and targets
    are of what is kept.

    Raises
    ------
    StudyError
        for a range, a path or a target that is none, if nothing can run, or if there is nothing to
        find.
    """
    if not 1 <= len(vary) <= MOST:
        fact = f"{len(vary)} numbers are varied"
        raise StudyError(fact, remedy="Vary one or two; `accelsim sweep` takes any number")
    search = None if find is None else _search_of(subject, vary, find)
    steps = (subject.steps if search is None else SEARCHED_STEPS)[len(vary) - 1]
    varied = tuple(read_varied(subject, text, steps) for text in vary)
    refuse_too_many(varied)
    today = _today(subject, varied)
    now = {name: float(today[name][0]) for name in subject.measures}
    asked = [read_target(subject, text, now) for text in targets]
    table = _table(subject, varied, now[LATENCY])
    along = tuple(along_one(subject, each) for each in varied)
    solved = tuple(solve(subject, each, target) for target in asked for each in varied)
    explanation = subject.explanation()
    sentence, anew = advice(table, along, solved, explanation, now), None
    if search is not None:
        # So does what it rests on.
        from accelsim.study.anew import anew_text, found_anew

        anew = found_anew(search, _points(varied), table, now[LATENCY], progress)
        places = [" and ".join(told_at(varied, row)) for row in table.rows()]
        sentence += f"; {anew_text(anew, now, places)}"
        table = Table({**table.columns, **anew.columns})
    return WhatIf(
        of=subject.of,
        table=table,
        along=along,
        today=now,
        bound=str(today[BOUND][0]),
        solved=solved,
        explanation=explanation,
        sentence=sentence,
        anew=anew,
        note=subject.note,
    )


def _search_of(subject: Subject, vary: Sequence[str], minimise: str) -> "Search":
    """Raises what `search_of` does, and a StudyError if what is varied is of the mapping."""
    if any(path.strip().startswith(TILES) for text in vary for path in text.split(",")):
        fact = "tiles are of the mapping that is kept"
        raise StudyError(fact, remedy="Vary them, or find the mapping anew")
    # The mapper takes longer to load than an array to be evaluated.
    from accelsim.study.searches import search_of

    return search_of(subject, minimise)


def what_if(
    workload: str | Cascade,
    machine: str | Spatial,
    vary: Sequence[str],
    mapping: str | None = None,
    targets: Sequence[str] = (),
    find: str | None = None,
) -> WhatIf:
    """The same of a workload on a machine, by their names: on a spatial array under the default
    mapping if none is named, on a GPU (by its name) as kernels.

        what_if("attention/one_pass", "fusemax_cloud", ["clock=0.5x:2x"]).table.frame()
    """
    if isinstance(machine, str) and isinstance(workload, str) and is_gpu(machine):
        # They need numba, whose import takes longer than a spatial array does.
        from accelsim.study.pointwise import gpu_subject

        return what_if_of(gpu_subject(workload, machine, mapping), vary, targets, find)
    return what_if_of(array_subject(workload, machine, mapping), vary, targets, find)


def array_subject(
    workload: str | Cascade, machine: str | Spatial, mapping: str | None = None
) -> ArraySubject:
    """A workload on a spatial array, under the default mapping if none is named."""
    name = machine if isinstance(machine, str) else "this machine"
    arch = load_arch(machine) if isinstance(machine, str) else machine
    cascade = load_workload(workload) if isinstance(workload, str) else workload
    called, found = mapping_of(cascade, arch, mapping, name)
    return ArraySubject(Design(cascade, arch, found), f"{cascade.name} on {name} under {called}")


def _today(subject: Subject, varied: Sequence[Varied]) -> Table:
    """One row: as it is. Asked at a number's own value, which changes nothing."""
    known = subject.known()
    path = next((p for each in varied for p in each.paths if p in known), next(iter(known)))
    found = subject.answers({path: np.array([known[path].value])})
    if found[ERROR][0]:
        raise StudyError(f"{subject.of} cannot run as it is: {found[ERROR][0]}")
    return found


def _table(subject: Subject, varied: Sequence[Varied], today_s: float) -> Table:
    points = _mesh(varied)
    found = subject.answers(_points(varied))
    if np.all(found[ERROR] != ""):
        raise StudyError(f"{subject.of} can run at no point: {found[ERROR][0]}")
    measured = {name: found[name] for name in subject.measures}
    speedup = today_s / np.asarray(found[LATENCY], dtype=float)
    return Table({**points, **measured, SPEEDUP: speedup, BOUND: found[BOUND], ERROR: found[ERROR]})


def _mesh(varied: Sequence[Varied]) -> dict[str, Column]:
    """By the names of what is varied."""
    mesh = np.meshgrid(*(np.asarray(each.values) for each in varied), indexing="ij")
    return {each.name: axis.reshape(-1) for each, axis in zip(varied, mesh, strict=True)}


def _points(varied: Sequence[Varied]) -> dict[str, Column]:
    """By paths."""
    mesh = _mesh(varied)
    return {p: column for each in varied for p, column in each.columns(mesh[each.name]).items()}


def as_plain(found: WhatIf) -> dict[str, Any]:
    """For JSON."""
    return {
        "of": found.of,
        "today": {**found.today, BOUND: found.bound},
        "vary": [
            {
                "path": each.varied.name,
                "unit": each.varied.unit,
                "today": each.varied.today,
                "elasticity": {name: sides._asdict() for name, sides in each.slopes.items()},
                "method": each.method,
                "segments": [segment._asdict() for segment in each.segments],
                "crossovers": each.boundaries,
            }
            for each in found.along
        ],
        "targets": [solving.as_plain(each) for each in found.solved],
        "rows": found.table.rows(),
        **_anew_plain(found),
        "note": found.note,
        "sentence": found.sentence,
    }


def _anew_plain(found: WhatIf) -> dict[str, Any]:
    if found.anew is None:
        return {}
    own = {"minimise": found.anew.minimise, "today": found.anew.today}
    return {"find": {**own, "is_cut_short": found.anew.is_cut_short}}
