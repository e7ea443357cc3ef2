"""Which number reaches a target: each of the numbers that a machine is made larger by, by itself.

    found = reached(subject, ["latency=2x"])
    found.solved          of each number and target, the value or that there is none
    found.sentence        the bound, and the number that has to change least

Columns (and rows) of all arrays are also asked as one, and so are the SMs of a GPU and those in
clusters: alone they leave the others behind.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from math import log

import numpy as np

from accelsim.base.errors import StudyError
from accelsim.study.subject import BOUND, ERROR, Subject, quietly
from accelsim.study.targets import Solved, Target, read_target, solve
from accelsim.study.varied import read_varied

ASKED = (
    "clock",
    "*.clock",
    "*memories.*.bandwidth",
    "*memories.*.capacity",
    "compute.*.columns",
    "compute.*.rows",
    "*sms",
    "*power.limit",
    "links.*.bandwidth",
    "links.*.latency",
    "serving.overhead",
    "devices.*.count",
)
NEVER = ("*.quoted.*", "*cluster_sms")
TOGETHER = ("compute.*.columns", "compute.*.rows", "*sms")


@dataclass(frozen=True)
class Reached:
    of: str
    today: Mapping[str, float]
    bound: str
    solved: tuple[Solved, ...]
    sentence: str
    note: str


def reached(
    subject: Subject, targets: Sequence[str], told: Callable[[], None] = quietly
) -> Reached:
    """`told` hears of every number that was asked.

    Raises
    ------
    StudyError
        for a target that is none, or if it cannot run as it is.
    """
    known = subject.known()
    path = next(path for path in levers(subject) if "," not in path)
    found = subject.answers({path: np.array([known[path].value])})
    if found[ERROR][0]:
        raise StudyError(f"{subject.of} cannot run as it is: {found[ERROR][0]}")
    today = {name: float(found[name][0]) for name in subject.measures}
    asked = [read_target(subject, text, today) for text in targets]
    solved = []
    for paths in levers(subject):
        varied = read_varied(subject, f"{paths}=0.5x,1x")
        solved += [solve(subject, varied, target) for target in asked]
        told()
    bound = subject.explanation().bound_text
    told_of = [_nearest(target, solved) for target in asked]
    sentence = "; ".join([bound, *told_of])
    return Reached(subject.of, today, str(found[BOUND][0]), tuple(solved), sentence, subject.note)


def levers(subject: Subject) -> tuple[str, ...]:
    """Paths, those that go together between commas."""
    known = subject.known()
    paths = [path for path in known if _matches(path, ASKED) and known[path].value]
    alone = [path for path in paths if not _matches(path, NEVER)]
    groups = [[path for path in paths if fnmatchcase(path, pattern)] for pattern in TOGETHER]
    together = [",".join(each) for each in groups if len(each) > 1]
    return (*alone, *together)


def _matches(path: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(path, pattern) for pattern in patterns)


def _nearest(target: Target, solved: Sequence[Solved]) -> str:
    """The number that has to change by the least factor, or the one that comes nearest."""
    own = [each for each in solved if each.target == target]
    there = [each for each in own if each.value is not None]
    if there:
        return min(there, key=lambda each: abs(log(each.factor or 1))).short
    best = (min if target.is_less else max)(own, key=lambda each: each.reached)
    times = f"{best.times:.3g}x by {best.name} alone, bound by {best.bound}"
    return f"no single number gives {target.text}: at best {times}"
