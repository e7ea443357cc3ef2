import json

import numpy as np
import pytest

from accelsim.study.table import Table, read_table, write_csv

DESIGNS = Table.of(
    {
        "model": ["a", "a", "b", "b"],
        "latency_s": [1.0, 2.0, 0.5, None],
        "area_um2": [4, 3, 9, 1],
        "throughput": [5, 9, 1, 1],
    }
)

BOTH_WAYS = ("--minimise", "latency_s", "--maximise", "throughput")


@pytest.fixture
def results(tmp_path):
    return str(write_csv(DESIGNS, tmp_path / "designs.csv"))


def test_the_front_is_printed_by_its_first_objective(run, results):
    ended = run("pareto", results, "--minimise", "latency_s,area_um2")
    assert (ended.status, ended.err) == (0, "")
    lines = ended.out.splitlines()
    assert [line.split()[:2] for line in lines[1:4]] == [["b", "0.5"], ["a", "1"], ["a", "2"]]
    assert lines[-1].startswith("3 of 4 rows are on the front")


def test_of_many_columns_those_are_shown_that_tell_rows_apart(run, tmp_path):
    same = {"machine": ["m"] * 4, "cycles": [9, 8, 7, 6]}
    named = {"point": [1, 2, 3, 4], **same, **DESIGNS.columns}
    order = ("point", "machine", "model", "latency_s", "area_um2", "cycles", "throughput")
    table = Table({name: np.asarray(named[name]) for name in order})
    ended = run("pareto", str(write_csv(table, tmp_path / "a.csv")), *BOTH_WAYS)
    assert ended.out.splitlines()[0].split() == ["model", "latency_s", "throughput"]
    assert ended.out.splitlines()[-1].endswith("; --json and --out have all columns")


def test_json_has_the_rows_of_each_group(run, results):
    ended = run("pareto", results, "--minimise", "latency_s", "--by", "model", "--json")
    found = json.loads(ended.out)
    assert (found["rows"], found["on_front"]) == (4, 2)
    assert [row["latency_s"] for row in found["front"]] == [0.5, 1.0]


def test_the_front_is_written_and_drawn(run, results, tmp_path):
    out, figure = tmp_path / "front.parquet", tmp_path / "front.png"
    arguments = ["--minimise", "latency_s", "--maximise", "throughput", "--by", "model"]
    ended = run("pareto", results, *arguments, "--out", str(out), "--figure", str(figure))
    assert (ended.status, ended.err) == (0, "")
    assert len(read_table(out)) == 3
    assert figure.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "a front needs an objective"),
        (["--minimise", "latency"], "Did you mean 'latency_s'?"),
        (["--minimise", "model"], "'model' does not hold numbers"),
        (["--minimise", "latency_s", "--by", "mode"], "Did you mean 'model'?"),
        (["--minimise", "latency_s", "--figure", "x.png"], "draws two objectives"),
        (["--minimise", "latency_s", "--out", "x.json"], "a table is a .csv or .parquet"),
    ],
)
def test_slips_end_with_2(run, results, arguments, message):
    ended = run("pareto", results, *arguments)
    assert (ended.status, ended.out) == (2, "")
    assert message in ended.err


def test_the_best_within_each_limit_is_written(run, results, tmp_path):
    out = tmp_path / "best.csv"
    limits = ["--within", "area_um2=3,4", "--where", "latency_s >= 1", "--by", "model"]
    ended = run("pareto", results, "--minimise", "latency_s,area_um2", *limits, "--out", str(out))
    assert (ended.status, ended.err) == (0, "")
    rows = [(row["within_area_um2"], row["latency_s"]) for row in read_table(out).rows()]
    assert rows == [(3.0, 2.0), (4.0, 1.0)]


def test_a_marked_design_is_drawn_and_told_how_far_it_is(run, results, tmp_path):
    marks = Table.of({"design": ["ours"], "latency_s": [2.0], "area_um2": [4.0]})
    file, figure = write_csv(marks, tmp_path / "marks.csv"), tmp_path / "front.svg"
    asked = ["--minimise", "latency_s,area_um2", "--mark", f"{file}:design", "--title", "Fronts"]
    ended = run("pareto", results, *asked, "--figure", str(figure), "--by", "model")
    assert (ended.status, ended.err) == (0, "")
    assert ["ours", "a", "50.0%", "25.0%"] in [line.split() for line in ended.out.splitlines()]
    assert "ours    b         none is as good  -125.0%" in ended.out
    found = json.loads(run("pareto", results, *asked, "--json").out)
    assert [row["design"] for row in found["marked"]] == ["ours"]
    assert figure.exists()
