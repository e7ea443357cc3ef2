"""Contractions of aligned arrays."""

import tracemalloc

import numpy as np

from accelsim.workload.contract import contract


def test_a_matrix_product_sums_the_axis_that_is_not_kept() -> None:
    left = np.array([[1.0, 2.0], [3.0, 4.0]])[:, :, None]
    right = np.array([[1.0, 0.0], [1.0, 1.0]])[None, :, :]
    found = contract([left, right], kept={0, 2})
    assert found.shape == (2, 1, 2)
    assert found[:, 0, :].tolist() == [[3, 2], [7, 4]]


def test_the_order_of_the_axes_stays() -> None:
    """Rows of the result vary along axis 2, columns along axis 0."""
    left = np.array([[1.0, 2.0], [3.0, 4.0]])[None, :, :]
    right = np.array([[5.0, 6.0], [7.0, 8.0]])[:, :, None]
    found = contract([left, right], kept={0, 2})
    assert found[:, 0, :].tolist() == [[23, 34], [31, 46]]


def test_an_axis_that_only_one_has_is_summed_before_they_meet() -> None:
    assert contract([np.ones((3, 1)), np.ones((1, 5))], kept=set()).tolist() == [[15]]


def test_a_chain_of_matrices_never_holds_the_product_of_all_axes() -> None:
    """Four axes of 100 would be 800 MB."""
    shapes = [(100, 100, 1, 1), (1, 100, 100, 1), (1, 1, 100, 100)]
    operands = [np.ones(shape) for shape in shapes]
    tracemalloc.start()
    found = contract(operands, kept={0, 3})
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found[0, 0, 0, 0] == 100 * 100
    assert peak_bytes < 1_000_000
