"""Sizes of ranks: numbers, expressions over other ranks (`M1: M / M0`), and partitions.

A partition `m -> m1, m0` cuts rank M into M1 tiles of M0; a size that is not declared follows from
the others:

    outermost part = ceil(whole / product of the inner parts)
    whole          = product of the parts                      (when only the parts are declared)

Sizes may be numpy integer arrays that broadcast (a sweep is one call).
"""

from collections.abc import Iterable, Mapping
from math import prod
from typing import Any

from accelsim.base.errors import Place, WorkloadError, did_you_mean
from accelsim.base.expression import Expression, parse_expression

#: No loop of 2^63 rounds will ever be run, and 64-bit arrays could not index it.
LARGEST_RANK = 2**62


def resolve_ranks(
    declared: Mapping[str, Any],
    partitions: Mapping[str, tuple[str, ...]],
    places: Mapping[str, Place | None],
) -> dict[str, Any]:
    """Every rank's size, from numbers and expression texts, checked to be whole and at least 1."""
    expressions = {
        rank: parse_expression(value, places.get(rank))
        for rank, value in declared.items()
        if isinstance(value, str)
    }
    sizes = {
        rank: _checked(rank, value, places.get(rank))
        for rank, value in declared.items()
        if rank not in expressions
    }
    waiting = dict(expressions)
    while waiting or _missing(partitions, sizes):
        step = _evaluated(waiting, sizes, places) or _derived(partitions, {*sizes, *waiting}, sizes)
        if not step:
            raise _unresolved(waiting, partitions, declared, sizes, places)
        sizes |= step
        waiting = {rank: value for rank, value in waiting.items() if rank not in sizes}
    checked = {rank: _checked(rank, size, places.get(rank)) for rank, size in sizes.items()}
    for whole, parts in partitions.items():
        _check_cover(whole, parts, checked, places)
    return checked


def _evaluated(
    waiting: Mapping[str, Expression], sizes: Mapping[str, Any], places: Mapping[str, Place | None]
) -> dict[str, Any]:
    ready = {rank: text for rank, text in waiting.items() if text.names <= set(sizes)}
    return {
        rank: _checked(rank, expression.evaluate(sizes), places.get(rank))
        for rank, expression in ready.items()
    }


def _missing(partitions: Mapping[str, tuple[str, ...]], sizes: Mapping[str, Any]) -> list[str]:
    return [
        rank for whole, parts in partitions.items() for rank in (whole, *parts) if rank not in sizes
    ]


def _derived(
    partitions: Mapping[str, tuple[str, ...]], known: set[str], sizes: Mapping[str, Any]
) -> dict[str, Any]:
    """What one partition says about the one rank of it that nobody declared."""
    for whole, parts in partitions.items():
        undeclared = [rank for rank in (whole, *parts) if rank not in known]
        others = [rank for rank in (whole, *parts) if rank not in undeclared]
        if undeclared not in ([whole], [parts[0]]) or not set(others) <= set(sizes):
            continue
        inner = prod(sizes[rank] for rank in parts[1:])
        if undeclared == [whole]:
            return {whole: sizes[parts[0]] * inner}
        return {parts[0]: -(-sizes[whole] // inner)}
    return {}


def _unresolved(
    waiting: Mapping[str, Expression],
    partitions: Mapping[str, tuple[str, ...]],
    declared: Mapping[str, Any],
    sizes: Mapping[str, Any],
    places: Mapping[str, Place | None],
) -> WorkloadError:
    for rank, expression in waiting.items():
        for name in sorted(expression.names - set(declared)):
            if not any(name in (whole, *parts) for whole, parts in partitions.items()):
                return WorkloadError(
                    f"rank {rank} is {expression.text!r}, but there is no rank {name!r}",
                    at=places.get(rank),
                    remedy=did_you_mean(name, declared) or "Declare it under 'ranks'",
                )
    if waiting:
        circle = ", ".join(waiting)
        return WorkloadError(
            f"the sizes of {circle} depend on each other",
            at=places.get(next(iter(waiting))),
            remedy="Give one of them a number",
        )
    rank = _missing(partitions, sizes)[-1]
    whole, parts = next(item for item in partitions.items() if rank in (item[0], *item[1]))
    return WorkloadError(
        f"rank {rank} of the partition {whole} -> {', '.join(parts)} has no size",
        at=places.get(whole),
        remedy=f"Declare {rank} under 'ranks'",
    )


def _check_cover(
    whole: str, parts: tuple[str, ...], sizes: Mapping[str, Any], places: Mapping[str, Place | None]
) -> None:
    """The outermost part has as many tiles as the whole rank needs: none missing, none empty."""
    inner = prod(sizes[part] for part in parts[1:])
    needed = -(-sizes[whole] // inner)
    if not _everywhere(sizes[parts[0]] == needed):
        raise WorkloadError(
            f"rank {parts[0]} is {sizes[parts[0]]}, but {whole} = {sizes[whole]} "
            f"in tiles of {inner} makes {needed}",
            at=places.get(parts[0]),
            remedy=f"Leave out {parts[0]}, or change {' or '.join(parts[1:])}",
        )


def _everywhere(condition: Any) -> bool:
    return bool(condition.all() if hasattr(condition, "all") else condition)


def _suspects(sizes: Any) -> Iterable[Any]:
    """Those that are no size if any is none: of whole numbers, the least and the most."""
    whole = sizes.dtype.kind in "iu" or (sizes.dtype.kind == "f" and not (sizes % 1).any())
    return (sizes.min(), sizes.max()) if whole and sizes.size else sizes.flat


def _checked(rank: str, size: Any, at: Place | None) -> Any:
    """The size itself, as int where it is one number; arrays are checked element by element."""
    if hasattr(size, "dtype") and getattr(size, "ndim", 0) > 0:
        for value in _suspects(size):
            # Of a column with texts in it the numbers are plain ones.
            _checked(rank, value.item() if hasattr(value, "item") else value, at)
        return size.astype("int64")
    whole = int(size) if isinstance(size, float) and size.is_integer() and size < 2**53 else size
    if isinstance(whole, bool) or not hasattr(whole, "__index__") or not 1 <= whole <= LARGEST_RANK:
        raise WorkloadError(
            f"rank {rank} is {size}, but a rank is a whole number from 1 to 2^62",
            at=at,
            remedy=f"Write it like '{rank}: 1024'",
        )
    return int(whole)
