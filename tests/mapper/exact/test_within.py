"""Limits of the traffic of two products together, against all pairs of their nests."""

from math import inf
from random import Random

import numpy as np
import pytest

from accelsim.arch.load import load_arch
from accelsim.base.errors import MapperError
from accelsim.cost.evaluate import evaluate
from accelsim.mapper.constraints import Constraints
from accelsim.mapper.find import find_mapping
from accelsim.mapping.binding import bind
from accelsim.mapping.check import check
from accelsim.workload.load import load_workload
from tests.mapper.exact.brute_force import batches, machine, workload

TWO = """
about: Two products that have nothing to do with each other.
source: made up
word: 2 B
ranks: {{M: {M}, N: {N}, K: {K}, X: {X}, Y: {Y}, Z: {Z}}}
inputs: {{A: [M, K], B: [K, N], D: [X, Z], E: [Z, Y]}}
cascade: |
  C[m,n] += A[m,k] * B[k,n]
  F[x,y] += D[x,z] * E[z,y]
"""


def _nests(cascade, arch, minimise):
    """Value and bytes over DRAM of every legal nest that none other beats in both."""
    found = []
    for batch, *_ in batches(cascade, arch, has_all_orders=True):
        value = batch.latency_s if minimise == "latency" else batch.energy_pj
        found.append(np.stack([value, batch.traffic_bytes["DRAM"]], axis=1)[batch.legal])
    rows = np.unique(np.concatenate(found), axis=0)
    least = np.minimum.accumulate(rows[:, 1])
    return rows[np.concatenate([[True], least[1:] < least[:-1]])]


def _least(one, other, most):
    together = (one[:, None] + other[None]).reshape(-1, 2)
    return together[together[:, 1] <= most, 0].min(initial=inf)


@pytest.mark.parametrize("seed", range(12))
def test_pairs_of_nests_within_a_limit(tmp_path, seed):
    rng = Random(seed)
    sizes = {rank: rng.randint(2, 5) for rank in "MNKXYZ"}
    arch, minimise = machine(rng, has_registers=False), ("latency", "energy")[seed % 2]
    one = _nests(workload(tmp_path, sizes), arch, minimise)
    second = {"M": sizes["X"], "N": sizes["Y"], "K": sizes["Z"]}
    other = _nests(workload(tmp_path, second), arch, minimise)
    (tmp_path / "two.yaml").write_text(TWO.format(**sizes))
    cascade = load_workload(str(tmp_path / "two.yaml"))
    free = find_mapping(cascade, arch, minimise, strategies=["exact"])
    assert free.value == pytest.approx(_least(one, other, inf), rel=1e-9)
    most = int(one[:, 1].min() + other[:, 1].min() + rng.choice((-1, 0, 4, 16)))
    limits = Constraints(traffic_bytes={"DRAM": most})
    least = _least(one, other, most)
    if least == inf:
        with pytest.raises(MapperError):
            find_mapping(cascade, arch, minimise, strategies=["exact"], constraints=limits)
        return
    found = find_mapping(cascade, arch, minimise, strategies=["exact"], constraints=limits)
    assert not check(bind(found.mapping, cascade, arch))
    assert evaluate(cascade, arch, found.mapping).traffic_bytes["DRAM"] <= most
    assert found.value >= least * (1 - 1e-9)
    if found.optimal:
        assert found.value == pytest.approx(least, rel=1e-9)
    # A price for bytes finds what lies on the hull of value and bytes, and that is near.
    assert found.value <= least * 1.1


def test_of_equally_fast_mappings_one_within_the_limit_is_proved(tmp_path):
    """Compute binds: the first one found moves more than it must."""
    (tmp_path / "two.yaml").write_text(
        TWO.format(**dict.fromkeys("MNKXYZ", 64)).replace("word: 2 B", "word: 1 B")
    )
    (tmp_path / "machine.yaml").write_text(
        "about: made up\nclock: 1 GHz\nmemories:\n"
        "- {name: DRAM, bandwidth: 16 B/cycle, read: 30 pJ/B, write: 30 pJ/B}\n"
        "- {name: Buffer, capacity: 4 KiB, bandwidth: 1 kB/cycle, read: 1 pJ/B, write: 1 pJ/B}\n"
        "compute:\n"
        "- {name: Array, rows: 8, columns: 8, operations: {mac: {energy: 0.6 pJ}}}\n"
    )
    cascade, arch = (
        load_workload(str(tmp_path / "two.yaml")),
        load_arch(str(tmp_path / "machine.yaml")),
    )
    least = find_mapping(cascade, arch, "traffic.DRAM").value
    limits = Constraints(traffic_bytes={"DRAM": least})
    found = find_mapping(cascade, arch, "latency", strategies=["exact"], constraints=limits)
    assert found.optimal
    assert found.value == pytest.approx(2 * 64**3 / 64 / 1e9)
