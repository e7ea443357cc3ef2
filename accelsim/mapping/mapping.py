"""A mapping as it is written: which part computes what, when; factors are still expressions.

    nests      per Einsum, the loops around it, level by level from the outermost memory inwards
    schedule   steps one after the other; in a step, phases repeat for every tile, and the arrays
               of a phase work side by side while the next tile's data is on its way
    tiles      names for factors, expressions over ranks, earlier tiles and the machine's sizes
    share      tensors that take one another's room in a memory (the scores, overwritten in place)
    ranks      sizes the mapping decides, such as that of a partition (`M0: Array2D.rows`)
    extends    a mapping that this one changes: tiles by name, nests by Einsum, all else as a whole
    spill      the share of some tensors that a memory has no room for and its parent holds instead

A `Choice` picks, by a condition each over `names`, one of several mappings. `mapping.binding` puts
numbers in.
"""

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BeforeValidator, model_validator

from accelsim.base.notebook import InNotebook
from accelsim.base.record import Record

Formula = int | str
"""A whole number, or the text of an expression over ranks, tiles and the machine's sizes."""


def _as_tuple(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


Names = Annotated[
    tuple[str, ...],
    BeforeValidator(_as_tuple, json_schema_input_type=str | tuple[str, ...]),
]


class Level(Record):
    """A memory that keeps tensors, with the loops inside it; or an array the loops spread over."""

    memory: str | None = None
    array: str | None = None
    keep: Names = ()
    loops: dict[str, Formula] = {}
    spatial: dict[str, dict[str, Formula]] = {}

    @model_validator(mode="after")
    def _keeps_in_a_memory(self) -> Self:
        if self.keep and self.memory is None:
            raise ValueError("'keep' needs a 'memory' to keep it in")
        return self


class Nest(Record):
    """The loops of some Einsums, which differ only in the ranks and tensors they have."""

    einsums: Names
    array: str
    levels: tuple[Level, ...]


class Phase(Record):
    """Einsums that arrays run side by side; then, for each in `drain`, its last sum comes out.

    A spatial reduction over n processing elements takes n times its operation to come out of the
    array. A pipelined schedule hides that; one that must wait for the result names it in `drain`.
    """

    run: dict[str, Names] = {}
    drain: Names = ()


class Step(Record):
    """Phases repeated for every tile. `tile` gives tile sizes by rank; ranks left out are whole.

    An Einsum in `lag` works on an earlier tile (that many tiles back), as in software pipelining.
    """

    name: str
    tile: dict[str, Formula] = {}
    phases: tuple[Phase, ...]
    lag: dict[str, int] = {}


class Spill(Record):
    """`fraction` of the accesses to `tensors` in `memory` go to the memory it is filled from."""

    memory: str
    tensors: Names
    fraction: Formula


class Mapping(Record, InNotebook):
    html_by: ClassVar[str] = "accelsim.mapping.html"

    about: str
    source: str
    extends: str | None = None
    workload: Names = ()
    machine: Literal["spatial"] = "spatial"
    machines: Names = ()
    ranks: dict[str, Formula] = {}
    tiles: dict[str, Formula] = {}
    nests: tuple[Nest, ...] = ()
    schedule: tuple[Step, ...] = ()
    share: tuple[Names, ...] = ()
    spill: tuple[Spill, ...] = ()


class Alternative(Record):
    when: Formula
    mapping: str


class Choice(Record):
    """The first alternative whose condition holds for the workload and machine at hand."""

    about: str
    source: str
    workload: Names
    machine: Literal["spatial"]
    machines: Names = ()
    names: dict[str, Formula] = {}
    choose: tuple[Alternative, ...]


def extended(base: Mapping, changes: Mapping) -> Mapping:
    """`base` with everything that `changes` says instead; machines are not inherited."""
    said = {field: getattr(changes, field) for field in changes.model_fields_set}
    renewed = {einsum for nest in changes.nests for einsum in nest.einsums}
    kept = [
        nest.model_copy(update={"einsums": tuple(e for e in nest.einsums if e not in renewed)})
        for nest in base.nests
    ]
    merged = {
        "tiles": {**base.tiles, **changes.tiles},
        "nests": (*(nest for nest in kept if nest.einsums), *changes.nests),
    }
    return base.model_copy(update={"machines": (), **said, **merged})
