"""Compiled candidates against `evaluate` and `check`, one by one, on random numbers."""

import numpy as np
import pytest

from accelsim.arch.load import load_arch
from accelsim.cost.evaluate import evaluate
from accelsim.mapper.batch import Evaluator, evaluated
from accelsim.mapping.binding import bind
from accelsim.mapping.check import check
from accelsim.mapping.load import load_mapping
from accelsim.mapping.mapping import Level, Mapping, Nest, Phase, Step
from accelsim.workload.load import load_workload

WORKLOAD = """
about: A matrix product.
source: made up
word: 2 B
ranks: {M: 37, N: 50, K: 24}
inputs: {A: [M, K], B: [K, N]}
cascade: |
  C[m,n] += A[m,k] * B[k,n]
"""


def _product(order, kept):
    levels = [
        Level(memory="DRAM", keep=("A", "B", "C"), loops={r: f"{r}0" for r in order}),
        Level(memory="GlobalBuffer", keep=kept, loops={r: f"{r}1" for r in reversed(order)}),
        Level(array="Array2D", spatial={"columns": {"N": "N2"}, "rows": {"M": "M2", "K": "K2"}}),
        Level(memory="RegisterFile2D", keep=("C",), loops={r: f"{r}3" for r in order}),
    ]
    return Mapping(
        about="Every factor a name.",
        source="made up",
        tiles={f"{rank}{level}": 1 for rank in order for level in range(4)},
        nests=(Nest(einsums=("C",), array="Array2D", levels=tuple(levels)),),
        schedule=(Step(name="C", phases=(Phase(run={"Array2D": ("C",)}, drain=("C",)),)),),
    )


def _same(cascade, arch, mapping, tiles, batch):
    """How many are legal; totals and legality as `evaluate` and `check` have them."""
    for place in range(batch.latency_s.size):
        one = {name: int(values[place]) for name, values in tiles.items()}
        ranks = {r: one.get(r, text) for r, text in mapping.ranks.items()}
        named = {n: one.get(n, text) for n, text in mapping.tiles.items()}
        alone = mapping.model_copy(update={"ranks": ranks, "tiles": named})
        facts = [violation.fact for violation in check(bind(alone, cascade, arch))]
        assert batch.legal[place] == (not facts)
        # Loops that leave a part of a rank out have no cost that means something.
        if not any("cover" in fact for fact in facts):
            cost = evaluate(cascade, arch, alone)
            assert batch.latency_s[place] == pytest.approx(cost.latency_s, rel=1e-12, abs=0)
            assert batch.energy_pj[place] == pytest.approx(cost.energy_pj, rel=1e-12, abs=0)
            for memory, held in cost.occupancy_bytes.items():
                assert batch.occupancy_bytes[memory][place] == held
                assert batch.traffic_bytes[memory][place] == cost.traffic_bytes[memory]
    return int(batch.legal.sum())


@pytest.mark.parametrize("order", ["MNK", "KNM", "NKM"])
@pytest.mark.parametrize("kept", [("A", "B", "C"), ("B", "C"), ()])
def test_a_product_with_random_factors(tmp_path, order, kept):
    (tmp_path / "product.yaml").write_text(WORKLOAD)
    cascade, arch = load_workload(str(tmp_path / "product.yaml")), load_arch("fusemax_cloud")
    rng = np.random.default_rng(len(kept))
    tiles = {f"{rank}{level}": rng.integers(1, 6, 100) for rank in order for level in range(4)}
    mapping = _product(order, kept)
    legal = _same(cascade, arch, mapping, tiles, evaluated(cascade, arch, mapping, tiles))
    assert 0 < legal < 100


@pytest.mark.parametrize("workload", ["attention/one_pass", "attention/one_pass_causal"])
def test_fused_attention_with_random_tiles(workload):
    """Tiles that do not divide, rows that do not fit the array, buffers too small, formulas."""
    cascade = load_workload(workload, {"ranks.P": "700", "ranks.M": "700"}, "bert")
    arch, mapping = load_arch("fusemax_cloud"), load_mapping("fusemax_binding")
    rng = np.random.default_rng(7)
    tiles = {"M0": rng.integers(1, 300, 40), "P0": rng.integers(1, 300, 40)}
    tiles["P1"] = rng.integers(1, 9, 40)
    legal = _same(cascade, arch, mapping, tiles, evaluated(cascade, arch, mapping, tiles))
    assert 0 < legal < 40


def test_every_block_and_thread_gives_what_one_gives():
    cascade = load_workload("attention/one_pass", None, "bert")
    evaluator = Evaluator(cascade, load_arch("fusemax_cloud"), load_mapping("fusemax_binding"))
    tiles = {"M0": np.arange(1, 9002) % 256 + 1, "P0": np.arange(1, 9002) % 250 + 1}
    batch = evaluator(tiles)
    part = evaluator({name: values[8990:] for name, values in tiles.items()})
    assert (batch.latency_s[8990:] == part.latency_s).all()
    assert (batch.energy_pj[8990:] == part.energy_pj).all()
