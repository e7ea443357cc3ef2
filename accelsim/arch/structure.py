"""Every way in which the tree of a machine can be wrong, as data.

A path says where: ("memories", 2, "under"). What is wrong with the parts alone is found while
they are read; here it is what is wrong between them.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from accelsim.arch.parts import ComputeArray, Memory
from accelsim.arch.spatial import Spatial, parent, parents
from accelsim.base.errors import did_you_mean

Path = tuple[str | int, ...]


class Problem(NamedTuple):
    path: Path
    fact: str
    remedy: str | None = None


def problems(arch: Spatial) -> list[Problem]:
    """All that is wrong, names first: what hangs in a tree of wrong names is not looked at."""
    return list(_bad_names(arch)) or list(_bad_tree(arch)) or list(_bad_operations(arch))


def _bad_names(arch: Spatial) -> Iterator[Problem]:
    if not arch.memories:
        yield Problem(("memories",), "the machine has no memory", "Add at least a DRAM")
    if not arch.compute:
        yield Problem(("compute",), "the machine has no compute array", "Add at least one")
    seen: Counter[str] = Counter()
    for path, part in _parts(arch):
        seen[part.name] += 1
        if seen[part.name] == 2:
            yield Problem((*path, "name"), f"two parts are called {part.name!r}", "Rename one")
    for path, part in _parts(arch):
        yield from _bad_references(arch, path, part)


def _bad_references(arch: Spatial, path: Path, part: Memory | ComputeArray) -> Iterator[Problem]:
    memories = [memory.name for memory in arch.memories]
    if part.under is not None and part.under not in memories:
        fact = f"{part.name} is under {part.under!r}, which is no memory"
        yield Problem((*path, "under"), fact, _known(part.under, memories))
    arrays = [array.name for array in arch.compute]
    if isinstance(part, Memory) and part.per is not None and part.per not in arrays:
        fact = f"{part.name} is per {part.per!r}, which is no compute array"
        yield Problem((*path, "per"), fact, _known(part.per, arrays))


def _bad_tree(arch: Spatial) -> Iterator[Problem]:
    for path, part in _parts(arch):
        ring = _ring(arch, part.name)
        if ring:
            fact = f"{' is under '.join(ring)}: a ring"
            yield Problem((*path, "under"), fact, "The outermost memory is under nothing")
            return
    roots = [memory.name for memory in arch.memories if parent(arch, memory.name) is None]
    if len(roots) > 1:
        fact = f"{' and '.join(roots)} are both outermost memories"
        yield Problem(("memories",), fact, "Say what one of them is 'under'")
    yield from _bad_register_files(arch)


def _bad_register_files(arch: Spatial) -> Iterator[Problem]:
    for number, memory in enumerate(arch.memories):
        if memory.per is not None and memory.name not in parents(arch, memory.per):
            feeder = parent(arch, memory.per)
            fact = f"{memory.name} is per {memory.per}, but {memory.per} is under {feeder}"
            remedy = f"Write 'under: {memory.name}' in {memory.per}"
            yield Problem(("memories", number, "per"), fact, remedy)
    for number, array in enumerate(arch.compute):
        for above in parents(arch, array.name):
            other = arch.memory(above).per
            if other not in (None, array.name):
                fact = f"{array.name} is under {above}, which is inside the PEs of {other}"
                yield Problem(("compute", number, "under"), fact, "Hang it under a shared memory")


def _bad_operations(arch: Spatial) -> Iterator[Problem]:
    for number, array in enumerate(arch.compute):
        path: Path = ("compute", number, "operations")
        if not array.operations:
            yield Problem(path, f"{array.name} has no operation", "Add one: mac: {energy: 1 pJ}")
        for name in array.operations:
            yield from _bad_operation(array, name, (*path, name))


def _bad_operation(array: ComputeArray, name: str, path: Path) -> Iterator[Problem]:
    known = [other for other in array.operations if other != name]
    for other in _made_of(array, name):
        if other not in array.operations:
            fact = f"{array.name}: {name!r} is made of {other!r}, which the array cannot do"
            yield Problem(path, fact, _known(other, known))
        elif name in _all_made_of(array, other):
            yield Problem(path, f"{array.name}: {name!r} is made of itself", "Give it an energy")


def _made_of(array: ComputeArray, name: str) -> tuple[str, ...]:
    operation = array.operations[name]
    return (*(operation.as_ or ()), *operation.fuses)


def _all_made_of(array: ComputeArray, name: str) -> set[str]:
    """The operation and all that it is made of, however deep."""
    found, open_ = set[str](), [name]
    while open_:
        here = open_.pop()
        if here in array.operations and here not in found:
            found.add(here)
            open_ += _made_of(array, here)
    return found


def _parts(arch: Spatial) -> Iterator[tuple[Path, Memory | ComputeArray]]:
    for number, memory in enumerate(arch.memories):
        yield ("memories", number), memory
    for number, array in enumerate(arch.compute):
        yield ("compute", number), array


def _ring(arch: Spatial, name: str) -> list[str]:
    """The names from a part up to where it meets itself again; empty if it does not."""
    met: list[str] = []
    above: str | None = name
    while above is not None:
        if above in met:
            return [*met[met.index(above) :], above]
        met.append(above)
        above = parent(arch, above)
    return []


def _known(word: str, known: Iterable[str]) -> str:
    return did_you_mean(word, known) or f"There is {', '.join(known) or 'none'}"
