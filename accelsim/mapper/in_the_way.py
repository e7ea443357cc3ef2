"""Which constraint keeps a search from finding anything, where nothing was found.

Each constraint in turn is left out: those without which something is found are in the way, each by
itself. If that helps for none, several are, or there is nothing without constraints either.
"""

from collections.abc import Callable, Iterator
from time import perf_counter

from accelsim.base.errors import MapperError
from accelsim.mapper.constraints import Constraints

PATIENCE_S = 30.0
"""After so long no further constraint is tried."""

Finds = Callable[[Constraints], bool]
"""Whether a search under these constraints finds a mapping."""


def in_the_way(constraints: Constraints, finds: Finds) -> tuple[str, str]:
    """What keeps a mapping from being found, and what to do: the fact and its remedy.

    The fact goes on from "no mapping was found that".
    """
    every = [said for said, _ in constraints.one_less()]
    alone = list(_each_in_the_way(constraints, finds))
    if alone:
        which = " and ".join(alone)
        either = "each of them alone" if len(alone) > 1 else "it"
        fact = f"keeps to {which}; without {either} there is one"
        return fact, "Loosen it, or ask another strategy" if len(alone) == 1 else "Loosen one"
    if len(every) > 1 and _helps(Constraints(), finds):
        return f"keeps to {_listed(every)} together; without them there is one", "Loosen them"
    fact = "fits this machine, with the constraints or without"
    return fact, "Give it larger memories, or take smaller ranks"


def _each_in_the_way(constraints: Constraints, finds: Finds) -> Iterator[str]:
    start = perf_counter()
    for said, less in constraints.one_less():
        if perf_counter() - start < PATIENCE_S and _helps(less, finds):
            yield said


def _helps(less: Constraints, finds: Finds) -> bool:
    try:
        return finds(less)
    except MapperError:
        return False


def _listed(those: list[str]) -> str:
    return f"{', '.join(those[:-1])} and {those[-1]}"
