"""Blocks bound the memory that an Einsum takes."""

import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest

from accelsim.workload import blocks
from accelsim.workload.einsum import Cascade
from accelsim.workload.interpret import interpret


@pytest.mark.parametrize(
    "text",
    [
        "Z[p] += X[p,e] * Y[m,e]",
        "Z[p] max= X[p,e] * Y[m,e]",
        "Z[p] += exp(X[p,e] - Y[m,e])",
        "Z[p] += X[p,e] * Y[m,e] where m <= p",
    ],
)
def test_temporaries_are_as_large_as_a_block(
    text: str, cascade_of: Callable[..., Cascade], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The 200 * 200 * 50 points would be 16 MB; a block of 20,000 points is 160 kB."""
    monkeypatch.setattr(blocks, "BLOCK_POINTS", 20_000)
    cascade = cascade_of(text, "{P: 200, M: 200, E: 50}", "{X: [P, E], Y: [M, E]}")
    inputs = {"X": np.ones((200, 50)), "Y": np.ones((200, 50))}
    tracemalloc.start()
    interpret(cascade, inputs)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak_bytes < 1_500_000
