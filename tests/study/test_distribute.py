"""Sweeps on workers, some of which are lost."""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pyarrow.dataset
import pytest
from distributed import LocalCluster

from accelsim import sweep
from accelsim.base.errors import InputError
from accelsim.study import batches
from accelsim.study.study import Study

Load = Callable[..., Study]

AXES = """\
vary:
  bandwidth: {set: arch.memories.DRAM.bandwidth, from: 1 B/cycle, to: 16 B/cycle, steps: 40}
  workload.ranks.M: {from: 1, to: 25, steps: 25}
"""


@pytest.fixture(scope="module")
def cluster() -> Iterator[LocalCluster]:
    with LocalCluster(n_workers=3, threads_per_worker=1, dashboard_address=":0") as started:
        yield started


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "CHUNK", 16)


def rows(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.sort_values("point").reset_index(drop=True)


def test_workers_find_the_same_rows(load: Load, cluster: LocalCluster) -> None:
    study = load(AXES)
    found = sweep(study, cluster=cluster.scheduler_address)
    pd.testing.assert_frame_equal(found, sweep(study))


def test_a_worker_that_is_killed_loses_and_doubles_nothing(
    load: Load, cluster: LocalCluster, tmp_path: Path
) -> None:
    killed: list[int] = []

    def kill(done: int, total: int) -> None:
        if done > total / 3 and not killed:
            killed.append(next(iter(cluster.workers.values())).pid)
            os.kill(killed[0], signal.SIGKILL)

    study = load(AXES)
    out = tmp_path / "out"
    found = sweep(study, out=out, cluster=cluster.scheduler_address, progress=kill)
    assert killed
    points = pyarrow.dataset.dataset(out / "results").to_table()["point"].to_pylist()
    assert len(points) == len(set(points)) == 1000
    pd.testing.assert_frame_equal(rows(found), rows(sweep(study)))


def test_an_adaptive_sample_is_the_same_on_workers(load: Load, cluster: LocalCluster) -> None:
    text = AXES + "sample: {method: adaptive, number: 24, minimise: latency_s, batch: 8}"
    study = load(text)
    found = sweep(study, cluster=cluster.scheduler_address)
    pd.testing.assert_frame_equal(found, sweep(study))


def test_a_file_says_which_cluster_to_start(load: Load, tmp_path: Path) -> None:
    file = tmp_path / "cluster.yaml"
    file.write_text("kind: local\nworkers: 1\n", encoding="utf-8")
    assert len(sweep(load(AXES + "where: bandwidth < 2"), cluster=str(file))) == 75


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("kind: slrm\nworkers: 1", "cluster.yaml:1: kind: 'slrm' is none of .* 'slurm'"),
        ("kind: local", "needs 'workers'"),
        ("kind: slurm\nworkers: 1\noptions: {cores: 1}", "cluster.yaml: options: .*memory"),
    ],
)
def test_a_bad_file_is_one_line(load: Load, tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "cluster.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        sweep(load(AXES), cluster=str(file))


def test_where_nobody_answers_it_says_so(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="no scheduler answers at 'tcp://127.0.0.1:1'"):
        sweep(load(AXES), cluster="tcp://127.0.0.1:1")
