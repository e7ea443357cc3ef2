"""Views against what numpy does to the places of the numbers."""

import numpy as np
import pytest

from accelsim.interop.graph import Graph, Node, Traced
from accelsim.interop.layout import layout_of, plain, size_of, together, viewed

B, G, R, M, E = 2, 3, 2, 5, 4


def places(layout):
    """Of each number of the view, its place in the source."""
    found = np.zeros((), int)
    for rank in layout:
        for size, stride in rank:
            found = found[..., None] + np.arange(size) * stride
    return found.reshape([size_of(rank) for rank in layout])


#: What numpy does, and how a graph says it.
SHARED = [
    (lambda x: x[:, :, None], {}),
    (lambda x: np.broadcast_to(x, (B, G, R, M, E)), {}),
    (lambda x: x.reshape(B, G * R, M, E), {}),
    (lambda x: x.reshape(B * G * R, M, E), {}),
    (lambda x: x.transpose(0, 2, 1), {"order": (0, 2, 1)}),
    (lambda x: x.reshape(B, G * R, E, M), {}),
]
EACH = [(lambda x: np.repeat(x, R, axis=1), {"each": 1})]
WHOLE = [(lambda x: np.tile(x, (1, R, 1, 1)), {})]


@pytest.mark.parametrize("steps", [SHARED, EACH, WHOLE])
def test_a_chain_of_views_has_the_numbers_that_numpy_has(steps):
    layout = plain((B, G, M, E))
    expected = np.arange(B * G * M * E).reshape(B, G, M, E)
    for step, said in steps:
        expected = step(expected)
        layout = viewed(layout, expected.shape, said)
        assert (places(layout) == expected).all()


def test_repeated_keys_are_known_by_what_varies():
    keys = viewed(plain((B, G, M, E)), (B, G * R, M, E), {"each": 1})
    queries = plain((B, G * R, M, E))
    assert together([queries[1], keys[1]]) == [(G, (True, True)), (R, (True, False))]
    tiled = viewed(plain((B, G, M, E)), (B, G * R, M, E), {})
    assert together([queries[1], tiled[1]]) == [(R, (True, False)), (G, (True, True))]


def test_what_does_not_divide_is_a_tensor_of_its_own():
    """[6] over a transposed [2, 3] has no strides; numpy copies it."""
    turned = viewed(plain((2, 3)), (3, 2), {"order": (1, 0)})
    assert viewed(turned, (2, 3), {}) is None
    graph = Graph(
        "g",
        {"x": Traced((2, 3)), "y": Traced((3, 2)), "z": Traced((2, 3))},
        (
            Node("view", "turn", ("x",), ("y",), {"order": (1, 0)}),
            Node("view", "cut", ("y",), ("z",)),
        ),
        frozenset(),
    )
    assert layout_of(graph, "z") == ("x", plain((2, 3)))
