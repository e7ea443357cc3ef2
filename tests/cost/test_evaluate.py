"""Costs of shipped workloads, by hand and against themselves."""

import numpy as np
import pytest

from accelsim.arch.load import load_arch
from accelsim.arch.spatial import Spatial, with_values
from accelsim.base.errors import WorkloadError
from accelsim.cost import spatial
from accelsim.cost.evaluate import _tapes, evaluate
from accelsim.cost.result import Cost
from accelsim.mapping.automatic import automatic_mapping
from accelsim.mapping.binding import bind
from accelsim.mapping.load import load_mapping
from accelsim.mapping.mapping import Mapping
from accelsim.workload.einsum import Cascade
from accelsim.workload.load import load_workload
from tests.workload.test_selections import cascade_of

BINDING = load_mapping("fusemax_binding")
assert isinstance(BINDING, Mapping)


@pytest.fixture(scope="module")
def fusemax() -> Spatial:
    return load_arch("fusemax_cloud")


ONE_PASS = load_workload("attention/one_pass", {}, "bert")


def one_pass(length: int) -> Cascade:
    return ONE_PASS.with_ranks(P=length, M=length)


def formulas_only(cascade: Cascade, arch: Spatial) -> Cost:
    bound = bind(BINDING, cascade, arch)
    return spatial.cost(bound)


def test_a_tile_of_1k_bert_takes_154_cycles_on_the_1d_array(fusemax: Spatial) -> None:
    # RM 1, PRM 7, SPD 1, RD 1, SPNV 64, RNV 64, and a quarter of AV's 64: a tile in four divides.
    assert evaluate(one_pass(1024), fusemax, BINDING).cycles == 64 * 12 * 16 * 154


def test_1k_bert_moves_q_k_v_and_the_result_once(fusemax: Spatial) -> None:
    cost = evaluate(one_pass(1024), fusemax, BINDING)
    assert cost.traffic_bytes["DRAM"] == 64 * 12 * 4 * (1024 * 64 * 2)


def test_a_replay_equals_the_formulas_to_the_last_bit(fusemax: Spatial) -> None:
    for length in (1024, 3000, 65536):
        for clock in (9.4e8, 1e9):
            arch = with_values(fusemax, {"clock": clock})
            replayed = evaluate(one_pass(length), arch, BINDING)
            plain = formulas_only(one_pass(length), arch)
            assert replayed.rows == plain.rows
            assert replayed.steps == plain.steps
            assert replayed.occupancy_bytes == plain.occupancy_bytes
            assert replayed.utilization == plain.utilization
    assert any(known.play is not None for known in _tapes.values())


def test_a_sweep_is_one_call_and_equals_its_points(fusemax: Spatial) -> None:
    lengths = np.array([[1024], [4096], [5000]])
    bandwidths = np.array([1e10, 4e11])
    cascade = ONE_PASS.with_ranks(P=lengths, M=lengths)
    swept = evaluate(
        cascade, with_values(fusemax, {"memories.DRAM.bandwidth": bandwidths}), BINDING
    )
    for i, length in enumerate(lengths.ravel().tolist()):
        for j, bandwidth in enumerate(bandwidths.tolist()):
            arch = with_values(fusemax, {"memories.DRAM.bandwidth": bandwidth})
            one = formulas_only(one_pass(length), arch)
            assert swept.latency_s[i, j] == pytest.approx(one.latency_s, rel=1e-12)
            assert np.broadcast_to(swept.energy_pj, (3, 2))[i, j] == pytest.approx(
                one.energy_pj, rel=1e-12
            )
            assert swept.bound[i, j] == one.bound


@pytest.mark.parametrize(
    ("workload", "mapping", "ranks"),
    [
        # P2 is 1 at 256 queries, E is no loop where it is 1
        ("attention/three_pass_causal", "flat_head", {"P": [256, 7, 1000], "E": [1, 64, 1]}),
        # one tile of queries in the buffer: the running maximum stays in its registers
        ("attention/one_pass", "fusemax_binding", {"P": [1, 257, 4096], "M": [1000, 1, 4096]}),
        ("attention/one_pass_causal", "fusemax_cascade", {"P": [256, 4096], "M": [4096, 255]}),
    ],
)
def test_where_loops_are_none_at_some_points_of_a_sweep_it_still_equals_its_points(
    fusemax: Spatial, workload: str, mapping: str, ranks: dict[str, list[int]]
) -> None:
    cascade, found = load_workload(workload), load_mapping(mapping)
    assert isinstance(found, Mapping)
    swept = evaluate(
        cascade.with_ranks(**{r: np.array(v) for r, v in ranks.items()}), fusemax, found
    )
    points = len(next(iter(ranks.values())))
    for i, sizes in enumerate(zip(*ranks.values(), strict=True)):
        one = evaluate(cascade.with_ranks(**dict(zip(ranks, sizes, strict=True))), fusemax, found)
        for of_sweep, of_point in (
            (swept.latency_s, one.latency_s),
            (swept.energy_pj, one.energy_pj),
            *((swept.traffic_bytes[m], one.traffic_bytes[m]) for m in one.traffic_bytes),
        ):
            here = np.broadcast_to(of_sweep, points)[i]
            assert here == pytest.approx(of_point, rel=1e-12)


def test_at_10_gb_per_s_dram_is_the_bound(fusemax: Spatial) -> None:
    slow = with_values(fusemax, {"memories.DRAM.bandwidth": "10 GB/s"})
    cost = evaluate(one_pass(1024), slow, BINDING)
    assert cost.bound == "DRAM"
    assert cost.latency_s == pytest.approx(402653184 / 10e9)


def test_the_clock_leaves_a_bandwidth_in_bytes_per_second_alone(fusemax: Spatial) -> None:
    slow = with_values(fusemax, {"memories.DRAM.bandwidth": "10 GB/s"})
    twice = with_values(slow, {"clock": 2 * fusemax.clock_hz})
    assert evaluate(one_pass(1024), twice, BINDING).latency_s == pytest.approx(
        evaluate(one_pass(1024), slow, BINDING).latency_s
    )


def test_every_total_is_the_sum_of_its_rows(fusemax: Spatial) -> None:
    cost = evaluate(one_pass(4096), fusemax, BINDING)
    assert cost.energy_pj == pytest.approx(sum(row.energy_pj for row in cost.rows))
    assert cost.cycles == pytest.approx(sum(cost.cycles_by_bound.values()))
    dram = sum(row.count * 2 for row in cost.rows if row.part == "DRAM")
    assert cost.traffic_bytes["DRAM"] == dram
    assert cost.average_power_w == pytest.approx(cost.energy_pj * 1e-12 / cost.latency_s)


def test_no_array_is_busier_than_it_is_in_use(fusemax: Spatial) -> None:
    for use in evaluate(one_pass(3000), fusemax, BINDING).utilization.values():
        assert 0 < use.busy <= use.in_use <= 1 + 1e-12


def test_a_workload_without_a_point_is_refused(fusemax: Spatial) -> None:
    empty = cascade_of("Y[m] = X[m] where m < 0", ranks="{M: 8}", inputs="{X: [M]}")
    with pytest.raises(WorkloadError, match="no point of made exists. See what its conditions"):
        evaluate(empty, fusemax, automatic_mapping(empty, fusemax))
