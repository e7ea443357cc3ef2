"""Where points of Einsums read and write, one by one."""

from collections.abc import Mapping

from accelsim.workload.einsum import Access, Cascade


def position_of(cascade: Cascade, access: Access, point: Mapping[str, int]) -> tuple[int, ...]:
    return tuple(index.value(point, cascade.ranks) for index in cascade.positions(access))


def by_position(
    cascade: Cascade, output: Access, points: list[dict[str, int]]
) -> dict[tuple[int, ...], list[dict[str, int]]]:
    found: dict[tuple[int, ...], list[dict[str, int]]] = {}
    for point in points:
        found.setdefault(position_of(cascade, output, point), []).append(point)
    return found
