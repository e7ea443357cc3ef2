"""Tables as they lie in files and folders."""

from pathlib import Path

import pytest

from accelsim.base.errors import StudyError
from accelsim.study.results import read_result, read_results
from accelsim.study.table import Table, write_csv, write_parquet, write_tables

ROWS = Table.of({"seq_len": [1024, 4096], "latency_s": [0.5, 0.25], "bound": ["DRAM", "compute"]})
MORE = Table.of({"seq_len": [8192], "latency_s": [0.125], "error": ["it does not fit"]})


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_file_is_a_table(tmp_path: Path, ending: str) -> None:
    (write_csv if ending == "csv" else write_parquet)(ROWS, tmp_path / f"a.{ending}")
    assert read_result(tmp_path / f"a.{ending}").rows() == ROWS.rows()
    assert list(read_results(tmp_path / f"a.{ending}")) == ["a"]


def test_pieces_in_a_folder_are_one_table(tmp_path: Path) -> None:
    write_parquet(ROWS, tmp_path / "chunks" / "0.parquet")
    write_parquet(MORE, tmp_path / "chunks" / "1.parquet")
    (tmp_path / "chunks" / ".2.parquet").write_text("half of a file")
    rows = read_result(tmp_path).rows()
    assert [row["seq_len"] for row in rows] == [1024, 4096, 8192]
    assert [row["error"] for row in rows] == [None, None, "it does not fit"]
    assert list(read_results(tmp_path)) == ["results"]


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
