"""Tiles that blocks visit, beside a mask drawn point by point."""

from math import ceil
from types import SimpleNamespace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from accelsim.mapping.visits import by_keys, by_queries
from accelsim.workload.calls import Sdpa


@st.composite
def calls(draw):
    m = draw(st.integers(1, 70))
    causal = draw(st.booleans())
    p = m if causal else draw(st.sampled_from([1, m, 13]))
    window = draw(st.none() | st.integers(1, 80)) if causal or p == 1 else None
    return Sdpa(
        backend="flash", b=1, h=1, g=1, p=p, m=m, e=32, causal=causal and p == m, window=window
    )


def mask_of(call):
    behind = np.arange(call.p)[:, None] - np.arange(call.m)[None]
    behind = behind + (call.m - call.p if not call.causal else 0)
    seen = np.ones((call.p, call.m), dtype=bool)
    if call.causal:
        seen &= behind >= 0
    if call.window:
        seen &= (behind >= 0) & (behind < call.window)
    return seen


def tiles_with_points(mask, height, width):
    rows, columns = (
        -(-size // side) for size, side in zip(mask.shape, (height, width), strict=True)
    )
    return np.array(
        [
            [
                mask[r * height : (r + 1) * height, c * width : (c + 1) * width].any()
                for c in range(columns)
            ]
            for r in range(rows)
        ]
    )


@given(calls(), st.sampled_from([4, 16]), st.sampled_from([4, 8, 32]))
def test_blocks_visit_the_tiles_that_hold_a_point(call, queries, keys):
    shape = SimpleNamespace(queries=queries, keys=keys)
    held = tiles_with_points(mask_of(call), queries, keys)
    found = by_queries(call, shape, call.p, call.m)
    drawn = [np.flatnonzero(row) for row in held]
    assert found.first.tolist() == [row[0] for row in drawn]
    assert found.end.tolist() == [row[-1] + 1 for row in drawn]
    assert (found.masked <= found.steps).all()


@given(calls(), st.sampled_from([4, 16]), st.sampled_from([4, 8, 32]))
def test_blocks_of_keys_visit_the_queries_that_see_them(call, queries, keys):
    shape = SimpleNamespace(queries=queries, keys=keys)
    held = tiles_with_points(mask_of(call), queries, keys)
    found = by_keys(call, shape, call.p, call.m)
    if call.causal or not call.window:
        assert found.steps.tolist() == held.sum(axis=0).tolist()


@given(calls(), st.integers(1, 7))
def test_parts_of_a_split_head_add_up_to_it(call, splits):
    shape = SimpleNamespace(queries=16, keys=8)
    whole = by_queries(call, shape, call.p, call.m)
    each = ceil(ceil(call.m / 8) / splits)
    parts = whole.shares(each, splits)
    assert sum(part.steps for part in parts).tolist() == whole.steps.tolist()


@given(calls(), st.sampled_from([4, 16]), st.sampled_from([4, 8]), st.sampled_from([1, 2, 3, 8]))
def test_rows_of_a_query_see_what_it_sees(call, rows, keys, fold):
    shape = SimpleNamespace(queries=rows, keys=keys)
    held = tiles_with_points(np.repeat(mask_of(call), fold, axis=0), rows, keys)
    found = by_queries(call, shape, call.p, call.m, fold)
    drawn = [np.flatnonzero(row) for row in held]
    assert found.first.tolist() == [row[0] for row in drawn]
    assert found.end.tolist() == [row[-1] + 1 for row in drawn]


def test_a_kernel_for_any_length_masks_a_tile_more():
    call = Sdpa(backend="flash", b=1, h=1, g=1, p=256, m=256, e=128, causal=True)
    found = by_queries(call, SimpleNamespace(queries=64, keys=128), 256, 256)
    assert (found.steps.tolist(), found.masked.tolist()) == ([1, 1, 2, 2], [1, 1, 1, 1])
    assert found.masking(1).masked.tolist() == [1, 1, 2, 2]
