"""A shape as a mapping whose numbers have names.

H_tile             tile of a rank that the step cuts; loops over tiles are ceil(H / H_tile)
QK_rows            how many of the rank on its rows lie side by side
QK_M_around        loops in a tile around what the home keeps
QK_M_inside        loops in an inner buffer; loops between the two do what is left of the tile
"""

from collections.abc import Iterator

from accelsim.arch.spatial import Spatial
from accelsim.mapper.fused.group import Group
from accelsim.mapper.tilewise.shape import (
    TILE,
    Resident,
    Shape,
    Way,
    at_home,
    buffers_above,
    files_of,
    handed_over,
    outside,
    tensors_of,
)
from accelsim.mapping.mapping import Formula, Level, Mapping, Nest, Phase, Step
from accelsim.workload.einsum import Einsum


def tile_name(rank: str) -> str:
    return f"{rank}_tile"


def mapping_of(shape: Shape, group: Group, arch: Spatial) -> Mapping:
    """All names are 1 until numbers are given for them."""
    return Mapping(
        about="Found by search: Einsums fused tile by tile, one after the other in each.",
        source="accelsim.mapper.tilewise",
        workload=(group.cascade.name,),
        machine="spatial",
        tiles=dict.fromkeys(names_of(shape, group, arch), 1),
        nests=tuple(_nest(einsum, shape, group, arch) for einsum in group.einsums),
        schedule=(_step(shape, group),),
        share=tuple(_in_place(group)),
    )


def names_of(shape: Shape, group: Group, arch: Spatial) -> list[str]:
    """Of tiles and factors: there may be none, if all tiles are single and every array is an axis
    of a rank that is cut."""
    names = [name for einsum in group.einsums for name in factor_names(einsum, shape, group, arch)]
    return [*(tile_name(rank) for rank in shape.order if rank in shape.sized), *names]


def size_of_tile(rank: str, shape: Shape) -> Formula:
    if rank in shape.sized:
        return tile_name(rank)
    return 1 if rank in shape.order else rank


def chain(einsum: Einsum, rank: str, shape: Shape, group: Group, arch: Spatial) -> list[str]:
    """Names of the factors that make up a tile of the rank, but what is left of it."""
    if rank in shape.order and rank not in shape.sized:
        return []
    leader = shape.leader(einsum.name)
    if leader != einsum.name:
        return chain(group.cascade.einsum(leader), rank, shape, group, arch)
    way = shape.way[leader]
    names = [f"{leader}_{axis}" for axis, on in way.axes if on == rank]
    if _has_stays(einsum, shape):
        names.append(f"{einsum.name}_{rank}_around")
    return [*names, *(f"{einsum.name}_{rank}_inside{n}" for n, _ in _pauses(way, shape, arch))]


def factor_names(einsum: Einsum, shape: Shape, group: Group, arch: Spatial) -> list[str]:
    return [name for rank in einsum.ranks for name in chain(einsum, rank, shape, group, arch)]


def _has_stays(einsum: Einsum, shape: Shape) -> bool:
    return any(shape.stay.get(tensor) == TILE for tensor in tensors_of(einsum))


def _pauses(way: Way, shape: Shape, arch: Spatial) -> list[tuple[int, str]]:
    """The buffers inside the home, numbered."""
    buffers = buffers_above(arch, way.array)
    return list(enumerate(buffers[buffers.index(shape.home) + 1 :])) if way.pauses else []


def _nest(einsum: Einsum, shape: Shape, group: Group, arch: Spatial) -> Nest:
    way = shape.led(einsum.name)
    levels = [level for level in _levels(einsum, shape, group, arch) if _says(level)]
    return Nest(einsums=(einsum.name,), array=way.array, levels=tuple(levels))


def _says(level: Level) -> bool:
    return bool(level.keep or level.loops or level.spatial)


