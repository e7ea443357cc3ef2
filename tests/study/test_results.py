"""Tables as they lie in files and folders."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from accelsim.base.errors import StudyError
from accelsim.study.results import read_result, read_results
from accelsim.study.study import Study
from accelsim.study.sweep import sweep
from accelsim.study.table import Table, write_csv, write_parquet, write_tables

ROWS = Table.of({"seq_len": [1024, 4096], "latency_s": [0.5, 0.25], "bound": ["DRAM", "compute"]})
MORE = Table.of({"seq_len": [8192], "latency_s": [0.125], "error": ["it does not fit"]})
SWEPT = [("slow", "latency_s"), ("thrifty", "energy_pj")]


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_file_is_a_table(tmp_path: Path, ending: str) -> None:
    (write_csv if ending == "csv" else write_parquet)(ROWS, tmp_path / f"a.{ending}")
    assert read_result(tmp_path / f"a.{ending}").rows() == ROWS.rows()
    assert list(read_results(tmp_path / f"a.{ending}")) == ["results"]


def test_pieces_in_a_folder_are_one_table(tmp_path: Path) -> None:
    write_parquet(ROWS, tmp_path / "chunks" / "0.parquet")
    write_parquet(MORE, tmp_path / "chunks" / "1.parquet")
    (tmp_path / "chunks" / ".2.parquet").write_text("half of a file")
    rows = read_result(tmp_path).rows()
    assert [row["seq_len"] for row in rows] == [1024, 4096, 8192]
    assert [row["error"] for row in rows] == [None, None, "it does not fit"]
    assert list(read_results(tmp_path)) == ["results"]


def test_of_a_sweep_with_several_tables_one_must_be_named(
    load: Callable[..., Study], tmp_path: Path
) -> None:
    run = "runs: [{parts: [{workload: scale.yaml, arch: machine.yaml, mapping: mapping.yaml}]}]"
    tables = "".join(f"- {{name: {name}, measures: {{{m}: {m}}}, {run}}}\n" for name, m in SWEPT)
    study = load(f"question: Two?\ntables:\n{tables}")
    for name, _ in SWEPT:
        sweep(study, out=tmp_path, table=name)
    two = f"has 2 tables in it. Name the folder of one: {tmp_path}/slow, {tmp_path}/thrifty"
    with pytest.raises(StudyError, match=re.escape(two)):
        read_result(tmp_path)
    assert read_result(tmp_path / "slow")["latency_s"].tolist() == [12e-9]
    assert list(read_results(tmp_path)) == ["slow", "thrifty"]


def test_pieces_that_do_not_agree_are_named(tmp_path: Path) -> None:
    write_parquet(ROWS, tmp_path / "a.parquet")
    write_parquet(Table.of({"latency_s": ["slow"]}), tmp_path / "b.parquet")
    with pytest.raises(StudyError, match="as one table: .* Name one of its files: .*a.parquet"):
        read_result(tmp_path)


def test_parquet_beside_csv_is_a_table_too(tmp_path: Path) -> None:
    write_tables({"timeline": ROWS}, tmp_path)
    write_parquet(MORE, tmp_path / "requests.parquet")
    write_parquet(ROWS, tmp_path / "timeline.parquet")
    assert list(read_results(tmp_path)) == ["timeline", "requests"]


def test_the_folder_of_a_study_has_tables(tmp_path: Path) -> None:
    write_tables({"results": ROWS, "pareto": MORE}, tmp_path)
    assert {name: len(t) for name, t in read_results(tmp_path).items()} == {
        "results": 2,
        "pareto": 1,
    }
    assert read_result(tmp_path).rows() == ROWS.rows()


def test_what_is_no_table_is_told(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="has no table in it"):
        read_result(tmp_path)
    with pytest.raises(StudyError, match=r"none\.csv: there is no such file"):
        read_result(tmp_path / "none.csv")
    (tmp_path / "notes.txt").write_text("", encoding="utf-8")
    with pytest.raises(StudyError, match=r"notes\.txt: is no table"):
        read_result(tmp_path / "notes.txt")
    for name in "ab":
        write_csv(ROWS, tmp_path / f"{name}.csv")
    with pytest.raises(StudyError, match=r"has 2 \.csv files and no \.parquet"):
        read_result(tmp_path)


def test_printed_json_is_a_row_and_its_lists_are_tables(tmp_path: Path) -> None:
    file = tmp_path / "cost.json"
    file.write_text(
        '{"latency_s": 1.5, "traffic_bytes": {"DRAM": 8}, "provenance": {"python": "3"},'
        ' "boundaries": [1, 2], "rows": [{"part": "DRAM", "count": 1}, {"part": "Array"}]}',
        encoding="utf-8",
    )
    tables = read_results(file)
    assert tables["results"].rows() == [
        {"latency_s": 1.5, "traffic_bytes.DRAM": 8, "boundaries.0": 1, "boundaries.1": 2}
    ]
    assert tables["rows"].rows()[1] == {"part": "Array", "count": None}
    file.write_text('[{"a": 1}]', encoding="utf-8")
    assert read_results(file)["results"].rows() == [{"a": 1}]
    file.write_text("[", encoding="utf-8")
    with pytest.raises(StudyError, match=r"cost\.json: cannot be read as JSON"):
        read_results(file)


def test_texts_that_are_stored_once_each_are_texts(tmp_path: Path) -> None:
    import pyarrow as pa
    from pyarrow.parquet import write_table

    column = pa.array(["DRAM", "compute", "DRAM"]).dictionary_encode()
    write_table(pa.table({"bound": column}), tmp_path / "0.parquet")
    assert read_result(tmp_path)["bound"].tolist() == ["DRAM", "compute", "DRAM"]
