"""Which constraint keeps a search from finding anything, where nothing was found.

Each constraint in turn is left out: those without which something is found are in the way, each by
itself. If that helps for none, several are, or there is nothing without constraints either. When
time is over no further one is tried, and of those that were not nothing is said.
"""

from collections.abc import Callable, Iterator
from math import inf

from accelsim.base.errors import MapperError
from accelsim.mapper.constraints import Constraints
from accelsim.mapper.deadline import Deadline

PATIENCE_S = 30.0
"""After so long no further constraint is tried."""

Finds = Callable[[Constraints], bool]
"""Whether a search under these constraints finds a mapping."""


def in_the_way(constraints: Constraints, finds: Finds, within_s: float = inf) -> tuple[str, str]:
    """What keeps a mapping from being found, and what to do: the fact and its remedy.

    The fact goes on from "no mapping was found that".
    """
    every = [said for said, _ in constraints.one_less()]
    deadline = Deadline(min(within_s, PATIENCE_S))
    alone = list(_each_in_the_way(constraints, finds, deadline))
    if alone:
        which = " and ".join(alone)
        either = "each of them alone" if len(alone) > 1 else "it"
        fact = f"keeps to {which}; without {either} there is one"
        return fact, "Loosen it, or ask another strategy" if len(alone) == 1 else "Loosen one"
    if deadline.is_over:
        fact = f"keeps to {_listed(every)}; there was no time to see which of them is in the way"
        return fact, "Loosen one, or give it more time"
    if len(every) > 1 and _helps(Constraints(), finds):
        return f"keeps to {_listed(every)} together; without them there is one", "Loosen them"
    fact = "fits this machine, with the constraints or without"
    return fact, "Give it larger memories, or take smaller ranks"


def _each_in_the_way(constraints: Constraints, finds: Finds, deadline: Deadline) -> Iterator[str]:
    for said, less in constraints.one_less():
        if not deadline.is_over and _helps(less, finds):
            yield said


def _helps(less: Constraints, finds: Finds) -> bool:
    try:
        return finds(less)
    except MapperError:
        return False


def _listed(those: list[str]) -> str:
    return " and ".join([", ".join(those[:-1]), those[-1]] if len(those) > 1 else those)
