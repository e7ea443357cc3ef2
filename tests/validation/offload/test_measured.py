"""Rows of the harness as they are read back, and what is refused."""

import pytest

from accelsim.base.errors import InputError
from accelsim.validation.offload.measured import read_offload

HEAD = "kernel,params,ms,min_ms,parts,error\n"
LAYER = '"{""model"": ""llama3_8b"", ""b"": 1, ""m"": 1024, ""place"": ""one""}"'


def written(tmp_path, *rows, head=HEAD):
    file = tmp_path / "measured.csv"
    file.write_text(head + "".join(f"{row}\n" for row in rows))
    return file


def test_times_of_parts_are_kept_and_other_facts_are_not(tmp_path):
    row = f'decode_layer,{LAYER},0.15,0.14,"{{""form"": ""graph"", ""before_ms"": 0.02}}",'
    (found,) = read_offload(written(tmp_path, row))
    assert found.is_layer and found.is_steady
    assert (found.call.b, found.call.m, found.call.place) == (1, 1024, "one")
    assert found.parts == {"before_ms": 0.02}


def test_a_failed_row_is_not_steady(tmp_path):
    (found,) = read_offload(written(tmp_path, f"decode_layer,{LAYER},,,,does not fit"))
    assert (found.ms, found.error, found.is_steady) == (None, "does not fit", False)


def test_a_row_20_percent_above_its_least_is_not_steady(tmp_path):
    rows = (f"decode_layer,{LAYER},{ms},1.0,," for ms in ("1.19", "1.21"))
    assert [row.is_steady for row in read_offload(written(tmp_path, *rows))] == [True, False]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (f"decode_layer,{LAYER},fast,1,,", ":2: ms 'fast' is no number above 0"),
        (f"decode_layer,{LAYER},1,1,[],", ":2: parts are no JSON object"),
        (f"decode_layer,{LAYER},1,1,{{,", ":2: parts are not JSON"),
        (
            f'decode_layer,{LAYER},1,1,"{{""before_ms"": -1}}",',
            ":2: before_ms -1 is no number above 0",
        ),
        ('gemm,"{""m"": 1, ""n"": 1, ""k"": 1}",1,1,,', ":2: there is no kernel 'gemm'"),
    ],
)
def test_bad_rows_are_refused_by_their_line(tmp_path, row, words):
    with pytest.raises(InputError) as refused:
        read_offload(written(tmp_path, row))
    assert words in str(refused.value)


def test_a_table_without_parts_is_another_table(tmp_path):
    with pytest.raises(InputError, match="no column 'parts'"):
        read_offload(written(tmp_path, head="kernel,params,ms,min_ms,error\n"))


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match="none.csv: cannot be read"):
        read_offload(tmp_path / "none.csv")
