"""The figures by name: what each shows, which columns it needs, and what makes its table.

Nothing is drawn here and no library is loaded, so that `accelsim plot --list` costs neither.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from accelsim.base.errors import StudyError, did_you_mean


@dataclass(frozen=True)
class Plot:
    """`draw` is a function of `module`, of a frame and of keywords: the title, the caption, and
    those `options` that the figure has. `table` says what makes its table. Of `needs`, "a|b" is met
    by either column."""

    name: str
    about: str
    needs: tuple[str, ...]
    may: tuple[str, ...]
    options: tuple[str, ...]
    draw: str
    table: str
    example: tuple[str, ...]
    """Commands that make the gallery's picture: a table, or several, and then this figure."""

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
            example=(
                "accelsim roofline flat_cloud attention/three_pass --shape bert --out "
                "out/roofline/flat.csv",
                "accelsim roofline h100_sxm attention/three_pass attention/one_pass --out "
                "out/roofline/h100.csv",
                "accelsim plot roofline out/roofline",
            ),
        ),
        Plot(
            name="energy",
            about="Where energy goes: stacked, in joules and as shares.",
            needs=("energy_pj", "part"),
            may=("einsum", "action", "tensor", *RUN),
            options=("by",),
            draw="draw_energy",
            table=_OF_A_COST,
            example=(
                "accelsim evaluate attention/three_pass unfused_cloud --shape bert --out "
                "out/unfused",
                "accelsim evaluate attention/three_pass flat_cloud --shape bert --out out/flat",
                "accelsim evaluate attention/one_pass fusemax_cloud --shape bert --out out/fusemax",
                "accelsim plot energy out/unfused out/flat out/fusemax",
            ),
        ),
        Plot(
            name="latency",
            about="Where time goes: by resource, step, phase and Einsum, beside the latency.",
            needs=("by", "name", "on", "time_s", "latency_s"),
            may=("start_s", *RUN),
            options=("by",),
            draw="draw_latency",
            table=_OF_A_COST,
            example=(
                "accelsim evaluate attention/one_pass fusemax_cloud --shape bert --out out/cost",
                "accelsim plot latency out/cost",
            ),
        ),
        Plot(
            name="buffer",
            about="Traffic against the size of a buffer, above what no mapping can do without.",
            needs=("capacity_bytes", "traffic_bytes"),
            may=("least_bytes", "passes", *RUN),
            options=(),
            draw="draw_buffer",
            table="accelsim buffer WORKLOAD MACHINE --capacity LOW..HIGH --out buffer.csv",
            example=(
                "accelsim buffer attention/three_pass flat_cloud --mapping flat --shape "
                "bert --set ranks.P=16384 --set ranks.M=16384 --capacity '128 KiB..32 MiB' "
                "--out out/buffer/three_pass.csv",
                "accelsim buffer attention/one_pass fusemax_cloud --space one_pass_tiles "
                "--shape bert --set ranks.P=16384 --set ranks.M=16384 --capacity '128 "
                "KiB..32 MiB' --out out/buffer/one_pass.csv",
                "accelsim plot buffer out/buffer",
            ),
        ),
        Plot(
            name="gantt",
            about="A schedule in time: who does what, of an array or of a system that serves.",
            needs=("actor", "start_cycles|start_s", "end_cycles|end_s"),
            may=("activity", "step", "phase", "einsum", "tile", "batch"),
            options=("until",),
            draw="draw_gantt",
            table="accelsim simulate WORKLOAD MACHINE --tiles 8 --out trace.csv, or SYSTEM --model "
            "MODEL --out DIR",
            example=(
                "accelsim simulate attention/one_pass fusemax_cloud --shape bert --tiles 8 "
                "--out out/trace.csv",
                "accelsim plot gantt out/trace.csv",
            ),
        ),
        Plot(
            name="pareto",
            about="Rows in two quantities, and those that no other row beats.",
            needs=("latency_s|energy_pj|area_um2|traffic_bytes",),
            may=RUN,
            options=("x", "y", "by"),
            draw="draw_pareto",
            table="accelsim sweep STUDY, or a table of accelsim study STUDY",
            example=(
                "accelsim study fusemax --no-figures --out out/study",
                "accelsim plot pareto out/study/pareto.csv --x area_um2 --y latency_s --by model",
            ),
        ),
        Plot(
            name="tornado",
            about="Which parameters results hang on: elasticities, the largest first.",
            needs=("parameter", "measure", "left", "right"),
            may=("value", "unit", "method"),
            options=("most",),
            draw="draw_tornado",
            table="accelsim sensitivity WORKLOAD MACHINE --out elasticities.csv",
            example=(
                "accelsim sensitivity attention/one_pass fusemax_cloud --out out/elasticities.csv",
                "accelsim plot tornado out/elasticities.csv",
            ),
        ),
        Plot(
            name="contexts",
            about="Time, energy and kept bytes of mechanisms as the context grows.",
            needs=("variant", "context", "latency_s|energy_pj|kept_bytes"),
            may=("machine", "phase"),
            options=(),
            draw="draw_mechanisms",
            table="accelsim zoo compare MECHANISM... --context 1K..1M --out DIR",
            example=(
                "accelsim zoo compare mla:decode_absorbed quest:decode lightning_2:decode "
                "--context 4K,32K,256K,1M --out out/zoo",
                "accelsim plot contexts out/zoo/contexts.csv",
            ),
        ),
    )
}


def plot_named(name: str) -> Plot:
    """A StudyError with a near name for what is none."""
    if name not in PLOTS:
        remedy = did_you_mean(name, PLOTS) or f"There are {', '.join(PLOTS)}"
        raise StudyError(f"there is no figure {name!r}", remedy=remedy)
    return PLOTS[name]
