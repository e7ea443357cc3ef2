import json

import pandas as pd
import pytest

CSV = "name,latency_s,energy_pj\nfirst,0.1,3\nsecond,0.25,\n"
ROWS = [
    {"name": "first", "latency_s": 0.1, "energy_pj": 3},
    {"name": "second", "latency_s": 0.25, "energy_pj": None},
]


@pytest.fixture
def table(tmp_path):
    file = tmp_path / "results.csv"
    file.write_text(CSV)
    return file


def test_a_table_goes_through_every_format_and_comes_back(run, table, tmp_path):
    """pandas reads each of them as the same table."""
    parquet, rows, back = (tmp_path / f"a.{ending}" for ending in ("parquet", "json", "csv"))
    assert run("convert", str(table), "-o", str(parquet)).out.endswith(
        "2 rows of results, 3 columns\n"
    )
    assert run("convert", str(parquet), "-o", str(rows)).status == 0
    assert run("convert", str(rows), "-o", str(back)).status == 0
    assert json.loads(rows.read_text()) == ROWS
    expected = pd.read_csv(table)
    pd.testing.assert_frame_equal(pd.read_parquet(parquet), expected, check_dtype=False)
    pd.testing.assert_frame_equal(pd.read_csv(back), expected, check_dtype=False)


def test_what_evaluate_says_as_json_is_a_row(run, tmp_path):
    cost, row = tmp_path / "cost.json", tmp_path / "row.csv"
    cost.write_text(run("evaluate", "attention/one_pass", "fusemax_cloud", "--json").out)
    assert run("convert", str(cost), "-o", str(row)).status == 0
    assert pd.read_csv(row)["latency_s"].tolist() == [json.loads(cost.read_text())["latency_s"]]


def test_of_several_tables_one_is_chosen(run, tmp_path):
    several, one = tmp_path / "several.json", tmp_path / "one.csv"
    several.write_text(json.dumps({"steps": ROWS, "links": [{"made_by": "A"}]}))
    ended = run("convert", str(several), "-o", str(one))
    assert (ended.status, one.exists()) == (2, False)
    assert "there are steps, links. Choose one by --table" in ended.err
    assert run("convert", str(several), "--table", "links", "-o", str(one)).status == 0
    assert one.read_text() == "made_by\nA\n"


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("results.csv", "-o", "x.xlsx"), "x.xlsx: a table is one of .parquet, .csv, .json"),
        (("results.cvs", "-o", "x.csv"), "there is no such file"),
        (("results.csv", "--table", "result", "-o", "x.csv"), "no table 'result'. Did you mean"),
    ],
)
def test_what_is_bad_ends_with_a_line_and_no_file(run, table, monkeypatch, words, complaint):
    monkeypatch.chdir(table.parent)
    ended = run("convert", *words)
    assert (ended.status, complaint in ended.err) == (2, True)
    assert [file.name for file in table.parent.iterdir()] == ["results.csv"]
