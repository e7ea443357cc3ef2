"""The first tiles of a schedule as simulated, beside what the formula says: as a figure.

`accelsim simulate WORKLOAD MACHINE --tiles N` plays the same ones, and says the same numbers. The
formula's timeline (`figures.timeline`) knows no order; here each tile waits for its own data, and
arrays for one another.
"""

import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from accelsim.base.units import format_quantity
from accelsim.mapping.binding import bind
from accelsim.mapping.load import select
from accelsim.mapping.mapping import Choice
from accelsim.mapping.mapping import Mapping as LoopMapping
from accelsim.report.interactive.look import HUES, escaped, open_figure
from accelsim.report.page.answer import Answer, Side, answer
from accelsim.report.page.state import State
from accelsim.report.style import COLOURS
from accelsim.sim.trace import IDLE, Interval, Trace, by_row, einsums_of

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

MOST_KEPT = 32
TILE_COLOURS = HUES[:4]
WAITING = COLOURS["silver"]
ROW_PX, BESIDES_PX = 24, 160
"""Of a figure: a row, and axis, legend and margins."""
LONGEST_LABEL = 24
DOING = {
    "work": "computes",
    "drain": "waits for its last sum of",
    "wait": "waits for",
    "load": "reads for",
    "write": "takes the results of",
}


@dataclass(frozen=True)
class Played:
    """`number` tiles of each step of a side, or all if it has fewer."""

    side: Side
    trace: Trace
    number: int

    @property
    def command(self) -> str:
        """That plays the same."""
        program, _, *words = shlex.split(self.side.command)
        return shlex.join([program, "simulate", *words, "--tiles", str(self.number)])

    @property
    def told(self) -> str:
        """How many tiles are seen, and how far the formula is from them, as the command has it."""
        trace, cycles = self.trace, float(self.side.cost.cycles)
        return (
            f"{trace.tiles_played:,} of {trace.tiles:,} tiles played; "
            f"{trace.estimated_cycles:,.0f} cycles in all if the others are like them, "
            f"{trace.estimated_cycles / cycles - 1:+.2%} against the formula"
        )


@lru_cache(maxsize=MOST_KEPT)
def played(state: State) -> tuple[tuple[int, Played], ...]:
    """Of each spatial array that answers, with its place among the machines; none where none is
    asked for."""
    if state.tiles is None:
        return ()
    number = state.tiles
    return tuple((place, _played(side, number)) for place, side in _arrays(answer(state)))


def _arrays(found: Answer) -> Iterable[tuple[int, Side]]:
    for place, side in enumerate(found.sides):
        if isinstance(side, Side) and isinstance(side.mapping, LoopMapping | Choice):
            yield place, side


def _played(side: Side, number: int) -> Played:
    # It needs simpy, which nothing else on the page does.
    from accelsim.arch.spatial import Spatial
    from accelsim.sim.spatial import simulate

    assert isinstance(side.arch, Spatial) and isinstance(side.mapping, LoopMapping | Choice)
    mapping = select(side.mapping, side.cascade, side.arch)
    trace = simulate(bind(mapping, side.cascade, side.arch), most_tiles=number)
    return Played(side, trace, number)


def height_px(found: Played) -> int:
    return BESIDES_PX + ROW_PX * len(_rows(found.trace))


def tiles_of(found: Played) -> "Figure":
    """A row for each phase and array, and each port; a colour for every fourth tile, so that it
    shows which tile each part works on."""
    rows = _rows(found.trace)
    clock = float(found.side.cost.clock_hz)
    figure = open_figure(
        "",
        {"title": {"text": "time"}, "tickformat": "~s", "ticksuffix": "s", "rangemode": "tozero"},
        {"type": "category", "autorange": "reversed"},
        barmode="overlay",
        bargap=0.25,
        uniformtext={"minsize": 9, "mode": "hide"},
    )
    several = len(found.trace.steps) > 1
    labels = {name: _label(name, own) for name, own in rows.items()}
    for name, colour, drawn in _by_colour(rows):
        figure.add_trace(_bars(name, colour, drawn, labels, clock, several))
    for step in found.trace.steps[1:]:
        figure.add_vline(x=step.start / clock, line={"width": 1, "dash": "dot"})
    # Rows in the order of the trace, whichever colour has them first.
    return figure.update_layout(
        showlegend=True,
        legend={"title": {"text": "tile "}, "itemwidth": 30, "font": {"size": 11}},
        yaxis={"categoryarray": [*labels.values()], "categoryorder": "array"},
    )


def _rows(trace: Trace) -> Mapping[str, list[Interval]]:
    return by_row(trace, [*trace.intervals])


def _label(name: str, own: Iterable[Interval]) -> str:
    """`1 Array2D: BQK`; what is too long ends in dots, and is hovered over in full."""
    text = f"{name.replace('phase ', '')}: {einsums_of(own)}"
    return text if len(text) <= LONGEST_LABEL else f"{text[: LONGEST_LABEL - 1]}…"


Placed = tuple[str, Interval]


def _by_colour(rows: Mapping[str, list[Interval]]) -> Iterable[tuple[str, str, list[Placed]]]:
    placed = [(name, interval) for name, own in rows.items() for interval in own]
    for number, colour in enumerate(TILE_COLOURS):
        drawn = [
            each
            for each in placed
            if each[1].activity not in IDLE and each[1].subject.tile % len(TILE_COLOURS) == number
        ]
        if drawn:
            yield f"{number}, {number + len(TILE_COLOURS)}, …", colour, drawn
    waits = [each for each in placed if each[1].activity in IDLE and each[1].cycles > 0]
    if waits:
        yield "waits", WAITING, waits


def _bars(
    name: str,
    colour: str,
    drawn: list[Placed],
    labels: Mapping[str, str],
    clock: float,
    several: bool,
) -> Any:
    from plotly.graph_objects import Bar

    intervals = [interval for _, interval in drawn]
    return Bar(
        orientation="h",
        name=name,
        base=[each.start / clock for each in intervals],
        x=[each.cycles / clock for each in intervals],
        y=[escaped(labels[row]) for row, _ in drawn],
        # The line keeps in sight what is narrower than a pixel.
        marker={"color": colour, "line": {"width": 1, "color": colour}},
        text=[escaped(f"{each.subject.einsum} {each.subject.tile}") for each in intervals],
        textposition="inside",
        insidetextanchor="middle",
        textangle=0,
        hovertext=[_hover(each, clock, several) for each in intervals],
        hovertemplate="%{hovertext}<extra></extra>",
    )


def _hover(interval: Interval, clock: float, several: bool) -> str:
    of = interval.subject
    step = f"step {of.step}, " if several else ""
    doing = DOING.get(interval.activity, interval.activity)
    took = format_quantity(interval.cycles / clock, "s")
    return escaped(f"{interval.actor} {doing} {of.einsum}, tile {of.tile}") + (
        f"<br>{escaped(step)}phase {of.phase}"
        f"<br>cycles {interval.start:,.0f} to {interval.end:,.0f} ({took})"
    )
