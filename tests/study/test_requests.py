import subprocess
import sys
import tracemalloc

import pyarrow.parquet as pq
import pytest

from accelsim.base.errors import OutputError
from accelsim.sim.request import Outcome, Request
from accelsim.study.requests import COLUMNS, requests_file


def outcome(number, **changed):
    request = Request(number, 1.0 * number, prompt_tokens=100, output_tokens=5)
    return Outcome(
        request, 1.5 + number, 2.0 + number, 3.0 + number, tbt_mean_s=0.25, tbt_max_s=0.4
    )._replace(**changed)


def test_a_row_says_when_a_request_came_began_and_ended(tmp_path):
    with requests_file(tmp_path / "requests.parquet") as file:
        file.add(outcome(0, preempted=1, recomputed_tokens=103))
    assert pq.read_table(tmp_path / "requests.parquet").to_pylist() == [
        {
            "number": 0,
            "arrived_s": 0.0,
            "started_s": 1.5,
            "first_token_s": 2.0,
            "finished_s": 3.0,
            "prompt_tokens": 100,
            "output_tokens": 5,
            "ttft_s": 2.0,
            "tbt_mean_s": 0.25,
            "tbt_max_s": 0.4,
            "preempted": 1,
            "recomputed_tokens": 103,
        }
    ]


def test_a_time_that_there_is_not_is_null(tmp_path):
    with requests_file(tmp_path / "r.parquet") as file:
        file.add(outcome(0, first_token_s=None))
        for number in range(1, 12):
            file.add(outcome(number, tbt_mean_s=None, tbt_max_s=None))
    table = pq.read_table(tmp_path / "r.parquet")
    assert table["ttft_s"].to_pylist() == [None] + [2.0] * 11
    assert table["tbt_max_s"].to_pylist() == [0.4] + [None] * 11


def test_columns_carry_their_units(tmp_path):
    with requests_file(tmp_path / "r.parquet"):
        pass
    schema = pq.read_schema(tmp_path / "r.parquet")
    assert schema.names == list(COLUMNS)
    assert schema.field("ttft_s").metadata == {b"unit": b"s"}


def test_rows_are_written_in_groups_in_their_order(tmp_path):
    with requests_file(tmp_path / "r.parquet", group=10) as file:
        for number in range(25):
            file.add(outcome(number))
    with pq.ParquetFile(tmp_path / "r.parquet") as written:
        groups = [written.metadata.row_group(n).num_rows for n in range(written.num_row_groups)]
    assert groups == [10, 10, 5]
    assert pq.read_table(tmp_path / "r.parquet")["number"].to_pylist() == list(range(25))


def test_memory_does_not_grow_with_the_rows(tmp_path):
    def peak(rows):
        tracemalloc.start()
        with requests_file(tmp_path / "r.parquet", group=1000) as file:
            for number in range(rows):
                file.add(outcome(number))
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    peak(10)
    assert peak(20_000) < 2 * peak(2_000)


def test_a_run_that_fails_leaves_no_file_and_an_older_one_as_it_was(tmp_path):
    def fails():
        with requests_file(tmp_path / "r.parquet", group=1) as file:
            file.add(outcome(0))
            raise KeyError

    with pytest.raises(KeyError):
        fails()
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "r.parquet").write_text("older")
    with pytest.raises(KeyError):
        fails()
    assert (tmp_path / "r.parquet").read_text() == "older"


def test_a_place_that_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot be written"):
        requests_file(tmp_path / "file" / "r.parquet").__enter__()


PROGRAM = """
import sys
from accelsim.sim.request import Outcome, Request
from accelsim.study.requests import requests_file
with requests_file(sys.argv[1] + "/r.parquet") as file:
    file.add(Outcome(Request(0, 0.0, 1, 1), 0.0, None, 1.0, None, None))
sys.exit("pandas" in sys.modules)
"""


def test_writing_needs_no_pandas(tmp_path):
    assert (
        subprocess.run([sys.executable, "-c", PROGRAM, str(tmp_path)], check=False).returncode == 0
    )
