import pytest

from accelsim.sim.timeline import Span, Window, busy_share


def test_a_window_keeps_what_reaches_into_it():
    window = Window(1.0, 2.0)
    for start, end in [(0.0, 1.0), (0.5, 1.1), (1.2, 1.3), (1.9, 2.5), (2.0, 3.0), (0.0, 9.0)]:
        window.note(Span("H100", "model", start, end))
    kept = [(span.start_s, span.end_s) for span in window.spans]
    assert kept == [(0.5, 1.1), (1.2, 1.3), (1.9, 2.5), (0.0, 9.0)]


def test_a_window_of_a_long_run_stays_small():
    window = Window(10.0, 11.0)
    for step in range(100_000):
        window.note(Span("H100", "model", step * 0.01, (step + 1) * 0.01))
    assert 100 <= len(window.spans) <= 102


@pytest.mark.parametrize(("start", "end"), [(2, 1), (1, 1), (-1, 1), (float("nan"), 1)])
def test_a_window_reaches_forward(start, end):
    with pytest.raises(ValueError, match="a window cannot reach from"):
        Window(start, end)


def test_lanes_are_in_the_order_given_and_then_as_actors_appear_and_spans_by_time():
    window = Window(0.0, 9.0, actors=("idle", "a"))
    for span in (Span("b", "model", 2, 3), Span("a", "model", 0, 1), Span("b", "wait", 0, 2)):
        window.note(span)
    lanes = window.lanes()
    assert list(lanes) == ["idle", "a", "b"]
    assert lanes["idle"] == []
    assert [span.start_s for span in lanes["b"]] == [0, 2]


def test_busy_is_what_is_no_waiting_and_overlaps_count_once():
    window = Window(0.0, 10.0)
    for activity, start, end in [("model", 1, 3), ("send", 2, 4), ("wait", 4, 8), ("model", 9, 12)]:
        window.note(Span("H100", activity, start, end))
    window.note(Span("H20", "wait", 0, 10))
    assert busy_share(window) == {"H100": pytest.approx(0.4), "H20": 0}
