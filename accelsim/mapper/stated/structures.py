"""Space → structures: mappings whose points differ in numbers only, and may be scored as arrays."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product

from accelsim.base.errors import MapperError
from accelsim.mapper.stated.space import Keep, Option, Several, Space, beginning
from accelsim.mapping.mapping import Level, Nest, extended
from accelsim.mapping.mapping import Mapping as WrittenMapping

Taken = Mapping[str, str]
"""The option that is taken of each choice."""


@dataclass(frozen=True)
class Variant:
    """The numbers of points that have taken the same options."""

    taken: Taken
    ranks: Mapping[str, Several]
    tiles: Mapping[str, Several]
    where: tuple[str, ...]


@dataclass(frozen=True)
class Structure:
    """`mapping` has the loops and storages, and zeros for all numbers, which `variants` give."""

    mapping: WrittenMapping
    variants: tuple[Variant, ...]


def structures(space: Space) -> Iterator[Structure]:
    """All combinations of options; those that differ in numbers only are variants of one.

    Raises
    ------
    MapperError
        if an option gives a number that another option of the same choice lacks.
    """
    of_numbers = {
        name: options
        for name, options in space.choices.items()
        if all(option.is_of_numbers for option in options.values())
    }
    others = {name: each for name, each in space.choices.items() if name not in of_numbers}
    base = beginning(space)
    for parts in _combinations(others):
        variants = [
            _variant(space, base, {**parts, **numbers}) for numbers in _combinations(of_numbers)
        ]
        yield Structure(_mapping(space, base, parts, variants), tuple(variants))


def _combinations(choices: Mapping[str, Mapping[str, Option]]) -> Iterator[dict[str, str]]:
    for taken in product(*choices.values()):
        yield dict(zip(choices, taken, strict=True))


def _options(space: Space, taken: Taken) -> list[Option]:
    """In the order in which the space has the choices."""
    return [
        space.everywhere,
        *(space.choices[name][taken[name]] for name in space.choices if name in taken),
    ]


def _variant(space: Space, base: WrittenMapping, taken: Taken) -> Variant:
    ranks: dict[str, Several] = dict(base.ranks)
    tiles: dict[str, Several] = dict(base.tiles)
    where: list[str] = []
    for option in _options(space, taken):
        ranks |= option.ranks
        tiles |= option.tiles
        where += option.where
    return Variant({name: taken[name] for name in space.choices}, ranks, tiles, tuple(where))


def _mapping(
    space: Space, base: WrittenMapping, taken: Taken, variants: list[Variant]
) -> WrittenMapping:
    mapping = base
    for option in _options(space, taken):
        mapping = _changed(mapping, option)
    if not (mapping.nests and mapping.schedule):
        said = " and ".join(f"{choice}: {option}" for choice, option in taken.items())
        fact = f"the space lacks nests or a schedule{said and f' where {said} is taken'}"
        raise MapperError(fact, remedy="Write both, or 'extends:' and a mapping that has them")
    ranks, tiles = variants[0].ranks, variants[0].tiles
    for variant in variants:
        lacking = {*ranks, *tiles} ^ {*variant.ranks, *variant.tiles}
        if lacking:
            fact = f"some options give {', '.join(sorted(lacking))} a value and others none"
            raise MapperError(fact, remedy="Give it one in 'tiles' of the space")
    update = {
        "about": space.about,
        "source": space.source,
        "extends": None,
        "workload": space.workload,
        "machines": (),
        "ranks": dict.fromkeys(ranks, 0),
        "tiles": dict.fromkeys(tiles, 0),
    }
    return mapping.model_copy(update=update)


def _changed(mapping: WrittenMapping, option: Option) -> WrittenMapping:
    parts = {"nests", "schedule", "share", "spill"} & option.model_fields_set
    said = {name: getattr(option, name) for name in parts}
    changes = WrittenMapping(about=mapping.about, source=mapping.source, **said)
    changed = extended(mapping, changes)
    for keep in option.keep:
        changed = changed.model_copy(update={"nests": tuple(_keeping(changed.nests, keep))})
    return changed


def _keeping(nests: tuple[Nest, ...], keep: Keep) -> Iterator[Nest]:
    """A nest of several Einsums is cut in two if only some of them keep the tensors."""
    known = [einsum for nest in nests for einsum in nest.einsums]
    for einsum in keep.einsums:
        if einsum not in known:
            raise MapperError(f"no nest is of {einsum}, which is to keep {keep.tensors[0]}")
    for nest in nests:
        meant = tuple(einsum for einsum in nest.einsums if einsum in keep.einsums)
        others = tuple(einsum for einsum in nest.einsums if einsum not in keep.einsums)
        if others:
            yield nest.model_copy(update={"einsums": others})
        if meant:
            levels = _with_tensors(nest.levels, keep)
            yield nest.model_copy(update={"einsums": meant, "levels": levels})


def _with_tensors(levels: tuple[Level, ...], keep: Keep) -> tuple[Level, ...]:
    place = next((i for i, level in enumerate(levels) if level.memory == keep.memory), None)
    if place is None:
        fact = f"the nest of {', '.join(keep.einsums)} has no level of {keep.memory}"
        raise MapperError(fact, remedy=f"Add one, to keep {', '.join(keep.tensors)} there")
    level = levels[place]
    kept = level.model_copy(update={"keep": (*level.keep, *keep.tensors)})
    return (*levels[:place], kept, *levels[place + 1 :])
