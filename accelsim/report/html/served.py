"""What a simulated run is worth seeing of: who did what, and how long requests waited."""

import numpy as np
import pandas as pd

from accelsim.report.html.chosen import Chosen
from accelsim.report.interactive.lines import lines
from accelsim.report.interactive.spans import spans
from accelsim.report.plots.gantt import draw_gantt

MOST_SPANS = 4000
POINTS = 200
"""Of a line, of however many requests."""
WAITS = {
    "ttft_s": "until the first token",
    "tbt_mean_s": "between tokens, mean of a request",
    "tbt_max_s": "between tokens, longest of a request",
}
"""Of a table of requests, columns of which each is a line."""


def schedule(frame: pd.DataFrame) -> Chosen:
    """Of a table of spans."""
    shown = frame.iloc[:MOST_SPANS]
    cut = "" if len(shown) == len(frame) else f"; the first {MOST_SPANS:,} of {len(frame):,} spans"
    return Chosen(f"Who does what, and when{cut}.", spans(shown), draw_gantt(shown))


def has_waits(frame: pd.DataFrame) -> bool:
    """Whether rows are requests that had to wait for something."""
    return "number" in frame and any(frame[name].notna().any() for name in WAITS if name in frame)


def waits(frame: pd.DataFrame) -> Chosen:
    """The share of requests that waited no longer than a time, for each thing to wait for."""
    found = [
        _shares(frame[name].dropna().to_numpy(float), what)
        for name, what in WAITS.items()
        if name in frame and frame[name].notna().any()
    ]
    long = pd.concat(found, ignore_index=True)
    caption = f"Share of {len(frame):,} requests that waited no longer, a line for each wait."
    figure = lines(long, "time_s", "share of requests", ("wait",))
    figure.layout.meta = {**figure.layout.meta, "log": ["x"]}
    figure.layout.yaxis.update(type="linear", dtick=None, range=[0, 1.03], tickformat=".0%")
    return Chosen(caption, figure)


def _shares(values: np.ndarray[tuple[int], np.dtype[np.float64]], what: str) -> pd.DataFrame:
    """At so many even shares, the least time within which that share is; equal times once."""
    shares = np.linspace(1 / len(values), 1, min(POINTS, len(values)))
    times = np.quantile(values, shares, method="inverted_cdf")
    rows = pd.DataFrame({"wait": what, "time_s": times, "share of requests": shares})
    return rows.groupby("time_s", as_index=False).last()
