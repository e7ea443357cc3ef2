"""Fixtures of the workload tests: small cascades from text, and the slow truth of points."""

from collections.abc import Callable, Iterator
from itertools import product

import pytest

from accelsim.base.yamlfile import parse_yaml
from accelsim.workload.einsum import Access, Cascade, Einsum
from accelsim.workload.load import read_workload
from accelsim.workload.points import position_ranges


@pytest.fixture(scope="session")
def cascade_of() -> Callable[..., Cascade]:
    """cascade_of("Z[p] = X[p]", ranks="{P: 4}", inputs="{X: [P]}") is the cascade of such a file.

    The file is called w.yaml; without `more`, the cascade's first line stands on line 7 of it.
    """

    def build(cascade: str, ranks: str, inputs: str = "{}", more: str = "") -> Cascade:
        head = f"about: A test.\nsource: by hand\nword: 2 B\nranks: {ranks}\ninputs: {inputs}\n"
        lines = "\n".join(f"  {line.strip()}" for line in cascade.strip().splitlines())
        return read_workload(parse_yaml(f"{head}{more}cascade: |\n{lines}\n", "w.yaml"), "w")

    return build


@pytest.fixture(scope="session")
def points_by_enumeration() -> Callable[[Cascade, Einsum], list[dict[str, int]]]:
    """Every point of an Einsum, found by trying all combinations of its indices."""
    return lambda cascade, einsum: list(_points(cascade, einsum))


def _points(cascade: Cascade, einsum: Einsum) -> Iterator[dict[str, int]]:
    for values in product(*(range(cascade.ranks[rank]) for rank in einsum.ranks)):
        point = dict(zip(einsum.ranks, values, strict=True))
        if _exists(cascade, einsum, point):
            yield point


def _exists(cascade: Cascade, einsum: Einsum, point: dict[str, int]) -> bool:
    everywhere = {**dict.fromkeys(cascade.ranks, 0), **point}
    return (
        all(condition.holds(point, cascade.ranks) for condition in einsum.conditions)
        and all(
            cascade.partitioned_index(whole).value(everywhere, cascade.ranks) < cascade.ranks[whole]
            for whole in cascade.partitions
        )
        and all(_inside(cascade, access, point) for access in (einsum.output, *einsum.reads))
    )


def _inside(cascade: Cascade, access: Access, point: dict[str, int]) -> bool:
    ranges = position_ranges(cascade, access.tensor)
    return all(
        low <= index.value(point, cascade.ranks) <= high
        for index, (low, high) in zip(cascade.positions(access), ranges, strict=True)
    )
