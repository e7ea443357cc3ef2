"""A space of mappings, as it is written: a mapping whose numbers and parts may be chosen.

    ranks, tiles   as in a mapping, but each may have several values, over all that stands before it
    where          conditions over ranks, tiles and the machine's sizes that a point must meet
    nests, schedule, share, spill    as in a mapping: what all points have
    choices        what there is to choose, by name; of each, one option of several is taken
    extends        a mapping whose parts and tiles the space starts from

An option changes what the space and the choices before it say, like a mapping that extends another:
tiles by name, nests by Einsum, all else as a whole. In addition it may `keep` tensors in a memory.

Several values are a list, or one of

    divisors of N              all of them, or those `up to L`
    parts of N                 ceil(N / n) for all n: no other tile has so few elements for so many
                               visits; all of them, or those `up to L`
    multiples of S up to L     S, 2 S, ...
    powers of B up to L        1, B, B^2, ...
    A to B                     whole numbers

with expressions for the letters. `mapper.points` lists the points.
"""

from pathlib import Path
from typing import Literal

from accelsim.base import catalogue
from accelsim.base.errors import MapperError
from accelsim.base.record import Record, read_record, refuse_another_kind
from accelsim.base.yamlfile import Node, read_yaml
from accelsim.mapping.load import load_mapping
from accelsim.mapping.mapping import Choice, Formula, Mapping, Names, Nest, Spill, Step

Several = Formula | tuple[Formula, ...]


class Keep(Record):
    """`tensors` are kept in `memory` too, at the first level of it in the nests of `einsums`."""

    einsums: Names
    memory: str
    tensors: Names


class Option(Record):
    """What a point has that takes it."""

    about: str = ""
    ranks: dict[str, Several] = {}
    tiles: dict[str, Several] = {}
    where: Names = ()
    nests: tuple[Nest, ...] = ()
    schedule: tuple[Step, ...] = ()
    share: tuple[Names, ...] = ()
    spill: tuple[Spill, ...] = ()
    keep: tuple[Keep, ...] = ()

    @property
    def is_of_numbers(self) -> bool:
        """Whether points that differ in it have the same loops and storages."""
        return not (self.nests or self.schedule or self.share or self.spill or self.keep)


class Space(Record):
    about: str
    source: str
    extends: str | None = None
    workload: Names = ()
    machine: Literal["spatial"] = "spatial"
    machines: Names = ()
    ranks: dict[str, Several] = {}
    tiles: dict[str, Several] = {}
    where: Names = ()
    nests: tuple[Nest, ...] = ()
    schedule: tuple[Step, ...] = ()
    share: tuple[Names, ...] = ()
    spill: tuple[Spill, ...] = ()
    choices: dict[str, dict[str, Option]]

    @property
    def everywhere(self) -> Option:
        """What all points have, as an option that all take."""
        return Option(**{name: getattr(self, name) for name in self._said(Option)})

    def _said(self, record: type[Record]) -> set[str]:
        return self.model_fields_set & (record.model_fields.keys() - {"about"})


def load_space(name_or_path: str | Path) -> Space:
    """`load_space("flat_dataflows")`: a file's, or of a shipped name.

    A mapping that it extends has its name, or lies beside it.
    """
    file = catalogue.find(name_or_path, "spaces")
    space = space_from_yaml(read_yaml(file))
    if space.extends is None or not space.extends.endswith((".yaml", ".yml")):
        return space
    return space.model_copy(update={"extends": str(file.parent / space.extends)})


def space_from_yaml(node: Node) -> Space:
    """Raises RecordError or MapperError if it is no space."""
    refuse_another_kind(node, Space, "choices")
    space = read_record(node, Space)
    for name, options in space.choices.items():
        if not options:
            remedy = "Give it an option, or leave it out"
            raise MapperError(f"the choice {name!r} has no options", at=node.place, remedy=remedy)
    return space


def beginning(space: Space) -> Mapping:
    """The mapping that the options change: the one it extends, or one without anything."""
    if space.extends is None:
        return Mapping(about=space.about, source=space.source)
    base = load_mapping(space.extends)
    if isinstance(base, Choice):
        fact = f"the space extends {space.extends}, which is a choice of mappings"
        raise MapperError(fact, remedy="Name one of its alternatives")
    return base
