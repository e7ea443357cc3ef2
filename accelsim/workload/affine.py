"""Positions: whole-number functions of the loop indices, such as `m1*M0 + m0`, `2*i + 1`, `h // 4`.

    position = Σ coefficient · index  +  Σ coefficient · (position // divisor)
             + Σ coefficient · tensor[positions]  +  offset

Coefficients, divisors and offsets are whole numbers or polynomials in rank sizes (`RankExpr`), so
one Index serves for all sizes of its ranks. `index // n` is floor division; `index % n` is kept as
`index - n*(index // n)`. What a tensor holds is a *lookup*: `K[I[p,k]*N + n, e]` reads blocks of N
at positions that I holds; nothing is known of it before the cascade runs.

Everything here evaluates on whole numbers and on numpy arrays that broadcast alike.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from math import prod
from typing import Any


@dataclass(frozen=True)
class RankExpr:
    """Σ factor · Π rank sizes: `M1*M0` is ((1, ("M0", "M1")),). Made by `size_from`."""

    products: tuple[tuple[int, tuple[str, ...]], ...]

    def __str__(self) -> str:
        return signed_sum((factor, "*".join(ranks)) for factor, ranks in self.products)


Size = int | RankExpr


def size_from(factors: Mapping[tuple[str, ...], int]) -> Size:
    """The polynomial with these factors, by sorted ranks; an int if only () has one."""
    kept = {ranks: factor for ranks, factor in factors.items() if factor}
    if set(kept) <= {()}:
        return kept.get((), 0)
    last = sorted(kept.items(), key=lambda item: not item[0])  # the constant is written last
    return RankExpr(tuple((factor, ranks) for ranks, factor in last))


def factors_of(size: Size) -> dict[tuple[str, ...], int]:
    if isinstance(size, int):
        return {(): size}
    return {ranks: factor for factor, ranks in size.products}


def rank_size(rank: str) -> Size:
    return size_from({(rank,): 1})


def add_sizes(left: Size, right: Size) -> Size:
    total = factors_of(left)
    for ranks, factor in factors_of(right).items():
        total[ranks] = total.get(ranks, 0) + factor
    return size_from(total)


def multiply_sizes(left: Size, right: Size) -> Size:
    total: dict[tuple[str, ...], int] = {}
    for left_ranks, left_factor in factors_of(left).items():
        for right_ranks, right_factor in factors_of(right).items():
            ranks = tuple(sorted(left_ranks + right_ranks))
            total[ranks] = total.get(ranks, 0) + left_factor * right_factor
    return size_from(total)


def size_value(size: Size, ranks: Mapping[str, Any]) -> Any:
    """The number (or array) that a size is for these rank sizes."""
    if isinstance(size, int):
        return size
    return sum(factor * prod(ranks[rank] for rank in names) for factor, names in size.products)


@dataclass(frozen=True)
class Index:
    """One position, affine in loop indices, each named by its rank.

    `m` is terms (("M", 1),); `p - w` is (("P", 1), ("W", -1)); `m1+1` is (("M1", 1),) with offset
    1; `m1*M0 + m0` is (("M1", RankExpr M0), ("M0", 1)); `h // 4` has no terms and one quotient;
    `RM[M1, …]`, an iterative rank at its end, has no terms and `final="M1"` (an offset adds to it).
    """

    terms: tuple[tuple[str, Size], ...] = ()
    offset: Size = 0
    final: str | None = None
    quotients: tuple["Quotient", ...] = ()
    lookups: tuple["Lookup", ...] = ()

    @cached_property
    def ranks(self) -> tuple[str, ...]:
        """The ranks whose loop moves this position, in order of appearance."""
        inner = [rank for quotient in self.quotients for rank in quotient.numerator.ranks]
        inner += [rank for lookup in self.lookups for rank in lookup.access.ranks]
        return tuple(dict.fromkeys([*(rank for rank, _ in self.terms), *inner]))

    @cached_property
    def looked_up(self) -> tuple["Access", ...]:
        """The tensors' elements that the position depends on, those within lookups first."""
        inner = [access for each in self.quotients for access in each.numerator.looked_up]
        for lookup in self.lookups:
            inner += [*lookup.access.looked_up, lookup.access]
        return tuple(dict.fromkeys(inner))

    @property
    def is_linear(self) -> bool:
        """Whether it is a sum of indices and sizes, without `//` and lookups."""
        return not self.quotients and not self.lookups

    @property
    def plain_rank(self) -> str | None:
        """The rank, if this is that rank's own index and nothing else (`m`); otherwise None."""
        if len(self.terms) != 1 or self.offset != 0 or self.terms[0][1] != 1:
            return None
        return self.terms[0][0] if self.is_linear else None

    @property
    def stepped_rank(self) -> str | None:
        """The rank of `m1+1` (a running value's next step) or `M1` (its end); else None."""
        if self.final is not None:
            return self.final if self.offset == 0 else None
        return replace(self, offset=0).plain_rank if self.offset == 1 else None

    @property
    def sizes(self) -> tuple[str, ...]:
        """The ranks whose size (not index) enters: M0 in `m1*M0 + m0`."""
        own = [size for _, size in self.terms] + [self.offset]
        for quotient in self.quotients:
            own += [quotient.coefficient, quotient.divisor]
        names = [name for size in own for ranks in factors_of(size) for name in ranks]
        own = [lookup.coefficient for lookup in self.lookups]
        names += [name for size in own for ranks in factors_of(size) for name in ranks]
        names += [name for quotient in self.quotients for name in quotient.numerator.sizes]
        names += [n for a in self.looked_up for index in a.indices for n in index.sizes]
        return tuple(dict.fromkeys([*names, *([self.final] if self.final else [])]))

    def value(
        self, indices: Mapping[str, Any], ranks: Mapping[str, Any], read: "Reader | None" = None
    ) -> Any:
        """The position for these index values (by rank name; numbers or arrays) and rank sizes;
        `read` gives what lookups find."""
        total = size_value(self.offset, ranks) + (ranks[self.final] if self.final else 0)
        for rank, coefficient in self.terms:
            total = total + size_value(coefficient, ranks) * indices[rank]
        for quotient in self.quotients:
            total = total + quotient.value(indices, ranks, read)
        for lookup in self.lookups:
            assert read is not None, "positions with lookups have a value as the cascade runs"
            total = total + size_value(lookup.coefficient, ranks) * read(lookup.access)
        return total

    def __str__(self) -> str:
        parts = [signed(size, rank.lower()) for rank, size in self.terms]
        parts += [signed(quotient.coefficient, quotient.text) for quotient in self.quotients]
        parts += [signed(lookup.coefficient, str(lookup.access)) for lookup in self.lookups]
        if self.final:
            parts.append((1, self.final))
        parts += [(factor, "*".join(names)) for names, factor in factors_of(self.offset).items()]
        return signed_sum(parts)


