"""The mappings of a `Space` as records: nests and steps whose every factor has a name."""

from collections.abc import Mapping

from accelsim.mapper.exact.space import Root, Space
from accelsim.mapping.mapping import Formula, Level, Nest, Phase, Step
from accelsim.mapping.mapping import Mapping as LoopMapping

AXES = ("rows", "columns")


def factor_names(space: Space) -> dict[tuple[int, int], tuple[str, ...]]:
    """By place of the rank and slot the name of the factor; rows and columns of the array's."""
    return {
        (place, slot): tuple(f"{rank}_{axis}" for axis in AXES)
        if slot == space.shared
        else (f"{rank}_{slot}",)
        for place, rank in enumerate(space.ranks)
        for slot in range(space.slots)
    }


def mapping_of(space: Space, root: Root) -> LoopMapping:
    """Of this Einsum alone, in a cascade of it alone; every factor has a name."""
    factors = {name: name for names in factor_names(space).values() for name in names}
    return LoopMapping(
        about=f"{space.einsum} on {space.array}.",
        source="accelsim.mapper.exact.space",
        tiles=dict.fromkeys(factors, 1),
        nests=(nest_of(space, root, factors),),
        schedule=(step_of(space, root.drains),),
    )


def step_of(space: Space, drains: bool) -> Step:
    drain = (space.einsum,) if drains else ()
    return Step(name=space.einsum, phases=(Phase(run={space.array: (space.einsum,)}, drain=drain),))


def nest_of(space: Space, root: Root, factors: Mapping[str, Formula]) -> Nest:
    """With a number, or a formula, for every name; factors of 1 are left out."""
    levels: list[Level] = []
    for memory, name in enumerate(space.path):
        if memory == space.shared:
            levels.append(_array_level(space, factors))
        keep = tuple(t for t in space.tensors if memory in root.kept[t])
        if memory in space.turning(root.kept) and memory > 0:
            slot = space.slot(memory)
            levels.append(Level(memory=name, keep=keep, loops=_loops(root, slot, factors)))
        elif memory == 0:
            levels += _first_levels(space, root, factors)
    if space.shared == len(space.path):
        levels.append(_array_level(space, factors))
    return Nest(einsums=(space.einsum,), array=space.array, levels=tuple(levels))


def _first_levels(space: Space, root: Root, factors: Mapping[str, Formula]) -> list[Level]:
    """Where tensors start, around all loops; the outermost loops are inside the last."""
    homes = {space.home(tensor) for tensor in space.tensors}
    levels = [
        Level(
            memory=space.path[home],
            keep=tuple(t for t in space.tensors if space.home(t) == home),
        )
        for home in sorted(homes)
    ]
    loops = _loops(root, 0, factors)
    return [*levels[:-1], levels[-1].model_copy(update={"loops": loops})]


def _loops(root: Root, slot: int, factors: Mapping[str, Formula]) -> dict[str, Formula]:
    return _beyond_one({rank: factors[f"{rank}_{slot}"] for rank in root.orders[slot]})


def _array_level(space: Space, factors: Mapping[str, Formula]) -> Level:
    axes = {
        axis: _beyond_one({rank: factors[f"{rank}_{axis}"] for rank in space.ranks})
        for axis in AXES
    }
    return Level(array=space.array, spatial={axis: own for axis, own in axes.items() if own})


def _beyond_one(factors: dict[str, Formula]) -> dict[str, Formula]:
    return {rank: factor for rank, factor in factors.items() if factor != 1}
