"""How many mappings a second the search evaluates. Run with `make benchmark`."""

from pathlib import Path

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from accelsim.arch.load import load_arch
from accelsim.mapper.batch import Evaluator
from accelsim.mapper.find import find_mapping
from accelsim.mapping.load import load_mapping
from accelsim.mapping.mapping import Mapping
from accelsim.workload.load import load_workload

WORKLOAD = """
about: A matrix product.
source: made up
word: 2 B
ranks: {M: 4096, N: 4096, K: 4096}
inputs: {A: [M, K], B: [K, N]}
cascade: |
  C[m,n] += A[m,k] * B[k,n]
"""

NAMES = [f"{rank}{level}" for level in range(4) for rank in "mnk" if f"{rank}{level}" != "k2"]

PRODUCT = f"""
about: A matrix product whose every factor is a name.
source: made up
tiles: {{{", ".join(f"{name}: 1" for name in NAMES)}}}
nests:
- einsums: [C]
  array: Array2D
  levels:
  - {{memory: DRAM, keep: [A, B, C], loops: {{M: m0, N: n0, K: k0}}}}
  - {{memory: GlobalBuffer, keep: [A, B, C], loops: {{M: m1, N: n1, K: k1}}}}
  - {{array: Array2D, spatial: {{columns: {{N: n2}}, rows: {{M: m2}}}}}}
  - {{memory: RegisterFile2D, keep: [A, B, C], loops: {{M: m3, N: n3, K: k3}}}}
schedule:
- {{name: C, phases: [{{run: {{Array2D: [C]}}}}]}}
"""


def test_1_000_000_mappings_of_a_matrix_product(
    benchmark: BenchmarkFixture, tmp_path: Path
) -> None:
    """Three levels, eleven free factors; the target is 1 s on two cores."""
    (tmp_path / "mapping.yaml").write_text(PRODUCT)
    (tmp_path / "workload.yaml").write_text(WORKLOAD)
    mapping = load_mapping(str(tmp_path / "mapping.yaml"))
    assert isinstance(mapping, Mapping)
    cascade = load_workload(str(tmp_path / "workload.yaml"))
    evaluator = Evaluator(cascade, load_arch("fusemax_cloud"), mapping)
    rng = np.random.default_rng(6)
    tiles = {name: rng.integers(1, 17, 1_000_000) for name in NAMES}
    evaluator({name: values[:10] for name, values in tiles.items()})
    batch = benchmark(lambda: evaluator(tiles))
    assert batch.latency_s.size == 1_000_000


def test_100_000_mappings_of_one_pass_attention(benchmark: BenchmarkFixture) -> None:
    """12 Einsums fused as FuseMax does, three free tiles; the target is 1 s on two cores."""
    mapping = load_mapping("fusemax_binding")
    assert isinstance(mapping, Mapping)
    sizes = {"ranks.P": "16384", "ranks.M": "16384"}
    cascade = load_workload("attention/one_pass", sizes, "bert")
    evaluator = Evaluator(cascade, load_arch("fusemax_cloud"), mapping)
    rng = np.random.default_rng(6)
    tiles = {name: rng.integers(1, 257, 100_000) for name in ("M0", "P0", "P1")}
    evaluator({name: values[:10] for name, values in tiles.items()})
    batch = benchmark(lambda: evaluator(tiles))
    assert batch.legal.any()


@pytest.mark.parametrize("steps", [1, 8])
def test_recording_a_mapping(benchmark: BenchmarkFixture, steps: int) -> None:
    """What the first batch of a mapping costs beside its candidates."""
    mapping = load_mapping("fusemax_binding")
    assert isinstance(mapping, Mapping)
    cascade = load_workload("attention/one_pass", None, "bert")
    arch = load_arch("fusemax_cloud")
    tiles = {"M0": [256] * steps, "P0": [256] * steps}
    assert benchmark(lambda: Evaluator(cascade, arch, mapping)(tiles)).legal.any()


@pytest.mark.parametrize("minimise", ["latency", "energy"])
def test_the_best_mapping_of_a_matrix_product(
    benchmark: BenchmarkFixture, tmp_path: Path, minimise: str
) -> None:
    """4096 x 4096 x 4096 on three levels, with the proof; numba has compiled before."""
    (tmp_path / "workload.yaml").write_text(WORKLOAD)
    cascade, arch = load_workload(str(tmp_path / "workload.yaml")), load_arch("fusemax_cloud")
    find_mapping(cascade, arch, "latency", strategies=["exact"])
    found = benchmark.pedantic(
        lambda: find_mapping(cascade, arch, minimise, strategies=["exact"]), rounds=3
    )
    assert found.optimal


def test_the_best_mapping_of_three_pass_attention(benchmark: BenchmarkFixture) -> None:
    """Six Einsums one after the other, at batch 64, with the proof."""
    cascade, arch = load_workload("attention/three_pass", None, "bert"), load_arch("fusemax_cloud")
    find_mapping(cascade, arch, strategies=["exact"])
    found = benchmark.pedantic(lambda: find_mapping(cascade, arch, strategies=["exact"]), rounds=3)
    assert found.optimal


@pytest.mark.parametrize("model", ["bert", "trxl", "t5", "xlm"])
@pytest.mark.parametrize("length", [2**10, 2**12, 2**14, 2**16, 2**18, 2**20])
def test_the_best_fused_mapping_of_one_pass_attention(
    benchmark: BenchmarkFixture, length: int, model: str
) -> None:
    """FuseMax's 24 points, with the proof; the target is 60 s each."""
    sizes = {"ranks.P": str(length), "ranks.M": str(length)}
    cascade = load_workload("attention/one_pass", sizes, model)
    arch = load_arch("fusemax_cloud")
    found = benchmark.pedantic(lambda: find_mapping(cascade, arch, strategies=["fused"]), rounds=1)
    assert found.optimal
