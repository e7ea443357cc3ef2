"""Windows of streamed ranks, and what conditions leave of a fibre."""

from collections.abc import Callable

import pytest

from accelsim.workload.einsum import Cascade
from accelsim.workload.footprint import whole_fibre, window

RANKS = "{P: 64, M: 64, W: 4, H: 8, G: 2}"
INPUTS = "{X: [M], Y: [M], K: [W], S: [P, M], B: [G], Q: [H]}"


@pytest.mark.parametrize(
    ("text", "rank", "expected"),
    [
        ("Z[m] = X[m]", "M", "1"),
        ("Z[m] = X[m + 2] - X[m]", "M", "3"),
        ("A[m] = X[m + 2] where m + 2 < M\nZ[m] = A[m] where m + 2 < M", "M", "1"),
        ("A[m] = X[m + 2] where m + 2 < M\nZ[m] = A[m] - X[m] where m + 2 < M", "M", "3"),
        ("Z[m] += X[m - w] * K[w]", "M", "W"),
        ("Z[m] += X[m + 2*w] * K[w]", "M", "2*W - 1"),
        ("A[m] += X[m - w] * K[w]\nZ[m] += A[m - w] * K[w]", "M", "2*W - 1"),
        ("Z[m] = X[m] + X[2*m]", "M", "M"),
        ("Z[m] = X[m] + X[m // 4]", "M", "M"),
        ("Z[h] = Q[h] * B[h // 4]", "H", "1"),
        ("C[0] = 0\nC[m+1] = C[m] + X[m]\nZ[m] = C[m+1] - X[m]", "M", "1"),
    ],
)
def test_a_streamed_rank_keeps_what_one_point_looks_at(
    text: str, rank: str, expected: str, cascade_of: Callable[..., Cascade]
) -> None:
    assert window(cascade_of(text, RANKS, INPUTS), rank) == expected


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("", "M"),
        ("where m <= p", "M"),
        ("where m <= p and p - W < m", "W"),
        ("where 0 <= p - m < W", "W"),
        ("where p - m <= W and m - p <= W", "2*W + 1"),
        ("where p - 100 < m <= p", "M"),  # 100 keys of 64
        ("where m == p", "1"),
        ("where m <= p and (m < 3 or p - m < W)", "W + 3"),
        ("where m <= p or m == 5", "M"),
    ],
)
def test_a_window_of_conditions_is_all_there_is_of_a_fibre(
    condition: str, expected: str, cascade_of: Callable[..., Cascade]
) -> None:
    cascade = cascade_of(f"Z[p,m] = S[p,m] {condition}", RANKS, INPUTS)
    assert whole_fibre(cascade, "M", ["Z"]) == expected
