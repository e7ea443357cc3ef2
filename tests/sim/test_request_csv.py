import tracemalloc

import pytest

from accelsim.base.errors import TraceError
from accelsim.sim.request import Request
from accelsim.sim.request_csv import trace_requests

HEADER = "arrived_at,num_prefill_tokens,num_decode_tokens\n"


@pytest.fixture
def trace(tmp_path):
    def written(text, name="t.csv"):
        file = tmp_path / name
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return file

    return written


def test_requests_are_numbered_in_the_order_of_the_file(trace):
    file = trace(HEADER + "0.0,374,44\n4.314579,396,109\n")
    assert list(trace_requests(file)) == [Request(0, 0.0, 374, 44), Request(1, 4.314579, 396, 109)]


def test_columns_are_found_by_name_and_others_are_not_read(trace):
    text = "user,num_decode_tokens,arrived_at,num_prefill_tokens\n\nann,44,0.5,374\n"
    assert list(trace_requests(trace("\ufeff" + text))) == [Request(0, 0.5, 374, 44)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "",
            ":1: the trace has no column 'arrived_at'. Save it as CSV, in UTF-8, with the columns",
        ),
        (
            "arrived_at,num_prefil_tokens,num_decode_tokens\n0,1,1\n",
            ":1: the trace has no column 'num_prefill_tokens'; it has arrived_at, "
            "num_prefil_tokens, num_decode_tokens. Did you mean 'num_prefil_tokens'?",
        ),
        (HEADER, ": the trace has no requests. Add a row for each"),
        (HEADER + "\n\n", ": the trace has no requests. Add a row for each"),
        (
            HEADER + "0,8,1\n1,8,0\n",
            ":3: num_decode_tokens: '0' is no number of tokens. "
            "Write a whole number from 1 to 1,000,000,000",
        ),
        (HEADER + "0,-8,1\n", ":2: num_prefill_tokens: '-8' is no number of tokens."),
        (HEADER + "0,8.5,1\n", ":2: num_prefill_tokens: '8.5' is no number of tokens."),
        (HEADER + "0,,1\n", ":2: num_prefill_tokens: '' is no number of tokens."),
        (HEADER + "0,1e3,1\n", ":2: num_prefill_tokens: '1e3' is no number of tokens."),
        (HEADER + "0,9999999999,1\n", ":2: num_prefill_tokens: '9999999999' is no number"),
        (
            HEADER + "-1,8,1\n",
            ":2: arrived_at: '-1' is no time. Write seconds from the start of the trace, like 4.31",
        ),
        (HEADER + "nan,8,1\n", ":2: arrived_at: 'nan' is no time."),
        (HEADER + "inf,8,1\n", ":2: arrived_at: 'inf' is no time."),
        (HEADER + "noon,8,1\n", ":2: arrived_at: 'noon' is no time."),
        (
            HEADER + "0,8,1\n5,8,1\n4,8,1\n",
            ":4: arrived_at goes back from 5 s to 4 s. Sort the rows by arrived_at",
        ),
        (HEADER + "0,8\n", ":2: the row has 2 cells, the header 3. Give every column a value"),
        (b"\x89PNG\r\n\x1a\n\xff\xfe", ": this is no text. Save it as CSV"),
        (HEADER + "0,8,1\n0," + "8" * 200_000 + ",1\n", ":3: this is no CSV: field larger than"),
    ],
)
def test_a_bad_trace_is_refused_with_place_fact_and_remedy(trace, text, message):
    file = trace(text)
    with pytest.raises(TraceError) as caught:
        list(trace_requests(file))
    assert str(caught.value).startswith(f"{file}{message}")


def test_a_file_that_is_not_there_is_refused_before_a_request_is_asked_for(tmp_path):
    with pytest.raises(TraceError, match="nowhere.csv: cannot be read: No such file"):
        trace_requests(tmp_path / "nowhere.csv")
    with pytest.raises(TraceError, match="cannot be read: Is a directory"):
        trace_requests(tmp_path)


def test_a_long_trace_takes_no_more_memory_than_a_short_one(trace):
    def peak(rows):
        file = trace(HEADER + "".join(f"{n},8,1\n" for n in range(rows)))
        tracemalloc.start()
        assert sum(1 for _ in trace_requests(file)) == rows
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    peak(10)
    assert peak(50_000) < 2 * peak(1_000)
