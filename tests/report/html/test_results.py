import pandas as pd
import pytest

from accelsim.base.errors import StudyError
from accelsim.report.html.results import read


def test_a_folder_of_tables_is_read_with_what_it_rests_on(results, told):
    found = read(results({"b": pd.DataFrame({"x": [1]}), "a": pd.DataFrame({"x": [2]})}, told))
    assert list(found.tables) == ["a", "b"]
    assert found.provenance["source"] == "made up"


def test_a_sweep_has_a_folder_for_each_table_and_rows_that_failed(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        frame = pd.DataFrame({"point": [7, 8], "latency_s": [1.0, None], "error": [None, "bad"]})
        frame.to_parquet(tmp_path / name / "part-1.parquet")
    found = read(tmp_path)
    assert {name: table.rows() for name, table in found.tables.items()} == {
        "one": [{"latency_s": 1.0}],
        "two": [{"latency_s": 1.0}],
    }
    assert found.failed == {"one": 1, "two": 1}


def test_a_column_of_errors_is_a_column_where_no_sweep_made_it(tmp_path):
    file = tmp_path / "fit.csv"
    pd.DataFrame({"law": ["a", "b"], "error": [0.1, 0.2]}).to_csv(file, index=False)
    assert len(read(file).tables["fit"]) == 2


def test_pictures_are_taken_once_and_as_vectors(results):
    folder = results({"t": pd.DataFrame({"x": [1]})})
    for name in ("a.png", "a.svg", "b.png"):
        (folder / name).write_bytes(b"x")
    assert [file.name for file in read(folder).pictures] == ["a.svg", "b.png"]


@pytest.mark.parametrize(
    ("name", "said"),
    [("none.csv", "there are no such results"), ("none", "there are no such results")],
)
def test_what_is_not_there_is_named(tmp_path, name, said):
    with pytest.raises(StudyError, match=f"{name}: {said}. Name a folder"):
        read(tmp_path / name)


def test_empty_tables_are_no_results(tmp_path):
    (tmp_path / "t.csv").write_text("a,b\n", encoding="utf-8")
    with pytest.raises(StudyError, match="has no table with a row in it"):
        read(tmp_path)
