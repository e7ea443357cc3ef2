import pytest

from accelsim.cost.spatial import cost
from accelsim.sim.rounds import SLICES, Round, Rounds, rounds

BYTES_PER_CYCLE = 400 * 2**30 / 940e6


@pytest.fixture
def fused(bound) -> Rounds:
    """2 query tiles of 2 key tiles each."""
    mapping = bound("fusemax_binding", B=1, H=1, P=512, M=512)
    return rounds(mapping.steps[0], mapping, cost(mapping), most_tiles=100)


def tiles_of(einsum: str, played: Rounds) -> list[list[int]]:
    """By round, the tiles it works on."""

    def own(phases: Round) -> list[int]:
        return [job.tile for jobs in phases for job in jobs if job.work.einsum == einsum]

    return [own(phases) for phases in played.rounds]


def test_four_tiles_and_a_lag_of_one_are_five_rounds(fused: Rounds):
    assert (fused.tiles, fused.tiles_played, len(fused.rounds)) == (4, 4, 5)
    assert tiles_of("BQK", fused) == [[0], [1], [2], [3], []]
    assert tiles_of("RNV", fused) == [[], [0], [1], [2], [3]]


def test_the_division_runs_after_the_last_key_tile_of_each_query_tile(fused: Rounds):
    assert tiles_of("AV", fused) == [[], [], [1], [], [3]]


def test_an_einsum_takes_its_share_of_cycles_and_bytes_at_each_tile(fused: Rounds):
    works = {job.work.einsum: job.work for jobs in fused.rounds[2] for job in jobs}
    assert works["BQK"].cycles == 64
    read = (512 + 512) * 64 * 2 / 4
    assert works["BQK"].load_cycles == {"DRAM": pytest.approx(read / BYTES_PER_CYCLE)}
    assert works["BQK"].write_cycles == {}


def test_what_runs_at_half_of_the_tiles_takes_twice_the_share(fused: Rounds):
    job = next(job for job in fused.rounds[2][0] if job.work.einsum == "AV")
    assert (job.work.cycles, job.until_next) == (64, 2)
    written = 512 * 64 * 2 / 2
    assert job.work.write_cycles == {"DRAM": pytest.approx(written / BYTES_PER_CYCLE)}


def test_a_window_of_three_tiles_ends_with_the_lagging_work_on_the_third(bound):
    mapping = bound("fusemax_binding", B=1, H=1, P=512, M=512)
    window = rounds(mapping.steps[0], mapping, cost(mapping), most_tiles=3)
    assert (window.tiles, window.tiles_played) == (4, 3)
    assert tiles_of("BQK", window) == [[0], [1], [2], []]
    assert tiles_of("RNV", window) == [[], [0], [1], [2]]


def test_a_step_without_tile_is_cut_into_slices_that_add_up(bound):
    mapping = bound("unfused", "unfused_cloud", B=1, H=1, P=1024, M=1024)
    found = cost(mapping)
    step = rounds(mapping.steps[0], mapping, found, most_tiles=1000)
    assert len(step.rounds) == SLICES == 256
    works = [job.work for phases in step.rounds for jobs in phases for job in jobs]
    assert sum(work.cycles for work in works) == pytest.approx(found.einsums["QK"].cycles)
    scores = 1024 * 1024 * 2 / BYTES_PER_CYCLE
    assert sum(work.write_cycles["DRAM"] for work in works) == pytest.approx(scores)


def test_a_step_without_tile_is_cut_into_fewer_slices_where_fewer_tiles_are_asked_for(bound):
    mapping = bound("unfused", "unfused_cloud", B=1, H=1, P=1024, M=1024)
    step = rounds(mapping.steps[0], mapping, cost(mapping), most_tiles=10)
    assert (step.tiles, step.tiles_played) == (10, 10)
