import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.dataset
import pytest

LENGTHS = """\
question: How does the time of attention grow with its length?
workload: attention/one_pass
arch: fusemax_cloud
mapping: fusemax_binding
vary:
  length: {set: [workload.ranks.P, workload.ranks.M], from: 1024, to: 8192, steps: 3}
  buffer: {set: arch.memories.GlobalBuffer.capacity, to: [1 KiB, 16 MiB]}
"""
SMALL_CHUNKS = """\
from accelsim.study import batches
from accelsim.cli.entry import main
batches.CHUNK = 4
main()
"""


@pytest.fixture
def study(tmp_path):
    file = tmp_path / "lengths.yaml"
    file.write_text(LENGTHS)
    return str(file), str(tmp_path / "out")


def rows_of(folder):
    return pyarrow.dataset.dataset(f"{folder}/results").to_table().to_pylist()


def test_rows_are_on_disk_and_failed_ones_say_why(run, study):
    """No tile of queries fits into 1 KiB."""
    file, out = study
    printed = run("sweep", file, "--out", out)
    assert "results: 6 points" in printed.out
    assert "3 failed, like: the mapping's P1 has no value" in printed.out
    assert [bool(row["error"]) for row in rows_of(out)] == [True, False] * 3


def test_a_second_sweep_finds_all_points(run, study):
    file, out = study
    run("sweep", file, "--out", out)
    found = json.loads(run("sweep", file, "--out", out, "--json").out)
    assert found["tables"]["results"]["evaluated"] == 0
    assert found["tables"]["results"]["points"] == 6


def test_rows_that_the_study_no_longer_has_are_counted(run, study):
    """The folder has all of them, and so has whoever reads it."""
    file, out = study
    run("sweep", file, "--out", out)
    ended = run("sweep", file, "--out", out, "--set", "length=1024")
    assert "with the rows of 4 points that the study no longer has" in ended.out
    assert "0 points in" in ended.out and "a second" not in ended.out


def test_settings_are_those_of_a_study(run, study):
    file, out = study
    run("sweep", file, "--out", out, "--set", "length=2048", "--set", "arch.clock=2 GHz")
    assert [row["length"] for row in rows_of(out)] == [2048, 2048]


def test_a_study_without_points_is_an_error(run, study):
    failed = run("sweep", "lean_attention", "--out", study[1])
    assert failed.status == 2
    assert "has no points to sweep. Run it with `accelsim study`" in failed.err


def test_if_all_points_fail_the_status_is_1(run, study):
    file, out = study
    assert run("sweep", file, "--out", out, "--set", "buffer=1 KiB").status == 1
    assert all(row["error"] for row in rows_of(out))


def test_interrupted_it_says_how_to_go_on(study):
    file, out = study
    sizes = ",".join(f"{size} MiB" for size in range(1, 4000))
    words = ["sweep", file, "--out", out, "--set", "length=4096", "--set", f"buffer={sizes}"]
    sweep = subprocess.Popen(
        [sys.executable, "-c", SMALL_CHUNKS, *words], stderr=subprocess.PIPE, text=True
    )
    while sweep.poll() is None and not list(Path(out).glob("results/part-*")):
        time.sleep(0.01)
    sweep.send_signal(signal.SIGINT)
    _, said = sweep.communicate(timeout=30)
    assert sweep.returncode == 130
    assert said.startswith(f"interrupted; what is done is in {out}/, `accelsim sweep {file}")
    assert said.strip().endswith("goes on")
    assert 0 < len(rows_of(out)) < 3999
