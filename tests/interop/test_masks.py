"""Constant masks against every mask of small sizes, drawn element by element."""

import itertools

import numpy as np
import pytest

from accelsim import counts
from accelsim.base.errors import WorkloadError
from accelsim.base.yamlfile import parse_yaml
from accelsim.interop.masks import Band, band, condition, seen
from accelsim.workload.load import read_workload

SIDES = (None, -1, 0, 1, 2, 3, 5)


def drawn(queries, keys, found):
    """Which keys each query sees, one by one."""
    ahead = keys if found.ahead is None else found.ahead
    behind = keys + queries if found.behind is None else found.behind
    return np.array([[p - behind < m <= p + ahead for m in range(keys)] for p in range(queries)])


@pytest.mark.parametrize(("queries", "keys"), [(1, 1), (1, 6), (4, 4), (3, 7), (6, 4)])
def test_every_band_is_found_and_counted_as_it_was_drawn(queries, keys):
    for ahead, behind in itertools.product(SIDES, SIDES):
        mask = drawn(queries, keys, Band(ahead, behind))
        if not mask.any(axis=1).all():
            continue
        found = band(mask[None, None], queries, keys)
        assert (drawn(queries, keys, found) == mask).all()
        text, sizes = condition(found, queries, keys)
        assert pairs(queries, keys, text, sizes) == mask.sum()


def pairs(queries, keys, text, sizes):
    ranks = ", ".join(
        f"{rank}: {size}" for rank, size in ({"P": queries, "M": keys} | sizes).items()
    )
    where = f" where {text}" if text else ""
    workload = (
        f"word: 2 B\nranks: {{{ranks}, E: 1}}\ninputs: {{Q: [P, E], K: [M, E]}}\n"
        f"cascade: |\n  S[p,m] += Q[p,e] * K[m,e]{where}\n"
    )
    return counts(read_workload(parse_yaml(workload), "pairs")).operations["mac"]


def test_a_cache_stands_as_m_minus_p_and_a_window_as_w():
    causal = np.tri(3, 10, 7, dtype=bool)
    assert condition(band(causal, 3, 10), 3, 10) == ("m <= p + M - P", {})
    near = causal & ~np.tri(3, 10, 3, dtype=bool)
    text, sizes = condition(band(near, 3, 10), 3, 10)
    assert (text, sizes) == ("m <= p + M - P and p + M - P - m < W", {"W": 4})


def test_masks_that_are_added():
    numbers = [0.0, -np.inf, np.finfo(np.float32).min, -65504.0, -10000.0, -3.0, 2.0]
    assert seen(np.array(numbers)).tolist() == [True, False, False, False, False, True, True]


@pytest.mark.parametrize(
    ("mask", "complaint"),
    [
        ([[1, 0, 1], [1, 1, 1], [1, 1, 1]], "query 0 sees 2 of the keys 0 to 2"),
        ([[1, 0, 0], [1, 1, 1], [1, 1, 1]], "neither causal nor a window: query 1 sees 3"),
        ([[1, 0, 0], [0, 0, 0], [1, 1, 1]], "hides every key of query 1"),
        ([[[1, 1]], [[1, 0]]], "differs between heads or sequences"),
        ([[1, 1, 1, 1]], r"a mask of \(1, 4\) does not fit 3 x 3 scores"),
    ],
)
def test_other_masks_are_refused_with_where_they_differ(mask, complaint):
    size = 3 if np.ndim(mask) == 2 else 2
    with pytest.raises(WorkloadError, match=complaint):
        band(np.array(mask, bool), size if np.ndim(mask) == 2 else 1, size)
