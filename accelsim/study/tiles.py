"""Tiles of a mapping as numbers that can be varied, by their names in its YAML: `tiles.P0`.

A tile that is given a number no longer follows the ranks and the machine; those after it that are
made from it follow it. Alternatives of a choice have tiles of their own, which are not varied.
"""

from collections.abc import Iterator
from collections.abc import Mapping as ByPath
from dataclasses import replace

import numpy as np

from accelsim.mapping.binding import bind
from accelsim.mapping.mapping import Mapping
from accelsim.study.design import Design
from accelsim.study.quantities import Quantity
from accelsim.study.table import Column

START = "tiles."
GRID = 33
"""Points between which a bound or a target is looked for: each is an evaluation of its own."""


def tiles_of(design: Design) -> dict[str, Quantity]:
    """Whole ones by path, with their values today."""
    if not isinstance(design.mapping, Mapping):
        return {}
    values = bind(design.mapping, design.cascade, design.arch).tiles
    return {
        f"{START}{name}": Quantity(int(values[name]), "", design.mapping.source)
        for name in design.mapping.tiles
        if np.ndim(values[name]) == 0 and float(values[name]).is_integer()
    }


def with_tiles(design: Design, values: ByPath[str, int]) -> Design:
    """Plain numbers by path."""
    assert isinstance(design.mapping, Mapping)
    own = {path.removeprefix(START): value for path, value in values.items()}
    tiles = {**design.mapping.tiles, **own}
    return replace(design, mapping=design.mapping.model_copy(update={"tiles": tiles}))


def by_tiles(columns: ByPath[str, Column]) -> Iterator[tuple[dict[str, int], Column]]:
    """Each set of tiles that there is, and the places of its points."""
    paths = [path for path in columns if path.startswith(START)]
    values = np.stack([columns[path] for path in paths], axis=1).astype(np.int64)
    sets, which = np.unique(values, axis=0, return_inverse=True)
    for number, row in enumerate(sets.tolist()):
        yield dict(zip(paths, row, strict=True)), np.flatnonzero(which.reshape(-1) == number)
