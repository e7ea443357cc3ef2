"""Cascades of Einsums one after the other: what stays on chip, and what it gains."""

from dataclasses import replace
from pathlib import Path

import pytest

from accelsim.arch.load import load_arch
from accelsim.base.errors import MapperError
from accelsim.cost.evaluate import evaluate
from accelsim.mapper.bound import least_figures
from accelsim.mapper.constraints import Constraints
from accelsim.mapper.exact import find as exact
from accelsim.mapper.exact import steps
from accelsim.mapper.find import find_mapping
from accelsim.mapper.question import Question, quiet
from accelsim.mapping.binding import bind
from accelsim.mapping.check import check
from accelsim.workload.load import load_workload

TWO = """
about: Two products, one after the other.
source: made up
word: 2 B
ranks: {M: 32, N: 32, K: 32, L: 32}
inputs: {A: [M, K], B: [K, N], D: [N, L]}
cascade: |
  C[m,n] += A[m,k] * B[k,n]
  E[m,l] += C[m,n] * D[n,l]
"""

MACHINE = """
about: Two levels.
clock: 1 GHz
memories:
- {{name: DRAM, bandwidth: 2 B/cycle, read: 31 pJ/B, write: 31 pJ/B}}
- {{name: Buffer, capacity: {capacity}, bandwidth: 1 kB/cycle, read: 1 pJ/B, write: 1 pJ/B}}
compute:
- {{name: Array, rows: 8, columns: 8, operations: {{mac: {{energy: 0.6 pJ}}}}}}
"""


def _found(tmp_path, capacity, minimise):
    (tmp_path / "two.yaml").write_text(TWO)
    (tmp_path / "machine.yaml").write_text(MACHINE.format(capacity=capacity))
    cascade = load_workload(str(tmp_path / "two.yaml"))
    arch = load_arch(str(tmp_path / "machine.yaml"))
    found = find_mapping(cascade, arch, minimise, strategies=["exact"])
    assert found.optimal
    assert not check(bind(found.mapping, cascade, arch))
    return found, evaluate(cascade, arch, found.mapping)


@pytest.mark.parametrize("minimise", ["latency", "energy", "energy_delay"])
def test_an_intermediate_that_fits_stays_on_chip(tmp_path, minimise):
    """DRAM moves four matrices of 32 x 32 words of 2 B, once each, and no more."""
    found, cost = _found(tmp_path, "16 KiB", minimise)
    assert cost.traffic_bytes["DRAM"] == 4 * 32 * 32 * 2
    assert found.cost.latency_s * 1e9 >= 4 * 32 * 32 * 2 / 2


def test_an_intermediate_that_does_not_fit_goes_out(tmp_path):
    """1 KiB has no room for C's 2 KiB: it is written and read again beside the four others."""
    _, cost = _found(tmp_path, "1 KiB", "latency")
    assert cost.traffic_bytes["DRAM"] > 6 * 32 * 32 * 2


def test_room_beside_an_intermediate_is_smaller(tmp_path):
    """C may stay in 2,100 B, but then 52 B are left for tiles."""
    small, _ = _found(tmp_path, "2100 B", "energy")
    large, _ = _found(tmp_path, "16 KiB", "energy")
    none, _ = _found(tmp_path, "1 KiB", "energy")
    assert large.value < small.value < none.value


def test_what_is_found_is_no_worse_than_the_rules():
    cascade = load_workload("attention/three_pass", {"ranks.P": "256", "ranks.M": "256"})
    arch = load_arch("fusemax_cloud")
    exact = find_mapping(cascade, arch, strategies=["exact"])
    rules = find_mapping(cascade, arch, strategies=["rules"])
    assert exact.optimal
    assert exact.cost.latency_s < rules.cost.latency_s
    assert exact.cost.latency_s >= exact.bound.latency_s


def test_a_cascade_of_other_einsums_is_left_to_others():
    """Running values and parts of ranks are not in its space."""
    cascade, arch = load_workload("attention/one_pass"), load_arch("fusemax_cloud")
    with pytest.raises(MapperError, match="no mapping of attention/one_pass was found"):
        find_mapping(cascade, arch, strategies=["exact"])


@pytest.mark.parametrize("minimise", ["latency", "energy"])
def test_only_what_is_below_what_is_known_is_looked_for(tmp_path, minimise):
    (tmp_path / "two.yaml").write_text(TWO)
    (tmp_path / "machine.yaml").write_text(MACHINE.format(capacity="1 KiB"))
    cascade = load_workload(str(tmp_path / "two.yaml"))
    arch = load_arch(str(tmp_path / "machine.yaml"))
    question = Question(cascade, arch, minimise, least_figures(cascade, arch), quiet)
    alone = exact.find(question)
    beaten = exact.find(replace(question, known=alone.value * 0.999))
    same = exact.find(replace(question, known=alone.value))
    better = exact.find(replace(question, known=alone.value * 1.5))
    assert beaten is None
    for found in (same, better):
        assert found.value == pytest.approx(alone.value, rel=1e-9)
        assert found.optimal
    assert same.candidates + same.pruned <= alone.candidates + alone.pruned


