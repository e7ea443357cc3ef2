"""Views and gathers of accessed elements."""

import numpy as np

from accelsim.workload.einsum import Index
from accelsim.workload.gather import Space, aligned, inside, is_view

M = Index((("M", 1),))
P = Index((("P", 1),))


def space(**lengths: int) -> Space:
    return Space(tuple(lengths), {rank: range(n) for rank, n in lengths.items()}, lengths)


def test_plain_positions_are_views_with_the_axes_of_the_space() -> None:
    array = np.arange(6).reshape(2, 3)
    view = aligned(array, (M, P), space(P=3, M=2))
    assert view.tolist() == [[0, 3], [1, 4], [2, 5]]
    assert np.shares_memory(view, array)


def test_an_axis_that_an_access_lacks_has_size_one() -> None:
    assert aligned(np.arange(3), (P,), space(M=2, P=3)).shape == (1, 3)


def test_a_step_and_an_offset_are_a_slice() -> None:
    odd = Index((("M", 2),), offset=1)
    assert aligned(np.arange(6), (odd,), space(M=3)).tolist() == [1, 3, 5]
    assert is_view(np.arange(6), (odd,), space(M=3))


def test_a_diagonal_is_gathered() -> None:
    array = np.arange(9).reshape(3, 3)
    assert aligned(array, (M, M), space(M=3)).tolist() == [0, 4, 8]


def test_positions_outside_are_masked() -> None:
    before = Index((("M", 1), ("P", -1)))
    (mask,) = inside(np.arange(2), (before,), space(M=2, P=2))
    assert mask.tolist() == [[True, False], [True, True]]
