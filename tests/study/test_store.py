"""The rows of a sweep on disk, whatever happens on the way."""

import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.dataset
import pyarrow.parquet
import pytest

from accelsim import sweep
from accelsim.base.errors import OutputError, StudyError
from accelsim.cost.evaluate import evaluate
from accelsim.study import batches
from accelsim.study.study import Study

Load = Callable[..., Study]

AXES = """\
vary:
  bandwidth: {set: arch.memories.DRAM.bandwidth, from: 1 B/cycle, to: 16 B/cycle, steps: 40}
  workload.ranks.M: {from: 1, to: 25, steps: 25}
"""

KILLED = """\
import sys
import accelsim
from accelsim.study import batches
batches.CHUNK = 16
accelsim.sweep(sys.argv[1], out=sys.argv[2])
"""


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "CHUNK", 16)


def rows(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.sort_values("point").reset_index(drop=True)


def points_in(folder: Path) -> int:
    """How many points the dataset has, each of them once."""
    points = pyarrow.dataset.dataset(folder).to_table(columns=["point"])["point"].to_pylist()
    assert len(points) == len(set(points))
    return len(points)


def test_rows_that_are_there_are_not_evaluated_again(
    load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small_chunks: None
) -> None:
    some = sweep(load(AXES.replace("25, steps: 25", "5, steps: 5")), out=tmp_path / "out")
    asked: list[int] = []
    evaluated = evaluate
    monkeypatch.setattr(
        "accelsim.study.runner.evaluate",
        lambda cascade, *rest: (
            asked.append(np.size(cascade.ranks["M"])),
            evaluated(cascade, *rest),
        )[1],
    )
    every = sweep(load(AXES), out=tmp_path / "out")
    assert (len(some), len(every), sum(asked)) == (200, 1000, 800)
    pd.testing.assert_frame_equal(rows(every), rows(sweep(load(AXES))))


def test_the_dataset_is_parquet_that_others_read_with_units(load: Load, tmp_path: Path) -> None:
    sweep(load(AXES), out=tmp_path / "out")
    folder = tmp_path / "out" / "results"
    assert points_in(folder) == 1000
    (part, *_) = folder.glob("*.parquet")
    schema = pyarrow.parquet.read_schema(part)
    assert schema.field("traffic_bytes.DRAM").metadata[b"unit"] == b"B"
    assert schema.field("bandwidth").metadata[b"unit"] == b"B/cycle"


def test_a_sweep_that_is_killed_goes_on_where_it_was(load: Load, tmp_path: Path) -> None:
    """At random moments, again and again, until it comes to its end: every point is there once."""
    load(AXES)
    out = tmp_path / "out"
    script = tmp_path / "killed.py"
    script.write_text(KILLED, encoding="utf-8")
    chance = random.Random(5)
    for _ in range(4):
        run = subprocess.Popen([sys.executable, script, tmp_path / "study.yaml", out])
        before = len(list(out.rglob("part-*.parquet")))
        while run.poll() is None and len(list(out.rglob("part-*.parquet"))) <= before:
            time.sleep(0.002)
        time.sleep(chance.uniform(0, 0.05))
        run.send_signal(signal.SIGKILL)
        run.wait()
    assert 0 < len(list(out.rglob("part-*.parquet"))) <= 63
    whole = sweep(tmp_path / "study.yaml", out=out)
    assert points_in(out / "results") == 1000
    pd.testing.assert_frame_equal(rows(whole), rows(sweep(tmp_path / "study.yaml")))


def test_a_full_disk_ends_a_sweep_in_one_line_and_loses_nothing(
    load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small_chunks: None
) -> None:
    written = Path.write_bytes
    left = [10]

    def full(path: Path, data: bytes) -> int:
        left[0] -= path.suffix == ".parquet"
        if left[0] >= 0:
            return written(path, data)
        written(path, data[:100])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OutputError, match="No space left on device. Make room and run it again"):
        sweep(load(AXES), out=tmp_path / "out")
    assert len(list((tmp_path / "out").rglob("*.parquet"))) == 10
    monkeypatch.undo()
    assert len(sweep(load(AXES), out=tmp_path / "out")) == 1000
    assert points_in(tmp_path / "out" / "results") == 1000


def test_a_part_that_cannot_be_read_is_made_again(load: Load, tmp_path: Path) -> None:
    sweep(load(AXES), out=tmp_path / "out")
    (part, *_) = (tmp_path / "out").rglob("part-*.parquet")
    part.write_bytes(part.read_bytes()[:200])
    assert len(sweep(load(AXES), out=tmp_path / "out")) == 1000


def test_rows_of_another_study_are_refused(load: Load, tmp_path: Path) -> None:
    sweep(load(AXES), out=tmp_path / "out")
    with pytest.raises(StudyError, match="holds rows of another study.* Give another --out"):
        sweep(load(AXES, {"arch.clock": "2 GHz"}), out=tmp_path / "out")


def test_an_adaptive_sweep_goes_on_with_the_rows_it_has(load: Load, tmp_path: Path) -> None:
    text = AXES + "sample: {method: adaptive, number: %d, minimise: latency_s, batch: 8}"
    first = sweep(load(text % 16), out=tmp_path / "out")
    whole = sweep(load(text % 40), out=tmp_path / "out")
    assert whole["point"].tolist()[: len(first)] == first["point"].tolist()
    pd.testing.assert_frame_equal(whole, sweep(load(text % 40)))
