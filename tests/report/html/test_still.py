"""Figures for print: what their axes say."""

import re

import pandas as pd

from accelsim.report.html.still import svg
from accelsim.report.interactive.lines import lines


def ticks_of(seconds):
    """Texts with a prefix; matplotlib names the text of each path in a comment."""
    frame = pd.DataFrame({"size": [1.0, 2.0, 3.0], "latency_s": seconds})
    picture = svg(lines(frame, "size", "latency_s")).decode()
    return [word for word in re.findall("<!-- (.+?) -->", picture) if word.endswith("m")]


def test_no_two_ticks_of_an_axis_read_the_same():
    """568.7 ms and 568.8 ms are both 569 in three digits."""
    ticks = ticks_of([0.5687, 0.5688, 0.5694])
    assert len(ticks) > 3
    assert len(set(ticks)) == len(ticks)


def test_three_digits_are_enough_where_ticks_differ_by_them():
    assert "100m" in ticks_of([0.1, 0.2, 0.4])