def test_the_product_that_peers_search_is_proved():
    # AccelForge 1.0.467 answers 118.65 mJ: benchmarks/peers/results.csv.
    peers = Path("benchmarks/peers")
    cascade = load_workload(str(peers / "matmul.yaml"))
    arch = load_arch(str(peers / "two_level.yaml"))
    found = find_mapping(cascade, arch, "energy")
    assert found.optimal
    assert found.cost.energy_pj < 105.77e9
    assert not check(bind(found.mapping, cascade, arch))


THREE = """
about: Two shared memories on chip.
clock: 1 GHz
memories:
- {name: DRAM, bandwidth: 1 B/cycle, read: 30 pJ/B, write: 30 pJ/B}
- {name: Outer, capacity: 29 B, bandwidth: 8 B/cycle, read: 6 pJ/B, write: 6 pJ/B}
- {name: Inner, capacity: 40 B, read: 0.5 pJ/B, write: 0.5 pJ/B}
compute:
- {name: Array, rows: 2, columns: 2, operations: {mac: {energy: 1 pJ}}}
"""


def test_no_tile_is_kept_above_a_whole_intermediate(tmp_path):
    """C (10 words of 4 B) would fill Inner, while Outer took tiles of others: that is no way down
    the path, and must not hide what is one."""
    sizes = TWO.replace("{M: 32, N: 32, K: 32, L: 32}", "{M: 2, N: 5, K: 3, L: 5}")
    (tmp_path / "two.yaml").write_text(sizes.replace("2 B", "4 B"))
    (tmp_path / "machine.yaml").write_text(THREE)
    cascade = load_workload(str(tmp_path / "two.yaml"))
    arch = load_arch(str(tmp_path / "machine.yaml"))
    found = find_mapping(cascade, arch, "energy", strategies=["exact"])
    assert found.optimal
    assert not check(bind(found.mapping, cascade, arch))
    assert "above its own" in found.space


def _product_of_peers(**ranks):
    peers = Path("benchmarks/peers")
    cascade = load_workload(str(peers / "matmul.yaml")).with_ranks(**ranks)
    return cascade, load_arch(str(peers / "two_level.yaml"))


def test_a_search_that_is_cut_off_has_something_to_show(monkeypatch):
    """K of 768 = 24 · 32 and N of 1024 fill the array, and M of 1021 rides along the loops."""
    monkeypatch.setattr(steps, "MOST_BOXES", 100_000)
    cascade, arch = _product_of_peers(M=1021, N=1024, K=768)
    found = find_mapping(cascade, arch, "latency", strategies=["exact"])
    assert found.cost.latency_s * 1e9 <= 32 * 1024 * 768 / 32


def test_too_little_traffic_is_told_from_a_search_without_end(monkeypatch):
    """Of square tiles that fill 256 KiB, 2 M N K / 362 words come in, and C goes out: 10.96 MB."""
    monkeypatch.setattr(steps, "MOST_BOXES", 50_000)
    cascade, arch = _product_of_peers(M=1021, N=1024, K=768)
    little = Constraints(einsum_traffic_bytes={"C": {"DRAM": 10.5e6}})
    with pytest.raises(MapperError, match="keeps to at most 10,500,000 B over DRAM for C"):
        find_mapping(cascade, arch, "latency", strategies=["exact"], constraints=little)


def test_ranks_of_one_need_no_loops(tmp_path):
    """A product of single words: each crosses DRAM once, at 2 B/cycle, for one mac of 0.6 pJ."""
    ones = TWO.replace("32", "1").replace("  E[m,l] += C[m,n] * D[n,l]\n", "")
    (tmp_path / "one.yaml").write_text(ones.replace(", D: [N, L]", "").replace(", L: 1", ""))
    (tmp_path / "machine.yaml").write_text(MACHINE.format(capacity="1 KiB"))
    cascade = load_workload(str(tmp_path / "one.yaml"))
    arch = load_arch(str(tmp_path / "machine.yaml"))
    found = find_mapping(cascade, arch, "energy", strategies=["exact"])
    assert found.optimal
    assert found.cost.energy_pj == pytest.approx(3 * 2 * 31 + 0.6)


def test_of_spread_sums_the_space_has_those_that_drain(tmp_path):
    """K of 2 on two columns takes a cycle and another to drain, as long as one after the other;
    who does not wait takes one. That is another space, and the sentence says so."""
    (tmp_path / "dot.yaml").write_text(
        "about: A sum.\nsource: made up\nword: 2 B\nranks: {K: 2}\n"
        "inputs: {A: [K], B: [K]}\ncascade: |\n  C[] += A[k] * B[k]\n"
    )
    fast = MACHINE.format(capacity="1 KiB").replace("bandwidth: 2 B", "bandwidth: 64 B")
    (tmp_path / "machine.yaml").write_text(fast)
    asked = load_workload(str(tmp_path / "dot.yaml")), load_arch(str(tmp_path / "machine.yaml"))
    drained = find_mapping(*asked, strategies=["exact"])
    annealed = find_mapping(*asked, strategies=["annealing"])
    assert annealed.cost.latency_s == pytest.approx(1e-9)
    assert drained.cost.latency_s == pytest.approx(2e-9)
    assert "drain" in drained.space
