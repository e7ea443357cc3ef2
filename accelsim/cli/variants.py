"""Which mechanisms of the catalogue are meant, and at which lengths."""

from collections.abc import Sequence
from typing import Annotated

import typer

from accelsim.base.errors import InputError, did_you_mean
from accelsim.base.units import read_count
from accelsim.workload.forms import PHASES
from accelsim.workload.variants import Variant, named, variants

Family = Annotated[
    str | None, typer.Option(metavar="NAME", help="Only this family, such as linear.")
]
PhaseName = Annotated[
    str | None, typer.Option("--phase", metavar="PHASE", help="Only prefill, decode or training.")
]
Presets = Annotated[
    bool, typer.Option("--presets", help="Every form with every preset, not the first alone.")
]


def chosen_variants(
    names: Sequence[str], family: str | None, phase: str | None, presets: bool
) -> tuple[Variant, ...]:
    """The named ones, or all; an InputError if none is left of them."""
    known = variants(presets)
    found = named(names, known) if names else known
    for what, wanted, there in (
        ("family", family, [each.family for each in known]),
        ("phase", phase, PHASES),
    ):
        if wanted is not None and wanted not in there:
            listed = f"There are {', '.join(dict.fromkeys(there))}"
            remedy = did_you_mean(wanted, there) or listed
            raise InputError(f"there is no {what} {wanted!r}", remedy=remedy)
    left = [each for each in found if family in (None, each.family) and phase in (None, each.phase)]
    if not left:
        asked = [*names, *(word for word in (family, phase) if word)]
        remedy = "Leave out one of them; `accelsim zoo` shows all"
        raise InputError(f"there is no mechanism that is all of {', '.join(asked)}", remedy=remedy)
    return tuple(left)


def read_contexts(text: str) -> tuple[int, ...]:
    """`4K,32K` are these; `1K..1M` those and what lies between, each 4 times the one before;
    `1K..1M:2` each twice."""
    found = [number for part in text.split(",") for number in _range(part)]
    return tuple(sorted(set(found)))


def _range(part: str) -> Sequence[int]:
    ends, colon, step = part.partition(":")
    first, dots, last = ends.partition("..")
    factor = read_count(step) if colon else 4
    if not dots and not colon:
        return [read_count(first)]
    if not dots or factor < 2 or read_count(last) < read_count(first):
        remedy = "write it like 1K..1M, 1K..1M:2 or 4K,32K"
        raise InputError(f"{part!r} is no range of lengths", remedy=remedy)
    numbers, number = [], read_count(first)
    while number <= read_count(last):
        numbers.append(number)
        number *= factor
    return numbers
