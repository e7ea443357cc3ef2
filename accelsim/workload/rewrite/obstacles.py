"""Why a cascade needs the passes that are left: what reads a completed value and cannot do without.

The Einsum that visits the fibre again is made for somebody: for an output, or for a reduction that
did not come apart. That is the reason, and it is told with the value that is waited for.
"""

import re
from collections.abc import Mapping

from accelsim.workload.einsum import Cascade
from accelsim.workload.fibres import leaves, moves, reads
from accelsim.workload.operations import SELECTIONS
from accelsim.workload.passes import RankPasses
from accelsim.workload.traversals import Wait


def obstacle(
    cascade: Cascade,
    left: RankPasses,
    reasons: Mapping[str, str],
    names: Mapping[str, str] | None = None,
) -> str | None:
    """The reason of each pass but the first, in one sentence each; None for one pass. Tensors are
    called by the names that `names` has for them."""
    found = [_reason(cascade, left.rank, wait, reasons) for wait in left.forced_by]
    if left.repeats:
        found.append(f"Each step over {left.repeats} needs all of the step before.")
    text = " ".join(dict.fromkeys(found))
    for new, old in (names or {}).items():
        text = re.sub(rf"\b{new}\b", old, text)
    return text or None


def _reason(cascade: Cascade, rank: str, wait: Wait, reasons: Mapping[str, str]) -> str:
    needs = f"{wait.result}, which is complete only after a pass over {rank}"
    selection = _selection(cascade, wait)
    if selection:
        return f"{wait.einsum} reads {needs}: {selection}."
    for name in _readers(cascade, wait.einsum):
        if name in reasons:
            through = "" if name == wait.einsum else f", through {wait.einsum}"
            return f"{name} needs {needs}{through}: {reasons[name]}."
        if name in cascade.outputs and _is_along(cascade, rank, name):
            through = "" if name == wait.einsum else f" (through {wait.einsum})"
            output = cascade.einsum(name).output
            return (
                f"The output {name} has a value for each {rank.lower()}: {output} needs {needs}"
                f"{through}."
            )
    return f"{wait.einsum} reads {needs}, beside {wait.revisits}."


def _is_along(cascade: Cascade, rank: str, name: str) -> bool:
    return set(leaves(cascade, rank)) <= moves(cascade, cascade.einsum(name).output)


def _selection(cascade: Cascade, wait: Wait) -> str | None:
    """If what is waited for was selected, that it needed every candidate."""
    for name in wait.via:
        einsum = next((each for each in cascade.einsums if each.name == name), None)
        if einsum is not None and einsum.reduction in SELECTIONS:
            return (
                f"{name} is made by {einsum.reduction}=, which needs every value before its first"
            )
    return None


def _readers(cascade: Cascade, name: str) -> list[str]:
    """The Einsum, then those that need it, the nearest first."""
    found = [name]
    for each in found:
        found += [
            einsum.name
            for einsum in cascade.einsums
            if einsum.name not in found
            and any(access.tensor == each for access in reads(cascade, einsum))
        ]
    return found
