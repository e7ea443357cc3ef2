"""Conditions: tiles without a point are skipped."""

from types import SimpleNamespace

import pytest

from accelsim.arch.load import load_arch
from accelsim.arch.spatial import with_values
from accelsim.cost.coverage import coverage_of, visited_steps
from accelsim.cost.default import default_mapping
from accelsim.cost.evaluate import evaluate
from accelsim.cost.result import Cost
from accelsim.mapping.automatic import automatic_mapping
from accelsim.mapping.load import load_mapping, select
from accelsim.mapping.loops import Loop, LoopNest
from accelsim.mapping.mapping import Mapping
from accelsim.workload.extent import iteration_points
from accelsim.workload.load import load_workload
from tests.workload.test_selections import cascade_of


def cost_of(workload: str, machine: str, mapping: str, length: int) -> Cost:
    sizes = {"ranks.P": str(length), "ranks.M": str(length), "ranks.H": "1"}
    cascade, arch = load_workload(workload, sizes), load_arch(machine)
    return evaluate(cascade, arch, select(load_mapping(mapping), cascade, arch))


def test_causal_flash_attention_visits_10_of_16_tiles() -> None:
    # 138 cycles a visited tile; AV divides for 64 cycles once for each of 4 query tiles.
    causal = cost_of("attention/one_pass_causal", "fusemax_cloud", "fusemax_binding", 1024)
    assert causal.cycles_by_resource["compute"] == pytest.approx(10 * 138 + 4 * 64)


@pytest.mark.parametrize(("queries", "visited"), [(1, 1), (4, 1), (8, 1 + 2), (16, 1 + 2 + 3 + 4)])
def test_a_division_that_fits_beside_its_visited_tiles_costs_nothing(queries, visited) -> None:
    # Of 16 key tiles of 4, on 4 x 4: 16 + 1, 1, 7 + 1 and 2 cycles a visited one; AV's 2 hide.
    sizes = {"P": queries, "M": 64, "H": 1, "E": 16, "F": 2}
    cascade = load_workload("attention/one_pass_causal").with_ranks(**sizes)
    four = ("compute.Array2D.rows", "compute.Array2D.columns", "compute.Array1D.columns")
    arch = with_values(load_arch("fusemax_cloud"), dict.fromkeys(four, 4))
    mapping = load_mapping("fusemax_binding")
    assert isinstance(mapping, Mapping)
    cost = evaluate(cascade, arch, mapping)
    assert cost.cycles_by_resource["compute"] == pytest.approx(visited * 28)


def test_one_query_takes_a_visited_tile_and_its_division() -> None:
    # The 1-D array is busy throughout: 1 + 64, 1, 7 + 1, 64 cycles, and the division's 64.
    sizes = {"ranks.P": "1", "ranks.H": "1"}
    cascade, arch = load_workload("attention/one_pass_causal", sizes), load_arch("fusemax_cloud")
    mapping = load_mapping("fusemax_binding")
    assert isinstance(mapping, Mapping)
    assert evaluate(cascade, arch, mapping).cycles_by_resource["compute"] == 138 + 64


def test_flat_streams_keys_and_values_for_10_of_16_tiles() -> None:
    # A tile's Q and K are 256 x 64 words each; V once a tile of queries and keys; the result once.
    causal = cost_of("attention/three_pass_causal", "flat_cloud", "flat", 1024)
    tile = 256 * 64 * 2
    read = {}
    for row in causal.rows:
        if row.part == "DRAM":
            read[row.action, row.tensor] = read.get((row.action, row.tensor), 0) + 2 * row.count
    assert read["read", "Q"] == read["read", "K"] == 10 * tile
    assert read["write", "AV"] == 4 * tile


