"""Bounds of boxes against what single mappings in them cost, which the cost model says."""

from random import Random

import numpy as np
import pytest

from accelsim.arch.load import load_arch
from accelsim.mapper.batch import Evaluator
from accelsim.mapper.exact.bounds import least
from accelsim.mapper.exact.boxes import Boxes, lies, tightened
from accelsim.mapper.exact.branch import _columns
from accelsim.mapper.exact.nests import mapping_of
from accelsim.mapper.exact.space import Space
from accelsim.mapper.exact.tabled import tables_of, widest_of
from accelsim.mapper.exact.tables import Weights
from accelsim.workload.load import load_workload

WORKLOAD = """
about: A matrix product.
source: made up
word: 2 B
ranks: {{M: {M}, N: {N}, K: {K}}}
inputs: {{A: [M, K], B: [K, N]}}
cascade: |
  C[m,n] += A[m,k] * B[k,n]
"""

MACHINE = """
about: Three levels.
source: made up
clock: 1 GHz
memories:
- {{name: DRAM, bandwidth: 4 B/cycle, read: 30 pJ/B, write: 40 pJ/B}}
- {{name: Buffer, capacity: {buffer} B, bandwidth: 16 B/cycle, read: 2 pJ/B, write: 1 pJ/B}}
- {{name: Register, per: Array, capacity: 12 B, read: 0.2 pJ/B, write: 0.1 pJ/B}}
compute:
- {{name: Array, rows: {rows}, columns: 3, operations: {{mac: {{energy: 1 pJ}}}}}}
"""


def _space(tmp_path, rng):
    sizes = {rank: rng.randint(2, 40) for rank in "MNK"}
    (tmp_path / "product.yaml").write_text(WORKLOAD.format(**sizes))
    numbers = {"buffer": rng.choice((100, 400, 2000)), "rows": rng.randint(2, 6)}
    (tmp_path / "machine.yaml").write_text(MACHINE.format(**numbers))
    cascade = load_workload(str(tmp_path / "product.yaml"))
    return Space(cascade, load_arch(str(tmp_path / "machine.yaml")), "C", "Array")


def _points(space, t, root, rng, number):
    """Factors of a root by chance: ceil(size / whole number), what is left where they derive it."""
    low, high = widest_of(space, space.roots[root])
    points = np.ones((number, *low.shape))
    for point in points:
        for r, size in enumerate(t.sizes):
            left = size
            for slot in rng.sample(range(t.slots), t.slots):
                if slot != t.derived[root, r] and high[r, slot] > 1:
                    point[r, slot] = np.ceil(left / rng.randint(1, int(left)))
                    left = np.ceil(left / point[r, slot])
            point[r, t.derived[root, r]] = np.ceil(size / point[r].prod())
    return points


def _around(points, root, space, t, rng):
    """A box around each point, inside the root's."""
    low, high = widest_of(space, space.roots[root])
    below = np.array([rng.choice((0, 0.5, 1)) for _ in points.flat]).reshape(points.shape)
    above = np.array([rng.choice((1, 2, 100)) for _ in points.flat]).reshape(points.shape)
    is_derived = t.derived[root][:, None] == np.arange(t.slots)
    wide = np.maximum(low, np.floor(points * below)), np.minimum(high, points * above)
    roots = np.full(len(points), root)
    return Boxes(np.where(is_derived, 1.0, wide[0]), np.where(is_derived, high, wide[1]), roots)


@pytest.mark.parametrize("seed", range(12))
def test_no_mapping_of_a_box_is_left_out_or_below_its_bound(tmp_path, seed):
    rng = Random(seed)
    space, seen = _space(tmp_path, rng), 0
    t = tables_of(space)
    weights = [Weights(1.0, 0.0), Weights(0.0, 1.0), Weights(1.0, 50.0)]
    weights += [Weights(0.1, 1.0, per_byte=(30.0, 2.0, 0.5)), Weights(0, 0, per_byte=(1, 0, 0))]
    for root in rng.sample(range(len(space.roots)), 5):
        points = _points(space, t, root, rng, 200)
        single, is_possible = tightened(Boxes(points, points, np.full(200, root)), t)
        points = single.low[is_possible]
        boxes, is_left = tightened(_around(points, root, space, t, rng), t)
        assert is_left.all()
        assert (boxes.low <= points).all()
        assert (points <= boxes.high).all()
        evaluator = Evaluator(space.alone, space.arch, mapping_of(space, space.roots[root]))
        for place, point in enumerate(points[:30]):
            batch = evaluator(_columns(space, point[None]))
            for weight in weights:
                value = weight.pj * batch.energy_pj + weight.cycle * batch.latency_s * 1e9
                for memory, price in zip(batch.traffic_bytes, weight.per_byte, strict=False):
                    value = value + price * batch.traffic_bytes[memory]
                bound = least(boxes.at([place]), t, weight)[0]
                assert bound <= value[batch.legal].min(initial=np.inf) * (1 + 1e-12)
            seen += int(batch.legal.any())
    assert seen > 10


@pytest.mark.parametrize(
    ("beside", "rows", "columns", "can"),
    [
        ((6, 2), 4, 3, True),  # 2 rows x 3 columns, and 2 rows x 1
        ((5,), 4, 3, False),  # 5 is no number of rows times a number of columns
        ((3, 4), 4, 3, True),
        ((9,), 4, 3, True),
        ((9, 2), 4, 3, False),  # one row is left
        ((12,), 4, 3, True),
    ],
)
def test_what_can_lie_side_by_side(beside, rows, columns, can):
    assert lies(beside, rows, columns) == can
