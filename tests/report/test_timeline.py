import numpy as np
import pytest
from matplotlib.colors import to_hex

from accelsim.base.errors import OutputError
from accelsim.report.save import save_figure
from accelsim.report.timeline import TILE_COLOURS, WAITING, draw_timeline
from accelsim.sim.trace import Interval, StepSpan, Subject, Trace


def interval(actor, activity, start, end, tile=0):
    return Interval(actor, activity, start, end, Subject("attention", 1, "QK", tile))


TRACE = Trace(
    (
        interval("DRAM", "load", 0, 10),
        interval("Array", "wait", 0, 5),
        interval("Array", "work", 5, 25),
        interval("Array", "work", 25, 40, tile=1),
    ),
    (StepSpan("attention", 0, 40, tiles_played=2, tiles=6),),
)


def boxes(figure):
    """(colour, start, end) of every box, row by row."""
    found = []
    for artist in figure.axes[0].collections:
        for path in artist.get_paths():
            x = path.vertices[:, 0]
            found.append((to_hex(artist.get_facecolor()[0]).upper(), x.min(), x.max()))
    return found


def test_a_box_for_each_interval_in_the_colour_of_its_tile_and_grey_while_it_waits():
    assert boxes(draw_timeline(TRACE, "A trace")) == [
        (WAITING, 0, 5),
        (TILE_COLOURS[0], 5, 25),
        (TILE_COLOURS[1], 25, 40),
        (TILE_COLOURS[0], 0, 10),
    ]


def test_rows_are_named_after_phase_actor_and_einsums_and_time_ends_with_the_last_tile():
    axes = draw_timeline(TRACE, "A trace").axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == [
        "1 Array: QK",
        "DRAM load: QK",
    ]
    assert axes.get_xlim() == (0, 40)


def test_the_first_tile_alone_ends_with_its_work():
    axes = draw_timeline(TRACE, "A trace", tiles=1).axes[0]
    assert np.isclose(axes.get_xlim()[1], 25)


@pytest.mark.parametrize("kind", ["png", "svg"])
def test_a_figure_is_saved_under_its_name(tmp_path, kind):
    file = save_figure(draw_timeline(TRACE, "A trace"), tmp_path / f"trace.{kind}")
    assert file.stat().st_size > 1000


def test_another_format_is_refused(tmp_path):
    with pytest.raises(OutputError, match="a figure is a .png or .svg; name it like figure.png"):
        save_figure(draw_timeline(TRACE, "A trace"), tmp_path / "trace.pdf")
