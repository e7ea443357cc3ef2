from itertools import combinations, pairwise

import numpy as np
import pytest

from accelsim.report import contexts
from accelsim.report.plots import buffer, gantt, roofline, tornado
from accelsim.report.serving import ACTIVITY_COLOURS
from accelsim.report.style import (
    COLOURS,
    DARK,
    DARK_GROUND,
    FAINT,
    INK,
    MARKERS,
    TEXT_PT,
    contrast_on_white,
    decimals,
    prefixed,
    readable,
    tick_label,
    unit_label,
    with_unit,
)

# What the cones of people with colour vision deficiencies make of linear RGB: Machado, Oliveira and
# Fernandes, "A physiologically-based model for simulation of color vision deficiency", 2009,
# severity 1.0.
SEEN = {
    "all cones": np.eye(3),
    "no long ones": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "no middle ones": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "no short ones": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}


def linear(colour):
    parts = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def lab(rgb):
    """CIE L*a*b* of linear sRGB under D65."""
    to_xyz = np.array(
        [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    )
    xyz = to_xyz @ np.clip(rgb, 0, 1) / np.array([0.9505, 1.0, 1.089])
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def nearest(names, eyes):
    """The smallest difference (CIE 1976) between any two of the colours."""
    seen = [lab(SEEN[eyes] @ linear(COLOURS[name])) for name in names]
    return min(np.linalg.norm(a - b) for a, b in combinations(seen, 2))


@pytest.mark.parametrize("eyes", SEEN)
def test_every_two_colours_differ_by_ten_just_noticeable_differences_for_all_eyes(eyes):
    assert nearest(COLOURS, eyes) > 10


@pytest.mark.parametrize("eyes", SEEN)
def test_the_colours_of_the_five_configurations_differ_by_more_than_twenty(figures, eyes):
    assert nearest([look.colour for look in figures.names["config"].values()], eyes) > 20


@pytest.mark.parametrize("eyes", SEEN)
def test_the_colours_of_the_activities_of_a_system_differ_by_more_than_fifteen(eyes):
    names = {colour: name for name, colour in COLOURS.items()}
    assert nearest([names[colour] for colour in ACTIVITY_COLOURS.values()], eyes) > 15


@pytest.mark.parametrize("eyes", SEEN)
@pytest.mark.parametrize("hues", [gantt.TILES, roofline.HUES])
def test_what_colour_alone_tells_apart_in_a_figure_differs_by_more_than_twelve(hues, eyes):
    names = {colour: name for name, colour in COLOURS.items()}
    assert nearest([names[hue] for hue in hues], eyes) > 12


@pytest.mark.parametrize("hues", [buffer.HUES, contexts.HUES])
def test_lines_have_markers_too(hues):
    """Two of these six differ by 11 for eyes without middle cones."""
    assert len(set(MARKERS)) >= len(hues)


def test_the_two_sides_of_an_elasticity_differ_by_more_than_forty_for_all_eyes():
    sides = [colour for _, colour in tornado.SIDES.values()]
    assert min(nearest(sides, eyes) for eyes in SEEN) > 40


def test_neighbouring_configurations_print_as_different_greys(figures):
    lightness = [lab(linear(COLOURS[look.colour]))[0] for look in figures.names["config"].values()]
    steps = [abs(a - b) for a, b in pairwise(lightness)]
    assert min(steps) > 8


@pytest.mark.parametrize("colour", COLOURS.values())
def test_text_in_any_colour_has_a_contrast_of_4_5_on_white(colour):
    text = readable(colour)
    assert contrast_on_white([int(text[i : i + 2], 16) / 255 for i in (1, 3, 5)]) >= 4.5


def test_black_on_white_has_a_contrast_of_21_and_stays_black():
    assert contrast_on_white([0, 0, 0]) == pytest.approx(21)
    assert readable("#000000") == "#000000"


def test_text_is_seven_points_at_least():
    assert TEXT_PT >= 7


@pytest.mark.parametrize(
    ("largest", "digits"),
    [(0.987, 2), (9.87, 2), (98.7, 1), (99.99, 1), (100, 0), (10, 1), (1234, 0), (0, 2)],
)
def test_the_largest_number_gets_three_digits(largest, digits):
    assert decimals(largest) == digits


@pytest.mark.parametrize(
    ("number", "text"),
    [(1234567, "1.23M"), (999.9, "1k"), (1000, "1k"), (5, "5"), (0.0021, "2.1m"), (0, "0")],
)
def test_large_and_small_numbers_have_prefixes(number, text):
    assert prefixed(number) == text


def test_a_tick_has_a_prefix_only_where_it_saves_zeros():
    assert [tick_label(tick) for tick in (0, 0.5, 100, 1000, 2e5)] == [
        "0",
        "0.5",
        "100",
        "1k",
        "200k",
    ]


def test_units_are_written_as_in_print():
    assert unit_label("mm^2") == "mm²"
    assert unit_label("us") == "µs"
    assert with_unit("6.72", "×") == "6.72×"
    assert with_unit("98.6", "%") == "98.6 %"


def test_on_a_dark_ground_every_colour_is_seen_and_its_own():
    """3 to 1 for what is drawn, 4.5 to 1 for text (WCAG 2); a grid may be fainter."""

    def contrast(colour, ground):
        light, dark = (
            1.05 / contrast_on_white([int(each[i : i + 2], 16) / 255 for i in (1, 3, 5)])
            for each in (colour, ground)
        )
        return light / dark

    shown = [DARK.get(colour, colour) for colour in COLOURS.values()]
    assert len(set(shown)) == len(COLOURS)
    assert all(contrast(colour, DARK_GROUND) >= 3 for colour in shown)
    assert all(contrast(DARK[colour], DARK_GROUND) >= 4.5 for colour in (INK, FAINT))
