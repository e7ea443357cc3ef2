"""Numbers of a shape as columns, one entry a candidate: drawn, moved a little, and made to fit.

Factors of a tile that is cut must make it exactly, since all Einsums of the step work on the same
one; of a rank that is whole they need to reach its end only:

    cut     factor = gcd(what is left of the tile, factor)          left = left / factor
    whole   factor = min(what is left of the rank, factor)          left = ceil(left / factor)
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from accelsim.mapper.constraints import Constraints, FixedLoops
from accelsim.mapper.fused.group import Group
from accelsim.mapper.question import Question
from accelsim.mapper.tilewise.nests import chain, tile_name
from accelsim.mapper.tilewise.shape import Shape
from accelsim.mapping.loops import ceil_div

Column = NDArray[np.int64]
Columns = Mapping[str, Column]


class Chain(NamedTuple):
    """The names of factors of an Einsum's rank, with the most that each may be; or what they are
    `fixed` to be, by name."""

    rank: str
    names: tuple[str, ...]
    most: tuple[int, ...]
    fixed: Mapping[str, int]


class Numbers(NamedTuple):
    """`most` is how large a number may be, by its name; `sizes` are those of the ranks."""

    cut: tuple[str, ...]
    sizes: Mapping[str, int]
    chains: tuple[Chain, ...]

    @property
    def most(self) -> dict[str, int]:
        tiles = {tile_name(rank): self.sizes[rank] for rank in self.cut}
        chains = (zip(each.names, each.most, strict=True) for each in self.chains)
        return tiles | dict(pair for pairs in chains for pair in pairs)

    def drawn(self, size: int, rng: Generator) -> Columns:
        return self.fitted(
            {name: _drawn(name, most, size, rng) for name, most in self.most.items()}
        )

    def moved(self, columns: Columns, rng: Generator) -> Columns:
        """Of every candidate one or two numbers are doubled, halved, or drawn anew."""
        names = list(self.most)
        size = columns[names[0]].size
        found = dict(columns)
        first, second = rng.integers(len(names), size=(2, size))
        is_second = rng.random(size) < 0.5
        for place, name in enumerate(names):
            hit = (first == place) | (is_second & (second == place))
            if hit.any():
                found[name] = np.where(hit, self._changed(name, found[name], rng), found[name])
        return self.fitted(found)

    def _changed(self, name: str, column: Column, rng: Generator) -> Column:
        most, size = self.most[name], column.size
        how = rng.random(size)
        anew = _drawn(name, most, size, rng)
        halved, doubled = np.maximum(1, column // 2), np.minimum(most, column * 2)
        return np.where(how < 0.3, halved, np.where(how < 0.6, doubled, anew))

    def carried(self, columns: Columns, rng: Generator) -> Columns:
        """Numbers of another shape, where this one has the same names."""
        size = next(iter(columns.values())).size
        return self.fitted(
            {
                name: columns[name] if name in columns else _drawn(name, most, size, rng)
                for name, most in self.most.items()
            }
        )

    def fitted(self, columns: Columns) -> Columns:
        found = dict(columns)
        for each in self.chains:
            size = self.sizes[each.rank]
            tile = found[tile_name(each.rank)] if each.rank in self.cut else np.int64(size)
            left: Column = np.asarray(tile)
            is_whole = left >= size
            for name, most in zip(each.names, each.most, strict=True):
                if name in each.fixed:
                    found[name] = np.full_like(found[name], each.fixed[name])
                wanted = np.minimum(np.minimum(found[name], most), left)
                found[name] = np.where(is_whole, wanted, np.gcd(left, wanted))
                left = ceil_div(left, found[name])
        return found


def numbers_of(shape: Shape, group: Group, question: Question) -> Numbers:
    arch = question.arch
    sizes = {rank: int(size) for rank, size in group.cascade.ranks.items()}
    chains = []
    for einsum in group.einsums:
        if shape.leader(einsum.name) != einsum.name:
            continue
        array = arch.array(shape.way[einsum.name].array)
        widths = {f"{einsum.name}_rows": array.rows, f"{einsum.name}_columns": array.columns}
        for rank in einsum.ranks:
            names = tuple(chain(einsum, rank, shape, group, arch))
            most = tuple(int(min(sizes[rank], widths.get(name, sizes[rank]))) for name in names)
            fixed = _fixed(einsum.name, rank, question.constraints)
            chains.append(Chain(rank, names, most, fixed))
    cut = tuple(rank for rank in shape.order if rank in shape.sized)
    return Numbers(cut, sizes, tuple(chains))


def _fixed(einsum: str, rank: str, constraints: Constraints) -> dict[str, int]:
    """What constraints say of a rank on the array, by the names of the factors there."""
    fixed = constraints.loops.get(einsum, FixedLoops())
    wide = dict(zip(("rows", "columns"), fixed.on_array.get(rank, ()), strict=False))
    return {f"{einsum}_{axis}": factor for axis, factor in wide.items()}


def _drawn(name: str, most: int, size: int, rng: Generator) -> Column:
    """Axes are mostly as full as can be, loops in a tile mostly 1, tiles anything."""
    values = np.array(_values(most), dtype=np.int64)
    drawn = values[rng.integers(len(values), size=size)]
    if name.endswith("_tile"):
        return drawn
    usual = most if name.endswith(("_rows", "_columns")) else 1
    return np.where(rng.random(size) < 0.5, usual, drawn)


@lru_cache(maxsize=1024)
def _values(most: int) -> tuple[int, ...]:
    """Powers of two, one and a half times these, and some divisors."""
    powers = [1 << bit for bit in range(most.bit_length())]
    halves = [3 * power for power in powers]
    divisors = [most // count for count in range(1, 33) if most % count == 0]
    return tuple(sorted({each for each in (*powers, *halves, *divisors) if each <= most}))
