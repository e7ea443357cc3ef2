"""Time, energy and kept bytes of mechanisms against the context: `report.contexts`, of a table."""

import pandas as pd
from matplotlib.figure import Figure

from accelsim.report.contexts import COMPARED, draw_contexts
from accelsim.report.plots.columns import caption_of


def draw_mechanisms(frame: pd.DataFrame, *, title: str = "", caption: str = "") -> Figure:
    """`frame` has variant and context, and of latency_s, energy_pj and kept_bytes what there is;
    with several machines, a line each."""
    rows = frame
    if "machine" in frame and frame["machine"].nunique() > 1:
        rows = frame.assign(variant=frame["variant"] + " on " + frame["machine"])
    on = f" on {frame['machine'].iloc[0]}" if rows is frame and "machine" in frame else ""
    phases = ", ".join(dict.fromkeys(frame["phase"])) if "phase" in frame else "mechanisms"
    panels = [panel for panel in COMPARED if panel.column in frame]
    return draw_contexts(
        rows,
        panels,
        caption_of(frame, caption),
        title=title or f"Against the context: {phases}{on}",
    )
