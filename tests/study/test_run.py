"""Points → rows."""

from collections.abc import Callable
from pathlib import Path

import pytest

from accelsim.base.errors import AccelsimError, StudyError
from accelsim.study.load import load_study
from accelsim.study.run import run_study, run_tables
from accelsim.study.study import Study
from accelsim.study.table import Table

Load = Callable[..., Study]
Run = Callable[..., Table]

BUFFER_SIZE = """\
question: How large must the buffer be before three-pass attention is no longer bound by DRAM?
workload: attention/three_pass
arch: unfused_cloud
vary:
  arch.memories.GlobalBuffer.capacity: [128 KiB, 256 KiB, 512 KiB, 1 MiB]
  workload.ranks.M: [1024, 4096, 16384]
"""

TWO_RUNS = """\
question: Why?
tables:
- name: results
  vary: {m: {set: workload.ranks.M, to: [8, 16]}}
  measures: {cycles: cycles}
  columns: [m, who, cycles]
  runs:
  - columns: {who: one}
    parts: [&once {workload: scale.yaml, arch: machine.yaml, mapping: mapping.yaml}]
  - columns: {who: two}
    parts: [*once, *once]
"""


def test_a_workload_a_machine_and_axes_are_a_study(load: Load) -> None:
    """4 buffers x 3 lengths; a smaller buffer never moves less, a longer row never less."""
    table = run_tables(load(BUFFER_SIZE))["results"]
    assert len(table) == 12
    assert table["arch.memories.GlobalBuffer.capacity"].tolist()[::3] == [
        "128 KiB",
        "256 KiB",
        "512 KiB",
        "1 MiB",
    ]
    traffic = table["traffic_bytes.DRAM"].reshape(4, 3)
    assert (traffic[:-1] >= traffic[1:]).all()
    assert (traffic[:, 1:] > traffic[:, :-1]).all()


def test_all_points_at_once_are_each_point_alone(load: Load) -> None:
    together = run_tables(load(BUFFER_SIZE))["results"].rows()
    for size in ("1024", "16384"):
        for row in run_tables(load(BUFFER_SIZE, {"workload.ranks.M": size}))["results"].rows():
            assert row in together


def test_runs_stand_below_each_other_with_their_columns(run: Run) -> None:
    assert run(TWO_RUNS).rows() == [
        {"m": 8, "who": "one", "cycles": 12},
        {"m": 16, "who": "one", "cycles": 24},
        {"m": 8, "who": "two", "cycles": 24},
        {"m": 16, "who": "two", "cycles": 48},
    ]


def test_per_einsum_there_is_a_row_for_each(run: Run) -> None:
    text = TWO_RUNS.replace(
        "measures: {cycles: cycles}", "per: einsum\n  measures: {array: array, u: utilization}"
    )
    rows = run(text.replace("[m, who, cycles]", "[who, einsum, array, u]")).rows()
    assert rows[0] == {"who": "one", "einsum": "Z", "array": "Array", "u": pytest.approx(1 / 3)}
    assert len(rows) == 4


def test_the_first_point_that_meets_a_condition_stands_for_the_others(run: Run) -> None:
    """Of 8, 16, 32 elements, 16 are the first to take 20 cycles and more."""
    text = TWO_RUNS.replace("[8, 16]", "[8, 16, 32]").replace(
        "measures:", "first: {of: m, where: cycles >= 20}\n  measures:"
    )
    assert [(row["who"], row["m"]) for row in run(text).rows()] == [("one", 16), ("two", 8)]


def test_a_condition_that_no_point_meets_is_an_error(run: Run) -> None:
    text = TWO_RUNS.replace("measures:", "first: {of: m, where: cycles > 99}\n  measures:")
    with pytest.raises(StudyError, match="no m meets 'cycles > 99' at some points"):
        run(text)


def test_settings_hold_for_all_runs(load: Load) -> None:
    table = run_tables(load(TWO_RUNS, {"memories.DRAM.bandwidth": "8 B/cycle"}))["results"]
    assert table["cycles"].tolist() == [6, 12, 12, 24]


def test_overrides_come_after_the_studys_own_settings(load: Load) -> None:
    study = load("set: {arch.clock: 2 GHz}")
    found = {
        clock: run_tables(study, overrides)["results"]["latency_s"].tolist()
        for clock, overrides in (("2", None), ("3", {"arch.clock": "3 GHz"}))
    }
    assert found == {"2": [6e-9], "3": [pytest.approx(4e-9)]}


def test_a_setting_that_the_study_varies_would_be_ignored(run: Run) -> None:
    with pytest.raises(StudyError, match=r"workload.ranks.M would be ignored.* Set m instead"):
        run(TWO_RUNS, {"workload.ranks.M": "4"})


def test_a_mapping_that_picks_runs_each_point_under_its_own(load: Load) -> None:
    """FLAT keeps scores on chip at 4K, not at 1M: its traffic is 1.64 and 8.25 B a score."""
    text = """\
question: Why?
workload: attention/three_pass
arch: flat_cloud
mapping: flat
vary: {seq_len: {set: [workload.ranks.P, workload.ranks.M], to: [4096, 1048576]}}
"""
    table = run_tables(load(text, {"ranks.B": "64"}))["results"]
    scores = 64 * 12 * table["seq_len"].astype(float) ** 2
    per_score = table["traffic_bytes.DRAM"] / scores
    assert per_score.tolist() == [pytest.approx(1.64, abs=0.01), pytest.approx(8.25, abs=0.01)]


def test_a_tile_that_is_varied_wins_over_the_mapping(load: Callable[..., Study]) -> None:
    """FuseMax's binding makes key tiles of the array's 256 rows, where nothing else is said."""
    text = """\
question: Why?
workload: attention/one_pass
arch: fusemax_cloud
mapping: fusemax_binding
vary: {tile: {set: workload.ranks.M0, to: [128, 64, 32]}}
"""
    table = run_tables(load(text, {"ranks.H": "1", "ranks.P": "256"}))["results"]
    # A tile takes 138 cycles whatever its height, and the division 64.
    assert table["cycles"].tolist() == [n * 138 + 64 for n in (32, 64, 128)]


@pytest.mark.parametrize("name", ["latency_s", "traffic_bytes.DRAM", "point", "error"])
def test_an_axis_that_hides_another_column_is_refused(run: Run, name: str) -> None:
    with pytest.raises(StudyError, match="has the name of another column"):
        run(f"vary: {{{name}: {{set: workload.ranks.M, to: [8, 16]}}}}")


def test_a_text_among_ranks_is_refused_in_one_line(run: Run) -> None:
    with pytest.raises(AccelsimError, match="8, 'many'"):
        run("vary: {workload.ranks.M: [8, many]}")


def test_run_study_gives_pandas_frames(folder: Path) -> None:
    frame = run_study(load_study(folder / "study.yaml"))["results"]
    assert frame["cycles"].tolist() == [12]