def test_masked_scores_are_neither_written_nor_multiplied() -> None:
    causal = cost_of("attention/three_pass_causal", "unfused_cloud", "unfused", 1024)
    written = [
        r.count for r in causal.rows if (r.part, r.action, r.tensor) == ("DRAM", "write", "QK")
    ]
    assert sum(written) == 1024 * 1025 // 2
    macs = [r.count for r in causal.rows if (r.einsum, r.action) == ("QK", "mac")]
    assert macs == [64 * 1024 * 1025 // 2]


def test_block_sparse_attention_takes_the_time_of_its_tiles() -> None:
    # 16 x 16 tiles of 256, each 4 x 4 blocks: a diagonal of 3 tiles, a row and a column of global
    # ones: 16 + 2 * 15 on the diagonals, 2 * 14 more in the first row and column.
    sparse = cost_of("attention/block_sparse", "flat_cloud", "flat", 4096)
    full = cost_of("attention/three_pass", "flat_cloud", "flat", 4096)
    tiles = (16 + 2 * 15) + 2 * 14
    steps = sparse.einsums["QK"].steps / full.einsums["QK"].steps
    assert steps == pytest.approx(tiles / 256)


@pytest.mark.parametrize("workload", ["attention/sliding_window_sinks", "attention/block_sparse"])
@pytest.mark.parametrize("machine", ["fusemax_cloud", "unfused_cloud", "tpu_v4i"])
def test_sparse_attention_costs_less_than_full_attention(workload: str, machine: str) -> None:
    arch = load_arch(machine)
    sizes = {"ranks.H": "1", "ranks.E": "64", "ranks.F": "64"}
    costs = []
    for name in (workload, "attention/three_pass"):
        cascade = load_workload(name, sizes)
        mapping = default_mapping(cascade, arch, machine).mapping
        costs.append(evaluate(cascade, arch, mapping))
    sparse, full = costs
    assert sparse.cycles < 0.5 * full.cycles
    assert sparse.energy_pj < full.energy_pj
    assert sparse.traffic_bytes["DRAM"] < full.traffic_bytes["DRAM"]


def test_a_replay_counts_conditions_anew() -> None:
    cascade = load_workload("attention/one_pass_causal", {"ranks.H": "1"})
    arch, mapping = load_arch("fusemax_cloud"), load_mapping("fusemax_binding")
    assert isinstance(mapping, Mapping)
    cycles = [
        evaluate(cascade.with_ranks(P=length, M=length), arch, mapping).cycles
        for length in (512, 512, 512, 1024, 2048)
    ]
    assert cycles[-1] == pytest.approx(36 * 138 + 8 * 64)
    assert cycles[-2] == pytest.approx(10 * 138 + 4 * 64)


def test_a_masked_ragged_last_tile_does_not_shorten_the_full_one() -> None:
    # 256 queries see the first 256 of 300 keys: Q, K, V and the result, 256 x 64 words each.
    cascade = load_workload("attention/one_pass_causal", {"ranks.H": "1"})
    arch, mapping = load_arch("fusemax_cloud"), load_mapping("fusemax_binding")
    assert isinstance(mapping, Mapping)
    cost = evaluate(cascade.with_ranks(P=256, M=300), arch, mapping)
    assert cost.traffic_bytes["DRAM"] == 4 * 256 * 64 * 2


def test_columns_around_a_loop_over_the_same_queries_take_every_second_one() -> None:
    # 8 causal queries on 4 columns: 0, 2, 4, 6 take a step for 7 keys, 1, 3, 5, 7 for 8.
    cascade = load_workload("attention/three_pass_causal", {"ranks.P": "8", "ranks.M": "8"})
    einsum = cascade.einsum("QK")

    def steps(*queries: Loop) -> float:
        nest = LoopNest("QK", "Array", (Loop("M", 8), *queries), ())
        bound = SimpleNamespace(nests={"QK": nest}, cascade=cascade)
        return visited_steps(einsum, nest, {"P": 8, "M": 8}, coverage_of(bound))

    assert steps(Loop("P", 4, "columns"), Loop("P", 2)) == 15
    assert steps(Loop("P", 2), Loop("P", 4, "columns")) == 12


@pytest.mark.parametrize("where", ["0 <= p - m < W", "m <= p", "p // W == m // W"])
def test_what_exists_only_under_the_conditions_comes_only_there(where):
    """Scores are written, then read once, as many as there are; queries and keys a few times."""
    cascade = cascade_of(
        f"S[p,m] += Q[p,e] * K[m,e] where {where}\nG[p] max= S[p,m] where {where}",
        ranks="{P: 2048, M: P, E: 16, W: 64}",
        inputs="{Q: [P, E], K: [M, E]}",
    )
    arch = load_arch("fusemax_cloud")
    cost = evaluate(cascade, arch, automatic_mapping(cascade, arch))
    scores = 2 * 2 * iteration_points(cascade, "S") / 16
    others = 2 * (2 * 2048 * 16 + 2048)
    assert scores <= cost.traffic_bytes["DRAM"] - others <= scores + 2 * others
