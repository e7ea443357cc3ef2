"""Each size is counted once, and every point gets its own count."""

import numpy as np

from accelsim.workload.distinct import at_each_once


def test_points_of_the_same_sizes_are_counted_once() -> None:
    asked: list[tuple[int, int]] = []

    def area(sizes: tuple[int, int]) -> int:
        asked.append(sizes)
        return sizes[0] * sizes[1]

    rows, columns = np.broadcast_arrays(np.array([[2], [3], [2]]), np.array([5, 7, 5]))
    found = at_each_once(area, [rows, columns])
    assert found.tolist() == [[10, 14, 10], [15, 21, 15], [10, 14, 10]]
    assert sorted(asked) == [(2, 5), (2, 7), (3, 5), (3, 7)]
