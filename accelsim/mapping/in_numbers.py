"""A mapping whose formulas have become the numbers that they are for a workload and a machine.

So it stays the same on another machine: one found with half of a buffer takes no more of a whole
one, even if its tiles were made to fill what there is.
"""

from collections.abc import Mapping as MappingOf

from accelsim.arch.spatial import Spatial
from accelsim.mapping.binding import bind, known_values, value_of
from accelsim.mapping.loops import Number
from accelsim.mapping.mapping import Formula, Mapping
from accelsim.workload.einsum import Cascade


def in_numbers(mapping: Mapping, cascade: Cascade, arch: Spatial) -> Mapping:
    """All ranks and numbers of the machine are plain numbers.

    Raises MappingError where `bind` does.
    """
    bound = bind(mapping, cascade, arch)
    values = {**known_values(bound.cascade, arch), **bound.tiles}

    def numbers(formulas: MappingOf[str, Formula]) -> dict[str, Formula]:
        return {name: _written(value_of(text, values)) for name, text in formulas.items()}

    levels = {
        nest.einsums: tuple(
            level.model_copy(
                update={
                    "loops": numbers(level.loops),
                    "spatial": {axis: numbers(own) for axis, own in level.spatial.items()},
                }
            )
            for level in nest.levels
        )
        for nest in mapping.nests
    }
    update = {
        "ranks": {rank: _written(bound.cascade.ranks[rank]) for rank in mapping.ranks},
        "tiles": {name: _written(value) for name, value in bound.tiles.items()},
        "nests": tuple(
            nest.model_copy(update={"levels": levels[nest.einsums]}) for nest in mapping.nests
        ),
        "schedule": tuple(
            step.model_copy(update={"tile": numbers(step.tile)}) for step in mapping.schedule
        ),
        "spill": tuple(
            spill.model_copy(update={"fraction": _written(value_of(spill.fraction, values))})
            for spill in mapping.spill
        ),
    }
    return mapping.model_copy(update=update)


def _written(number: Number) -> Formula:
    return int(number) if number == int(number) else repr(float(number))
