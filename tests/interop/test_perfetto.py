import json

import pytest

from accelsim.base.errors import OutputError
from accelsim.interop.perfetto import (
    span_events,
    trace_events,
    write_span_events,
    write_trace_events,
)
from accelsim.sim.timeline import Span, Window
from accelsim.sim.trace import Interval, StepSpan, Subject, Trace

QK = Subject("attention", 1, "QK", 0)
TRACE = Trace(
    (Interval("DRAM", "load", 0, 10, QK), Interval("Array", "work", 5, 25, QK)),
    (StepSpan("attention", 0, 25, tiles_played=1, tiles=1),),
)
GHZ = 1e9
WINDOW = Window(
    2.0,
    3.0,
    spans=[
        Span("H100 0", "model", 2.0, 2.03, "slice 1", batch=64),
        Span("H20 0", "attention", 2.03, 2.05, batch=64),
        Span("H100 0", "wait", 2.03, 2.05),
    ],
)


def test_twenty_cycles_at_1_ghz_are_a_slice_of_20_ns_in_microseconds():
    work = list(trace_events(TRACE, GHZ))[-1]
    assert (work["ph"], work["name"], work["cat"]) == ("X", "QK", "work")
    assert (work["ts"], work["dur"]) == pytest.approx((0.005, 0.020))
    assert (
        work["args"] | {"phase": 1, "tile": 0, "start_cycles": 5, "end_cycles": 25} == work["args"]
    )


def test_each_actor_is_a_named_thread():
    events = list(trace_events(TRACE, GHZ))
    names = {e["tid"]: e["args"]["name"] for e in events if e["name"] == "thread_name"}
    slices = [(names[e["tid"]], e["cat"]) for e in events if e["ph"] == "X"]
    assert slices == [("DRAM", "load"), ("Array", "work")]


def test_the_file_is_one_json_object_of_all_events(tmp_path):
    file = write_trace_events(TRACE, GHZ, tmp_path / "trace.json")
    assert json.loads(file.read_text())["traceEvents"] == list(trace_events(TRACE, GHZ))


def test_a_file_that_cannot_be_written_leaves_nothing(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError):
        write_trace_events(TRACE, GHZ, tmp_path / "file" / "trace.json")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_spans_of_a_system_are_slices_at_the_microseconds_of_the_run():
    model, attention, wait = [event for event in span_events(WINDOW) if event["ph"] == "X"]
    assert (model["name"], model["cat"], model["args"]["batch"]) == ("slice 1", "model", 64)
    assert (model["ts"], model["dur"]) == pytest.approx((2e6, 3e4))
    assert (attention["name"], attention["tid"], wait["tid"]) == ("attention", 2, model["tid"])


def test_the_file_of_a_system_is_one_json_object_of_all_events(tmp_path):
    file = write_span_events(WINDOW, tmp_path / "trace.json")
    assert json.loads(file.read_text())["traceEvents"] == list(span_events(WINDOW))
