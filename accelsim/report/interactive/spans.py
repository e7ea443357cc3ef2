"""Who does what in time: a row an actor, a bar for what it does from one time to another."""

from typing import TYPE_CHECKING

import pandas as pd

from accelsim.report.interactive.look import HUES, escaped, open_figure
from accelsim.report.serving import activity_colours
from accelsim.report.style import COLOURS
from accelsim.sim.timeline import ACTIVITIES, IDLE

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

ROW_PX = 26
AROUND_PX = 120
LEAST_PX = 260
ENDS = (("start_s", "end_s", "s"), ("start_cycles", "end_cycles", "cycles"))
"""The columns of a table of spans, and what time is in."""


def has_spans(frame: pd.DataFrame) -> bool:
    """Whether rows are actors from one time to another."""
    return "actor" in frame and any({start, end} <= set(frame) for start, end, _ in ENDS)


def spans(frame: pd.DataFrame) -> "Figure":
    """`frame` has actor, start and end, and perhaps activity, label and batch."""
    from plotly.graph_objects import Bar

    start, end, unit = next(each for each in ENDS if set(each[:2]) <= set(frame))
    kinds = frame["activity"].astype(str) if "activity" in frame else frame["actor"].astype(str)
    colours = _colours(list(dict.fromkeys(kinds)))
    actors = list(dict.fromkeys(frame["actor"].astype(str)))
    figure = open_figure(
        "",
        {"title": {"text": f"time ({unit})"}, "tickformat": "~s" if unit == "s" else ",~g"},
        {"type": "category", "categoryarray": actors[::-1], "categoryorder": "array"},
        barmode="overlay",
        height=max(LEAST_PX, AROUND_PX + ROW_PX * len(actors)),
        meta={"log": []},
    )
    for kind, colour in colours.items():
        own = frame[kinds == kind]
        told = own["label"].fillna("").astype(str) if "label" in own else own["actor"].astype(str)
        figure.add_trace(
            Bar(
                x=(own[end] - own[start]).to_numpy(float),
                base=own[start].to_numpy(float),
                y=[escaped(name) for name in own["actor"].astype(str)],
                orientation="h",
                name=escaped(kind),
                marker={"color": colour},
                customdata=[escaped(text) for text in told],
                hovertemplate=f"%{{y}}: {escaped(kind)}<br>from %{{base:.6~s}}{unit}, "
                f"%{{x:.4~s}}{unit}<br>%{{customdata}}<extra></extra>",
            )
        )
    return figure


def _colours(kinds: list[str]) -> dict[str, str]:
    if set(kinds) <= set(ACTIVITIES):
        return activity_colours(kinds)
    hues = {kind: HUES[number % len(HUES)] for number, kind in enumerate(kinds)}
    return {kind: COLOURS["silver"] if kind in IDLE else hue for kind, hue in hues.items()}