@dataclass(frozen=True)
class Quotient:
    """coefficient · (numerator // divisor)."""

    coefficient: Size
    numerator: Index
    divisor: Size

    @property
    def text(self) -> str:
        """`m // 4`, in parentheses where a factor stands before it."""
        simple = self.numerator.plain_rank is not None
        numerator = str(self.numerator) if simple else f"({self.numerator})"
        whole = f"{numerator} // {parenthesised(self.divisor)}"
        return whole if self.coefficient == 1 else f"({whole})"

    def value(
        self, indices: Mapping[str, Any], ranks: Mapping[str, Any], read: "Reader | None" = None
    ) -> Any:
        whole = self.numerator.value(indices, ranks, read) // size_value(self.divisor, ranks)
        return size_value(self.coefficient, ranks) * whole


@dataclass(frozen=True)
class Access:
    """One tensor at one position: `K[b,h,m,e]`. A partitioned rank may have one index per part."""

    tensor: str
    indices: tuple[Index, ...]

    @cached_property
    def ranks(self) -> tuple[str, ...]:
        """The distinct ranks whose loops move this access, in order of appearance."""
        return tuple(dict.fromkeys(rank for index in self.indices for rank in index.ranks))

    @cached_property
    def rank_set(self) -> frozenset[str]:
        return frozenset(self.ranks)

    @cached_property
    def looked_up(self) -> tuple["Access", ...]:
        """What must be looked up to know the position: `I[p,k]` of `K[I[p,k],e]`."""
        return tuple(dict.fromkeys(each for index in self.indices for each in index.looked_up))

    def __str__(self) -> str:
        return self._text

    @cached_property
    def _text(self) -> str:
        return f"{self.tensor}[{','.join(map(str, self.indices))}]".replace(" ", "")


@dataclass(frozen=True)
class Lookup:
    """coefficient · the whole number that a tensor holds."""

    coefficient: Size
    access: Access


Reader = Callable[[Access], Any]


def sum_of(left: Index, right: Index) -> Index:
    """left + right."""
    terms: dict[str, Size] = {}
    for rank, coefficient in (*left.terms, *right.terms):
        terms[rank] = add_sizes(terms.get(rank, 0), coefficient)
    return Index(
        terms=tuple((rank, size) for rank, size in terms.items() if size != 0),
        offset=add_sizes(left.offset, right.offset),
        quotients=left.quotients + right.quotients,
        lookups=left.lookups + right.lookups,
    )


def scaled(index: Index, factor: Size) -> Index:
    """factor · index."""
    return Index(
        terms=tuple((rank, multiply_sizes(size, factor)) for rank, size in index.terms),
        offset=multiply_sizes(index.offset, factor),
        quotients=tuple(
            Quotient(multiply_sizes(each.coefficient, factor), each.numerator, each.divisor)
            for each in index.quotients
        ),
        lookups=tuple(
            Lookup(multiply_sizes(each.coefficient, factor), each.access) for each in index.lookups
        ),
    )


def signed(size: Size, name: str) -> tuple[int, str]:
    """A coefficient and a name as (whole factor, text): M0 and m1 → (1, "m1*M0")."""
    if isinstance(size, int):
        return size, name
    if len(size.products) == 1:
        factor, ranks = size.products[0]
        return factor, "*".join([name, *ranks])
    return 1, f"{name}*({size})"


def parenthesised(size: Size) -> str:
    """The size as text that may stand after `//`."""
    return str(size) if str(size).isalnum() else f"({size})"


def signed_sum(parts: Iterable[tuple[int, str]]) -> str:
    """(1, "m"), (-2, "p"), (3, "") → "m - 2*p + 3"; an empty sum is "0"."""
    text = ""
    for factor, name in parts:
        if factor:
            text += _joined(text, factor, name)
    return text or "0"


def _joined(before: str, factor: int, name: str) -> str:
    sign = ("-" if factor < 0 else "") if not before else (" - " if factor < 0 else " + ")
    if not name:
        return f"{sign}{abs(factor)}"
    return f"{sign}{name}" if abs(factor) == 1 else f"{sign}{abs(factor)}*{name}"
