import csv
import json

import pytest

from accelsim.cli import study as study_command
from accelsim.validation.published import load_published

BANDWIDTHS = """\
question: How does the time of attention fall with the bandwidth of DRAM?
workload: attention/one_pass
arch: fusemax_cloud
vary:
  arch.memories.DRAM.bandwidth: [1 GB/s, 2 GB/s]
  clock: {set: [arch.clock], to: [1 GHz]}
figures:
- name: time
  kind: bars
  table: results
  groups: arch.memories.DRAM.bandwidth
  axis: bandwidth
  series: clock
  value: latency_s
  unit: s
  title: Time over bandwidth
  caption: A test.
  source: made up
"""


@pytest.fixture
def study(tmp_path):
    file = tmp_path / "bandwidths.yaml"
    file.write_text(BANDWIDTHS)
    return str(file), tmp_path / "out"


def rows_of(file):
    with file.open() as stream:
        return list(csv.DictReader(stream))


def test_twice_the_bandwidth_halves_the_time_of_a_run_that_dram_bounds(run, study):
    file, out = study
    assert run("study", file, "--out", str(out), "--no-figures").status == 0
    slow, fast = (float(row["latency_s"]) for row in rows_of(out / "results.csv"))
    assert slow == pytest.approx(2 * fast, rel=1e-3)


def test_tables_figures_and_summary_are_written_and_nothing_else(run, study):
    file, out = study
    ended = run("study", file, "--out", str(out), "--json")
    assert ended.status == 0, ended.err
    names = ["provenance.json", "results.csv", "results.parquet"]
    names += ["summary.md", "time.png", "time.svg"]
    assert sorted(path.name for path in out.iterdir()) == names
    assert sorted(json.loads(ended.out)["files"]) == [str(out / name) for name in names]


def test_the_results_go_to_a_folder_of_the_studys_name(run, study, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ended = run("study", study[0], "--no-figures")
    assert "4 files in out/bandwidths/; summary: summary.md" in ended.out
    assert (tmp_path / "out" / "bandwidths" / "results.csv").is_file()


def test_one_model_of_fusemax_has_ten_rows_for_each_of_six_lengths(run, tmp_path):
    ended = run("study", "fusemax", "--out", str(tmp_path), "--no-figures", "--set", "models=XLM")
    assert ended.status == 0, ended.err
    assert len(rows_of(tmp_path / "results.csv")) == 10 * 6


def test_with_another_accounting_there_is_nothing_to_compare_with(run, tmp_path):
    other = ("--set", "models=XLM", "--set", "accounting.full.without=mac")
    ended = run("study", "fusemax", "--out", str(tmp_path), "--no-figures", *other)
    assert ended.status == 0, ended.err
    assert "Nothing published is held against this study." in ended.out


ONE_SECOND = """\
about: What somebody says.
source: made up
study: bandwidths
claims:
- name: seconds
  value: 1
  over: {table: results}
  at: {clock: 1 GHz, arch.memories.DRAM.bandwidth: 2 GB/s}
  of: latency_s
  tolerance: 1 %
  because: made up
"""


@pytest.mark.parametrize(("reason", "status"), [("", 1), ("  differs_because: known\n", 0)])
def test_a_published_number_that_differs_without_a_reason_is_status_1(
    run, study, tmp_path, monkeypatch, reason, status
):
    (tmp_path / "paper").mkdir()
    (tmp_path / "paper" / "numbers.yaml").write_text(ONE_SECOND + reason)
    paper = load_published(tmp_path / "paper")
    monkeypatch.setattr(study_command, "published_for", lambda name: (paper,))
    file, out = study
    ended = run("study", file, "--out", str(out), "--no-figures")
    assert (ended.status, ended.err) == (status, "")
    assert "0 of 1 published numbers agree" in (out / "summary.md").read_text()


def test_a_folder_that_cannot_be_written_is_found_before_anything_runs(run, study, monkeypatch):
    def ran(*arguments):
        raise AssertionError("ran")

    monkeypatch.setattr(study_command, "run_tables", ran)
    file, _ = study
    ended = run("study", file, "--out", f"{file}/out")
    assert (ended.status, ended.out) == (2, "")
    assert f"{file}/out: cannot be written" in ended.err


def test_ctrl_c_while_it_runs_leaves_no_file(run, study, monkeypatch):
    def interrupted(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(study_command, "run_tables", interrupted)
    file, out = study
    assert run("study", file, "--out", str(out)) == (130, "", "interrupted\n")
    assert not out.exists()


def test_a_bad_figure_is_found_before_anything_runs_and_by_check(run, study):
    file, out = study
    with open(file, "a") as stream:
        stream.write("- {name: more, kind: pie}\n")
    assert run("check", file).status == 2
    assert run("study", file, "--out", str(out)).status == 2
    assert not out.exists()


def test_an_unknown_study_and_an_unknown_setting_name_the_nearest(run, tmp_path):
    assert "Did you mean 'fusemax'?" in run("study", "fusemx").err
    ended = run("study", "fusemax", "--out", str(tmp_path), "--set", "model=XLM")
    assert (ended.status, "Did you mean 'models'?" in ended.err) == (2, True)


def test_a_study_of_calls_writes_its_tables_and_judges_nothing_on_other_points(run, tmp_path):
    narrow = [("--set", text) for text in ("batch=8", "heads=16", "head_dim=64", "context=2048")]
    ended = run("study", "lean_attention", "--out", str(tmp_path), *(t for s in narrow for t in s))
    assert ended.status == 0, ended.err
    assert "Nothing published is held against this study." in ended.out
    assert len(rows_of(tmp_path / "uniform.csv")) == 2 * 3
    assert {row["ratio"] for row in rows_of(tmp_path / "gains.csv")} == {
        "flash_attention_2",
        "flash_decoding",
    }
    assert (tmp_path / "where_each_wins_a100.png").is_file() is False
    assert (tmp_path / "speedup_by_context.png").is_file()
