"""The figures by name: what each shows, which columns it needs, and what makes its table.

Nothing is drawn here and no library is loaded, so that `accelsim plot --list` costs neither.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from accelsim.base.errors import StudyError, did_you_mean


@dataclass(frozen=True)
class Plot:
    """`draw` is a function of `module`, of a frame and of keywords: the title, the caption, and
    those `options` that the figure has. Of `needs`, "a|b" is met by either column."""

    name: str
    about: str
    needs: tuple[str, ...]
    may: tuple[str, ...]
    options: tuple[str, ...]
    draw: str
    table: str

    @property
    def module(self) -> str:
        return f"accelsim.report.plots.{self.name}"


RUN = ("workload", "machine", "mapping", "config")
"""Columns that tell runs apart; those of which the table has several values name them."""

_OF_A_COST = "accelsim evaluate attention/one_pass fusemax_cloud --shape bert --out out/cost"

PLOTS: Mapping[str, Plot] = {
    plot.name: plot
    for plot in (
        Plot(
            name="roofline",
            about="Work under every ceiling of its machine: pipes, and each memory level.",
            needs=("machine", "row", "name", "flop_rate"),
            may=("level", "bandwidth_bytes_per_s", "intensity", "measured_flop_rate"),
            options=(),
            draw="draw_roofline",
            table="accelsim roofline MACHINE WORKLOAD... --out roofline.csv",
        ),
        Plot(
            name="energy",
            about="Where energy goes: stacked, in joules and as shares.",
            needs=("energy_pj", "part"),
            may=("einsum", "action", "tensor", *RUN),
            options=("by",),
            draw="draw_energy",
            table=_OF_A_COST,
        ),
        Plot(
            name="latency",
            about="Where time goes: by resource, step, phase and Einsum, beside the latency.",
            needs=("by", "name", "on", "time_s", "latency_s"),
            may=("start_s", *RUN),
            options=("by",),
            draw="draw_latency",
            table=_OF_A_COST,
        ),
        Plot(
            name="buffer",
            about="Traffic against the size of a buffer, above what its passes must move.",
            needs=("capacity_bytes", "traffic_bytes"),
            may=("least_bytes", "passes", *RUN),
            options=(),
            draw="draw_buffer",
            table="accelsim buffer WORKLOAD MACHINE --capacity LOW..HIGH --out buffer.csv",
        ),
        Plot(
            name="gantt",
            about="A schedule in time: who does what, and how busy each is.",
            needs=("actor", "start_cycles|start_s", "end_cycles|end_s"),
            may=("activity", "step", "phase", "einsum", "tile"),
            options=("until",),
            draw="draw_gantt",
            table="accelsim simulate WORKLOAD MACHINE --tiles 8 --out trace.csv",
        ),
        Plot(
            name="pareto",
            about="Rows in two quantities, and those that no other row beats.",
            needs=("latency_s|energy_pj|area_um2|traffic_bytes",),
            may=RUN,
            options=("x", "y", "by"),
            draw="draw_pareto",
            table="accelsim sweep STUDY, or a table of accelsim study STUDY",
        ),
        Plot(
            name="tornado",
            about="Which parameters results hang on: elasticities, the largest first.",
            needs=("parameter", "measure", "left", "right"),
            may=("value", "unit", "method"),
            options=("most",),
            draw="draw_tornado",
            table="accelsim sensitivity WORKLOAD MACHINE --out elasticities.csv",
        ),
        Plot(
            name="contexts",
            about="Time, energy and kept bytes of mechanisms as the context grows.",
            needs=("variant", "context", "latency_s|energy_pj|kept_bytes"),
            may=("machine", "phase"),
            options=(),
            draw="draw_mechanisms",
            table="accelsim zoo compare MECHANISM... --context 1K..1M --out DIR",
        ),
    )
}


def plot_named(name: str) -> Plot:
    """A StudyError with a near name for what is none."""
    if name not in PLOTS:
        remedy = did_you_mean(name, PLOTS) or f"There are {', '.join(PLOTS)}"
        raise StudyError(f"there is no figure {name!r}", remedy=remedy)
    return PLOTS[name]
