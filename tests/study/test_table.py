"""Tables and their files."""

from pathlib import Path

import numpy as np
import pytest

from accelsim.base.errors import InputError
from accelsim.study.table import (
    Table,
    as_table,
    read_chosen,
    read_table,
    stacked,
    unit_of,
    write_csv,
    write_parquet,
    write_tables,
)

ROWS = Table.of(
    {
        "model": ["BERT", "T5"],
        "seq_len": [1024, 4096],
        "latency_s": [0.1, 1 / 3],
        "fits": [True, False],
    }
)


def test_rows_are_plain_python_values() -> None:
    assert ROWS.rows()[1] == {"model": "T5", "seq_len": 4096, "latency_s": 1 / 3, "fits": False}


def test_the_suffix_of_a_column_declares_its_unit() -> None:
    units = {name: unit_of(name) for name in ("latency_s", "area_um2", "energy_pj", "model")}
    assert units == {"latency_s": "s", "area_um2": "um^2", "energy_pj": "pJ", "model": ""}


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_what_is_written_is_read_again_to_the_last_bit(tmp_path: Path, ending: str) -> None:
    write_tables({"results": ROWS}, tmp_path)
    assert read_table(tmp_path / f"results.{ending}").rows() == ROWS.rows()


def test_every_table_is_a_csv_and_the_first_one_parquet_too(tmp_path: Path) -> None:
    written = write_tables({"results": ROWS, "pareto": ROWS.frame()}, tmp_path / "new")
    assert [path.name for path in written] == ["results.csv", "results.parquet", "pareto.csv"]
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == sorted(
        path.name for path in written
    )


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_the_address_of_a_point_has_64_bits_and_no_sign(tmp_path: Path, ending: str) -> None:
    table = Table({"point": np.array([3, 2**64 - 1], dtype=np.uint64)})
    write = write_csv if ending == "csv" else write_parquet
    read = read_table(write(table, tmp_path / f"points.{ending}"))
    assert read["point"].tolist() == [3, 2**64 - 1]


def test_parquet_tells_the_units(tmp_path: Path) -> None:
    from pyarrow.parquet import read_schema

    write_tables({"results": ROWS}, tmp_path)
    schema = read_schema(tmp_path / "results.parquet")
    assert schema.field("latency_s").metadata == {b"unit": b"s"}


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(InputError, match="cannot be written"):
        write_tables({"results": ROWS}, tmp_path / "file")


def test_a_file_that_is_no_table_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "bad.parquet").write_text("x", encoding="utf-8")
    with pytest.raises(InputError, match=r"bad\.parquet: cannot be read as a table"):
        read_table(tmp_path / "bad.parquet")
    with pytest.raises(InputError, match=r"none\.csv: cannot be read as a table"):
        read_table(tmp_path / "none.csv")


def test_rows_are_chosen_by_the_columns_that_are_there(tmp_path: Path) -> None:
    write_tables({"results": ROWS}, tmp_path)
    file = tmp_path / "results.parquet"
    chosen = read_chosen(file, {"model": ("T5", "XLM"), "window": (0,)})
    assert chosen.rows() == ROWS.rows()[1:]
    assert read_chosen(file, {}).rows() == ROWS.rows()
    with pytest.raises(InputError, match=r"none\.parquet: cannot be read as a table"):
        read_chosen(tmp_path / "none.parquet", {})


def test_tables_stand_below_each_other_with_gaps() -> None:
    both = stacked([Table.of({"a": [1], "b": [2]}), Table.of({"a": [3]})])
    assert both.rows() == [{"a": 1, "b": 2}, {"a": 3, "b": None}]


def test_a_pandas_frame_and_back_is_the_same_table() -> None:
    assert as_table(ROWS.frame()).rows() == ROWS.rows()


def test_a_column_that_is_not_there_is_an_error() -> None:
    with pytest.raises(InputError, match=r"no column 'latency'\. Did you mean 'latency_s'\?"):
        ROWS["latency"]