def _levels(einsum: Einsum, shape: Shape, group: Group, arch: Spatial) -> Iterator[Level]:
    leader, own = shape.leader(einsum.name), tensors_of(einsum)
    way = shape.way[leader]
    names = factor_names(einsum, shape, group, arch)
    yield Level(memory=arch.memories[0].name, keep=_of(own, outside(group)))
    for done, rank in enumerate(shape.order):
        yield from _residents(own, shape, done, arch)
        if rank in einsum.ranks:
            yield Level(loops={rank: f"ceil({rank} / {size_of_tile(rank, shape)})"})
    yield from _residents(own, shape, len(shape.order), arch)
    yield Level(memory=shape.home, keep=_of(own, at_home(einsum, shape, group)))
    around = {rank: f"{leader}_{rank}_around" for rank in way.outer}
    yield Level(loops={rank: name for rank, name in around.items() if name in names})
    kept = tuple(t for t in own if shape.stay.get(t) == TILE and t not in handed_over(group))
    yield Level(memory=shape.home, keep=kept)
    yield Level(loops={rank: _left(einsum, rank, shape, group, arch) for rank in way.inner})
    kept_here = set(own) - shape.streams(einsum)
    for number, memory in _pauses(way, shape, arch):
        yield Level(memory=memory, keep=_of(own, kept_here))
        inside = {rank: f"{leader}_{rank}_inside{number}" for rank in way.inner}
        yield Level(loops={rank: name for rank, name in inside.items() if name in names})
    spatial: dict[str, dict[str, Formula]] = {
        axis: {rank: f"{leader}_{axis}"} for axis, rank in way.axes if f"{leader}_{axis}" in names
    }
    yield Level(array=way.array, spatial=spatial)
    for memory in files_of(arch, way.array):
        yield Level(memory=memory, keep=shape.way[einsum.name].filed)


def _residents(own: tuple[str, ...], shape: Shape, done: int, arch: Spatial) -> Iterator[Level]:
    for memory in (each.name for each in arch.memories):
        here = Resident(memory, done)
        yield Level(memory=memory, keep=tuple(t for t in own if shape.stay.get(t) == here))


def _of(own: tuple[str, ...], those: object) -> tuple[str, ...]:
    return tuple(tensor for tensor in own if tensor in those)  # type: ignore[operator]


def _left(einsum: Einsum, rank: str, shape: Shape, group: Group, arch: Spatial) -> Formula:
    size, names = size_of_tile(rank, shape), chain(einsum, rank, shape, group, arch)
    return f"ceil({size} / ({' * '.join(names)}))" if names else size


def _step(shape: Shape, group: Group) -> Step:
    run: dict[str, tuple[str, ...]] = {}
    for name in group.names:
        array = shape.led(name).array
        run[array] = (*run.get(array, ()), name)
    tile = {rank: size_of_tile(rank, shape) for rank in shape.order}
    return Step(name=" ".join(group.names), tile=tile, phases=(Phase(run=run),))


def _in_place(group: Group) -> list[tuple[str, ...]]:
    """Tensors that are written over what is read for the last time to make them."""
    rooms: list[list[str]] = []
    for einsum in group.einsums:
        for access in [] if einsum.reduction else einsum.reads:
            if _is_overwritten(access.tensor, einsum, group):
                room = next((room for room in rooms if room[-1] == access.tensor), None)
                if room is None:
                    rooms.append([access.tensor, einsum.name])
                else:
                    room.append(einsum.name)
                break
    return [tuple(room) for room in rooms]


def _is_overwritten(tensor: str, einsum: Einsum, group: Group) -> bool:
    made, cascade = group.readers.get(tensor), group.cascade
    if made is None or tensor in (*group.outputs, *group.running) or einsum.name in group.running:
        return False
    words = cascade.tensors[tensor].word_bytes, cascade.tensors[einsum.name].word_bytes
    is_alike = set(cascade.einsum(tensor).output.ranks) == set(einsum.output.ranks)
    return is_alike and words[0] == words[1] and made[-1:] == (einsum.name,)
