"""Numba loops."""

import numpy as np

from accelsim.workload.kernels import linear_recurrence


def test_a_linear_recurrence_halves_and_adds_one() -> None:
    running = np.array([[8.0], [0.0], [0.0], [0.0]])
    linear_recurrence(np.full((3, 1), 0.5), np.ones((3, 1)), running)
    assert running[:, 0].tolist() == [8, 5, 3.5, 2.75]
