"""Which numbers of a machine the parts catalogue supplied, and from where."""

from accelsim.arch.spatial import Spatial
from accelsim.arch.supply import of_memory, of_operation
from accelsim.arch.tables import words
from accelsim.arch.technology import Found


def from_catalogue(arch: Spatial) -> tuple[tuple[str, Found], ...]:
    """(part, what the catalogue said) for every number that came from there."""
    nm = arch.technology_nm
    rows = [(m.name, found) for m in arch.memories for found in of_memory(m, nm)]
    for array in arch.compute:
        for name, operation in array.operations.items():
            rows += [(f"{array.name}.{name}", found) for found in of_operation(operation, nm)]
    return tuple(rows)


def extrapolations(arch: Spatial) -> dict[str, tuple[str, ...]]:
    """What lies beyond the parts tables (`GlobalBuffer area`): from where, and by which law."""
    return {
        f"{part} {words(found.quantity)}": found.extrapolated
        for part, found in from_catalogue(arch)
        if found.extrapolated
    }
