"""What is started on two CUDA devices, in which order and on which streams; torch's part is played
by a list of what it was told."""

from contextlib import contextmanager

import pytest

from accelsim.base.errors import InputError
from accelsim.validation.offload.devices import CudaPair

torch = pytest.importorskip("torch")


class Told(list):
    """torch.cuda, of which only the order of calls is known."""

    records = True
    devices = 2

    def play(self, monkeypatch):
        told = self

        class Stream:
            made = 0

            def __init__(self, device):
                Stream.made += 1
                self.name = f"{device}#{(Stream.made - 1) // told.devices}"

            def wait_stream(self, other):
                told.append(f"{self.name} after {other.name}")

        class Event:
            def __init__(self, enable_timing):
                assert enable_timing

            def record(self, stream):
                told.append(f"event on {stream.name}")

            def elapsed_time(self, last):
                return 1.5

        class Graph:
            def replay(self):
                told.append("replay")

        @contextmanager
        def stream(one):
            told.append(f"on {one.name}")
            yield

        @contextmanager
        def graph(one, stream, capture_error_mode):
            told.append(f"record on {stream.name}")
            if not told.records:
                raise RuntimeError("operation  not permitted")
            yield

        played = {
            "Stream": Stream,
            "Event": Event,
            "CUDAGraph": Graph,
            "stream": stream,
            "graph": graph,
            "_sleep": lambda cycles: told.append("sleep"),
            "synchronize": lambda name: None,
            "device_count": lambda: told.devices,
        }
        for name, part in played.items():
            monkeypatch.setattr(torch.cuda, name, part)
        return CudaPair()


@pytest.fixture
def told():
    return Told()


def test_work_is_recorded_once_over_both_devices_and_replayed(told, monkeypatch):
    pair = told.play(monkeypatch)
    recorded = pair.recorded(lambda: told.append("work"))
    assert recorded.form == "graph"
    assert told[told.index("record on cuda:0#0") :] == [
        "record on cuda:0#0",
        *(f"{other} after cuda:0#0" for other in ("cuda:1#0", "cuda:0#1", "cuda:1#1")),
        "work",
        *(f"cuda:0#0 after {other}" for other in ("cuda:1#0", "cuda:0#1", "cuda:1#1")),
    ]
    told.clear()
    recorded.run()
    assert told == ["on cuda:1#0", "on cuda:0#0", "replay"]


def test_what_cannot_be_recorded_is_queued_and_says_why(told, monkeypatch):
    told.records = False
    recorded = told.play(monkeypatch).recorded(lambda: told.append("work"))
    assert recorded.form == "queue (operation not permitted)"
    told.clear()
    recorded.run()
    assert "replay" not in told
    assert told.index("cuda:1#0 after cuda:0#0") < told.index("work")
    assert told.index("work") < told.index("cuda:0#0 after cuda:1#0")


def test_the_device_waits_before_the_events_that_enclose_a_run(told, monkeypatch):
    pair = told.play(monkeypatch)
    times = pair.times_ms(lambda: told.append("run"), 2)
    assert times == [1.5, 1.5]
    once = ["on cuda:0#0", "sleep", "event on cuda:0#0", "run", "event on cuda:0#0"]
    assert told == ["run", *once, *once]


def test_what_runs_aside_has_streams_of_its_own(told, monkeypatch):
    pair = told.play(monkeypatch)
    with pair.aside():
        pass
    assert told == ["on cuda:1#1", "on cuda:0#1"]


def test_without_a_second_device_it_is_said_when_one_is_wanted(told, monkeypatch):
    told.devices = 1
    pair = told.play(monkeypatch)
    assert pair.recorded(lambda: None).form == "graph"
    with pytest.raises(InputError, match="one CUDA device, and this takes two"):
        _ = pair.second
