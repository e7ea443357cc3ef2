"""The two replays of a tape against each other, bit by bit, and against Python's own numbers."""

import numpy as np
import pytest

from accelsim.mapper.kernels import replay as compiled
from accelsim.mapper.opcodes import ALL, Code
from accelsim.mapper.replay import replay

STRANGE = (0.0, -0.0, 1.0, -1.0, 0.5, np.inf, -np.inf, np.nan, 2.0**52, 1e-300)


def _code(rng, leaves, steps):
    """Random steps that read any row and write any that is no leaf, often one that they read."""
    rows = leaves + 6
    codes = rng.permutation(np.resize(np.arange(len(ALL)), steps))
    table = [(code, *rng.integers(rows, size=2), rng.integers(leaves + 1, rows)) for code in codes]
    wanted = np.arange(leaves, rows)
    return Code(leaves, (3.0,), rows, np.array(table, dtype=np.int64), wanted)


def _in_code(code, leaves):
    results = np.empty((code.wanted.size, leaves.shape[1]))
    rows = np.zeros((code.rows, 64))
    rows[code.leaves] = code.constants[0]
    compiled(code.steps, leaves, code.wanted, rows, results, 0, leaves.shape[1])
    return results


def _written_first(code):
    """Without steps that read rows that nothing has written yet."""
    known, kept = {*range(code.leaves + 1)}, []
    for step in code.steps.tolist():
        if {step[1], step[2]} <= known:
            known.add(step[3])
            kept.append(step)
    wanted = np.array(sorted(known)[code.leaves + 1 :])
    return Code(code.leaves, code.constants, code.rows, np.array(kept), wanted)


@pytest.mark.parametrize("seed", range(20))
def test_both_replays_give_the_same_bits(seed):
    rng = np.random.default_rng(seed)
    code = _written_first(_code(rng, 4, 200))
    assert len({step[0] for step in code.steps.tolist()}) == len(ALL)
    leaves = rng.choice(STRANGE, (4, 3000))
    leaves[:, ::2] = rng.integers(-50, 50, (4, 1500))
    leaves[:, ::3] *= rng.random((4, 1000))
    results = np.empty((code.wanted.size, 3000))
    with np.errstate(all="ignore"):
        replay(code, leaves, results)
        wanted = _in_code(code, leaves)
    # What NaN a NaN is, the processor decides.
    assert (np.isnan(results) == np.isnan(wanted)).all()
    is_number = ~np.isnan(wanted)
    assert (results[is_number].view(np.int64) == wanted[is_number].view(np.int64)).all()
    assert is_number.mean() > 0.1


@pytest.mark.parametrize(
    ("place", "left", "right", "wanted"),
    [(4, -7.0, 2.0, -4.0), (5, -7.0, 2.0, 1.0), (8, 7.0, 2.0, 4.0), (7, 3.0, 2.0, 2.0)],
)
def test_what_divisions_and_the_smaller_of_two_are(place, left, right, wanted):
    """-7 // 2, -7 % 2, ceil(7 / 2), min(3, 2)."""
    code = Code(2, (), 3, np.array([[place, 0, 1, 2]]), np.array([2]))
    results = np.empty((1, 5))
    replay(code, np.array([[left] * 5, [right] * 5]), results)
    assert (results == wanted).all()
