"""What a constant mask hides: nothing, later keys, keys outside a window, or something else.

Band(ahead=a)      a query p sees the keys m <= p + a: causal; with a cache a = M - P
Band(behind=w)     ... and p - m < w: a sliding window
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from accelsim.base.errors import WorkloadError

HIDDEN = -9_999.0
"""Numbers that are added to hide a score: -inf, the least float of a type (-65504 in half
precision), or -10000, as BERT's first code had it."""


@dataclass(frozen=True)
class Band:
    """Keys p - `behind` < m <= p + `ahead` are seen; None where that side hides nothing."""

    ahead: int | None = None
    behind: int | None = None


def seen(added: Any) -> Any:
    """Which scores stay, of a mask that is added."""
    return np.asarray(added) > HIDDEN


def band(allowed: Any, queries: int, keys: int) -> Band:
    """Of a mask [.., P, M], True where a key is seen; P and M may be 1 for all.

    Raises
    ------
    WorkloadError
        if heads or sequences differ, or the mask is neither causal nor a window.
    """
    mask = np.asarray(allowed, dtype=bool)
    mask = mask.reshape((1,) * max(2 - mask.ndim, 0) + mask.shape)
    flat = mask.reshape(-1, *mask.shape[-2:])
    if not (flat == flat[0]).all():
        raise WorkloadError("its constant mask differs between heads or sequences")
    if any(own not in (1, size) for own, size in zip(flat.shape[1:], (queries, keys), strict=True)):
        raise WorkloadError(f"a mask of {mask.shape} does not fit {queries} x {keys} scores")
    return _band(np.broadcast_to(flat[0], (queries, keys)))


def _band(rows: Any) -> Band:
    queries, keys = rows.shape
    number = rows.sum(axis=1)
    first, last = rows.argmax(axis=1), keys - 1 - rows[:, ::-1].argmax(axis=1)
    if not number.all():
        raise WorkloadError(f"its constant mask hides every key of query {int(number.argmin())}")
    place = np.arange(queries)
    ahead = int((last - place)[last < keys - 1].max()) if (last < keys - 1).any() else None
    behind = int((place - first)[first > 0].max()) + 1 if (first > 0).any() else None
    till = np.full(queries, keys - 1) if ahead is None else np.minimum(place + ahead, keys - 1)
    since = np.zeros(queries, int) if behind is None else np.maximum(place - behind + 1, 0)
    wrong = (last != till) | (first != since) | (number != last - first + 1)
    if wrong.any():
        query = int(wrong.argmax())
        fact = "its constant mask is neither causal nor a window"
        raise WorkloadError(
            f"{fact}: query {query} sees {int(number[query])} of the keys "
            f"{int(first[query])} to {int(last[query])}"
        )
    return Band(ahead, behind)


def condition(found: Band, queries: int, keys: int) -> tuple[str, dict[str, int]]:
    """After `where`, over the ranks P and M, and the sizes of ranks that it needs besides.

    The cached tokens that come before are M - P, and a window W, so that other sizes can be set.
    """
    past = keys - queries
    ahead, behind = found.ahead, found.behind
    texts: list[str] = []
    sizes: dict[str, int] = {}
    position = "p"
    if ahead is not None:
        position = "p + M - P" if ahead == past != 0 else "p"
        more = 0 if position != "p" else ahead
        texts.append(f"m <= {position}{_plus(more)}")
    elif past > 0 and behind is not None:
        position = "p + M - P"
    if behind is not None:
        window = behind + (past if position != "p" else 0)
        if window > 0:
            texts.append(f"{position} - m < W")
            sizes["W"] = window
        else:
            texts.append(f"{position} - m < {window}")
    return " and ".join(texts), sizes


def _plus(number: int) -> str:
    return "" if number == 0 else f" {'+' if number > 0 else '-'} {abs(number)}"
