import json

import pytest

from accelsim.study.table import Table, write_csv

ONE_PASS = ("evaluate", "attention/one_pass", "fusemax_cloud", "--json")
SLOW = ("--set", "memories.DRAM.bandwidth=50 GB/s")


@pytest.fixture
def printed(run, tmp_path):
    def write(name, *arguments):
        file = tmp_path / f"{name}.json"
        file.write_text(run(*ONE_PASS, *arguments).out, encoding="utf-8")
        return str(file)

    return write


def test_equal_results_end_with_0(run, printed):
    ended = run("diff", printed("a"), printed("b"))
    assert (ended.status, ended.err) == (0, "")
    assert ended.out.endswith("equal\n")
    assert "why: no provenance with" in ended.out


def test_different_results_end_with_1_and_say_why(run, printed):
    files = printed("a", "--provenance"), printed("b", "--provenance", *SLOW)
    ended = run("diff", *files)
    assert (ended.status, ended.err) == (1, "")
    assert "fusemax_cloud  memories.DRAM.bandwidth  429496729600  50000000000  B/s" in ended.out
    found = json.loads(run("diff", *files, "--json").out)
    assert found["equal"] is False
    bound = found["tables"]["results"]["changed"][0]
    assert (bound["measure"], bound["before"], bound["after"]) == ("bound", "compute", "DRAM")
    (change,) = found["inputs"]
    assert (change["path"], change["source_after"]) == ("memories.DRAM.bandwidth", "a setting")


def test_rows_of_lists_are_tables_of_their_own(run, printed):
    found = json.loads(
        run("diff", printed("a", "--rows"), printed("b", "--rows", *SLOW), "--json").out
    )
    rows = found["tables"]["rows"]
    assert rows["key"] == ["einsum", "part", "action", "tensor"]
    assert {row["action"] for row in rows["changed"]} == {"leak"}


def test_folders_of_studies_have_their_provenance(run, tmp_path):
    folders = [str(tmp_path / name) for name in ("a", "b")]
    for folder, more in zip(folders, ((), ("--set", "arch.clock=1 GHz")), strict=True):
        run("study", "buffer_size", "--no-figures", "--out", folder, *more)
    ended = run("diff", *folders, "--most", "2")
    assert ended.status == 1
    assert "... and " in ended.out
    assert "clock" in ended.out.split("why:")[1]
    assert run("diff", folders[0], folders[0]).status == 0


def test_a_table_that_is_missing_is_a_difference(run, tmp_path):
    rows = Table.of({"seq_len": [1], "latency_s": [1.0]})
    for name, tables in (("a", ("results", "pareto")), ("b", ("results",))):
        for table in tables:
            write_csv(rows, tmp_path / name / f"{table}.csv")
    ended = run("diff", str(tmp_path / "a"), str(tmp_path / "b"))
    assert ended.status == 1
    assert f"table pareto: only in {tmp_path / 'a'}" in ended.out


@pytest.mark.parametrize(
    ("other", "more", "message"),
    [
        ("none.csv", [], "none.csv: there is no such file"),
        ("none.json", [], "none.json: cannot be read as JSON"),
        ("a.json", ["--by", "x"], "the table has no column 'x'"),
        ("a.json", ["--tolerance", "2"], "--tolerance is a share"),
    ],
)
def test_bad_input_ends_with_2(run, printed, tmp_path, other, more, message):
    ended = run("diff", printed("a"), str(tmp_path / other), *more)
    assert (ended.status, ended.out) == (2, "")
    assert message in ended.err
