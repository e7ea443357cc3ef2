"""Why two results differ: what their provenance says of the program and of the inputs.

Inputs are matched by name; one of a kind that is left on either side (another machine) is compared
with the one that is left on the other.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

PROGRAM = ("accelsim", "code", "python", "numpy")
_GONE: Mapping[str, Any] = {}

Provenance = Mapping[str, Any]


class Change(NamedTuple):
    """Of `of` (an input, or "program") what is at `path`; None where there is nothing."""

    of: str
    path: str
    before: Any
    after: Any
    unit: str = ""
    source_before: str = ""
    source_after: str = ""


def diff_inputs(before: Provenance, after: Provenance) -> list[Change]:
    """What differs in value, program first. A source alone changes no result and is left out."""
    found = [
        Change("program", key, before.get(key), after.get(key))
        for key in PROGRAM
        if before.get(key) != after.get(key)
    ]
    for old, new in _pairs(before["inputs"], after["inputs"]):
        found += _of_inputs(old, new, before["inputs"], after["inputs"])
    return found


def _pairs(
    before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterator[tuple[str | None, str | None]]:
    """Names that belong together; None where an input has no counterpart."""
    left = {name: before[name]["kind"] for name in before if name not in after}
    right = {name: after[name]["kind"] for name in after if name not in before}
    yield from ((name, name) for name in before if name in after)
    for name, kind in left.items():
        others = [other for other, its in right.items() if its == kind]
        alone = len(others) == 1 and list(left.values()).count(kind) == 1
        yield (name, right.pop(others[0]) and others[0]) if alone else (name, None)
    yield from ((None, name) for name in right)


def _of_inputs(
    old: str | None, new: str | None, before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterator[Change]:
    name = old if old == new else f"{old or 'nothing'} → {new or 'nothing'}"
    assert name is not None, "one of the two is there"
    if old != new:
        yield Change(name, "", old, new)
    if old is None or new is None:
        return
    one, other = before[old]["quantities"], after[new]["quantities"]
    for path in dict.fromkeys([*one, *other]):
        was, now = one.get(path, _GONE), other.get(path, _GONE)
        if (was.get("value"), was.get("unit")) != (now.get("value"), now.get("unit")):
            yield Change(
                name,
                path,
                was.get("value"),
                now.get("value"),
                now.get("unit", "") or was.get("unit", ""),
                was.get("source", ""),
                now.get("source", ""),
            )
