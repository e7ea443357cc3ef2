import pytest
from matplotlib.colors import to_hex

from accelsim.report.save import save_figure
from accelsim.report.serving import ACTIVITY_COLOURS, activity_colours, draw_serving
from accelsim.sim.tally import Point
from accelsim.sim.timeline import ACTIVITIES, Span, Window

BATCH = [Point(0, 60, 100), Point(60, 120, 300), Point(120, 150, 50)]
TOKENS = [Point(0, 60, 2000), Point(60, 120, 5000), Point(120, 150, 1000)]


def window():
    made = Window(70.0, 70.1, actors=("H100 0", "link", "H20 0"))
    made.note(Span("H100 0", "model", 69.99, 70.03, batch=300))
    made.note(Span("H100 0", "wait", 70.03, 70.08))
    made.note(Span("H20 0", "attention", 70.04, 70.2, batch=300))
    return made


def boxes(axes):
    """(colour, row, start, end) of every box."""
    found = []
    for artist in axes.collections:
        for path in artist.get_paths():
            x, y = path.vertices.T
            colour = to_hex(artist.get_facecolor()[0]).upper()
            found.append((colour, round(y.mean()), round(x.min(), 6), round(x.max(), 6)))
    return found


def drawn(batch=BATCH, tokens=TOKENS):
    return draw_serving(window(), batch, tokens, "A run")


def test_a_box_for_each_span_in_the_colour_of_its_activity_cut_to_the_window():
    assert boxes(drawn().axes[0]) == [
        (ACTIVITY_COLOURS["model"], 0, 0, 30),
        (ACTIVITY_COLOURS["wait"], 0, 30, 80),
        (ACTIVITY_COLOURS["attention"], 2, 40, 100),
    ]


def test_lanes_are_the_actors_in_their_order_over_milliseconds_of_the_window():
    lanes = drawn().axes[0]
    assert [label.get_text() for label in lanes.get_yticklabels()] == ["H100 0", "link", "H20 0"]
    assert lanes.get_xlabel() == "time since 70 s (ms)"
    assert lanes.get_xlim() == pytest.approx((0, 100))


def test_curves_cover_the_whole_run_with_their_units():
    _, batch, tokens = drawn().axes
    assert (batch.get_ylabel(), tokens.get_ylabel()) == (
        "batch size\n(requests)",
        "throughput\n(tokens/s)",
    )
    assert tokens.get_xlabel() == "time (min)"
    assert batch.get_xlim() == tokens.get_xlim() == (0, 2.5)
    steps = batch.patches[-1].get_data()
    assert (list(steps.values), list(steps.edges)) == ([100, 300, 50], [0, 1, 2, 2.5])


def test_the_headline_has_the_means_over_time():
    texts = [text.get_text() for text in drawn().texts]
    # (100 * 60 + 300 * 60 + 50 * 30) / 150 and (2000 * 60 + 5000 * 60 + 1000 * 30) / 150
    assert "Mean batch 170, 3k tokens/s" in texts


def test_a_system_of_many_actors_says_how_many_are_not_shown():
    many = Window(0.0, 1.0, actors=[f"H100 {n}" for n in range(64)])
    figure = draw_serving(many, BATCH, TOKENS, "A run", caption="All at once.")
    assert len(figure.axes[0].get_yticks()) == 16
    written = " ".join(text.get_text() for text in figure.texts)
    assert "All at once. The first 16 of 64 actors are shown." in written


def test_every_activity_has_its_colour_and_a_new_one_gets_another():
    assert set(ACTIVITY_COLOURS) == set(ACTIVITIES)
    colours = activity_colours(["wait", "fetch", "model"])
    assert list(colours) == ["model", "wait", "fetch"]
    assert colours["fetch"] not in ACTIVITY_COLOURS.values()


def test_a_run_of_nothing_is_drawn_empty(tmp_path):
    figure = draw_serving(Window(0.0, 1.0), [], [], "A run")
    assert save_figure(figure, tmp_path / "timeline.png").stat().st_size > 1000


def test_the_figure_is_saved(tmp_path):
    assert save_figure(drawn(), tmp_path / "timeline.svg").stat().st_size > 1000
