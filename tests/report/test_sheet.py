import matplotlib
import numpy as np
import pytest

from accelsim.report.sheet import Key, add_boxes, house_style, open_sheet, width_pt, wrapped
from accelsim.report.style import FONT, TEXT_PT, WIDTH_PT


def texts(figure):
    return [text.get_text() for text in figure.texts]


def test_the_style_is_there_while_drawing_and_gone_afterwards():
    before = matplotlib.rcParams["font.size"]
    with house_style():
        assert matplotlib.rcParams["font.size"] == TEXT_PT
        assert matplotlib.rcParams["font.sans-serif"] == [FONT]
    assert matplotlib.rcParams["font.size"] == before


def test_the_style_does_not_depend_on_the_users_settings():
    with matplotlib.rc_context({"axes.facecolor": "red"}), house_style():
        assert matplotlib.rcParams["axes.facecolor"] == "white"


def test_twice_the_text_is_twice_as_wide():
    assert width_pt("MMMM") == pytest.approx(2 * width_pt("MM"), rel=0.05)
    assert width_pt("MM", 14) == pytest.approx(2 * width_pt("MM", 7), rel=0.05)


def test_lines_are_no_wider_than_asked_and_hold_every_word_in_order():
    text = "one two three four five six seven eight nine ten"
    lines = wrapped(text, 60)
    assert len(lines) > 1
    assert all(width_pt(line) <= 60 for line in lines)
    assert " ".join(lines) == text


def test_no_text_is_no_line():
    assert wrapped("  ", 100) == []


def test_the_body_has_the_height_that_was_asked_for():
    with house_style():
        bare = open_sheet("T", 100).figure.get_figheight() * 72
        taller = open_sheet("T", 150).figure.get_figheight() * 72
    assert taller - bare == pytest.approx(50)


def test_title_headline_legend_and_caption_are_written():
    with house_style():
        sheet = open_sheet(
            "Title", 50, headline="Head", keys=[Key("a", "#000000")], caption="From X."
        )
    assert texts(sheet.figure) == ["Title", "Head", "a", "From X."]
    assert sheet.figure.get_figwidth() * 72 == pytest.approx(WIDTH_PT)


def test_every_key_of_a_long_legend_is_written_within_the_figure():
    keys = [
        Key(f"configuration {i}", "#000000", line=i == 0, marker="o" * (i == 1)) for i in range(9)
    ]
    with house_style():
        figure = open_sheet("T", 50, keys=keys).figure
        ends = [text.get_window_extent().x1 for text in figure.texts]
    assert texts(figure)[1:] == [key.label for key in keys]
    assert max(ends) <= figure.bbox.x1


def test_axes_are_placed_in_points_from_the_corner_of_the_body():
    with house_style():
        sheet = open_sheet("T", 100, caption="C")
        box = sheet.axes(20, 30, 100, 40).get_position()
    height = sheet.figure.get_figheight() * 72
    assert box.x0 * WIDTH_PT == pytest.approx(20)
    assert box.y0 * height == pytest.approx(sheet.bottom_pt + 30)
    assert box.height * height == pytest.approx(40)


def test_boxes_are_one_artist_and_those_without_a_height_are_left_out():
    with house_style():
        axes = open_sheet("T", 100).axes(20, 20, 100, 50)
        add_boxes(axes, np.array([[0, 0, 1, 5], [1, 0, 2, np.nan]]), "#0060A0", "a")
    (artist,) = axes.collections
    (box,) = (path.get_extents() for path in artist.get_paths())
    assert (box.x0, box.y0, box.x1, box.y1) == (0, 0, 1, 5)
