"""What to draw, as data: the `names` and `figures` of a study.

    names:                                   # column -> value -> what a figure calls it
      config:
        flat: {label: FLAT, colour: slate}   # colours: blue orange sky vermillion green ...
        binding: {label: +Binding, colour: blue}
    figures:
    - name: fig08_attention_speedup          # the files' name
      kind: bars
      table: results                         # which table
      where: {scope: attention}              # which rows: a value, or a list of values
      panels: model                          # a strip for each
      groups: seq_len                        # a group of bars for each, and one for their mean
      axis: sequence length                  # what the groups are, as text
      series: config                         # a bar for each
      value: latency_s
      speedup_over: unfused                  # unfused / value; `normalise_to` is value / unfused
      title: Attention speedup over {baseline}
      caption: Batch 64, 256 x 256 array.
      source: After FuseMax (MICRO 2024), fig. 8

    - {name: fig07, kind: breakdown, table: einsums, prefer: {model: BERT}, groups: seq_len,
       bars: config, parts: einsum, value: utilization, unit: "%", full: 100, axis: share of time,
       title: What keeps the array busy}
    - {name: fig12, kind: pareto, table: pareto, x: {column: area_um2, label: area, unit: mm^2},
       y: {column: latency_s, label: latency}, series: model, points: pe_dim, title: Area and time}
    - {name: gains, kind: lines, table: gains, panels: machine, x: context, log: [x, y],
       axis: tokens, series: ratio, value: mean, unit: ×, line_at: 1, title: Speedup over context}
    - {name: where, kind: winners, table: uniform, panels: heads, x: context, x_axis: tokens,
       y: batch, y_axis: batch, series: kernel, value: latency_s, tie: 0.02, title: The fastest}

The order of `names` is the order of drawing. Values without a name come after the named ones and
are called what they are; colours that are not given are taken from the palette in turn, so a value
has the same colour in every figure and whatever else the table holds. Two values with one label are
one series. The unit law holds for columns too: `latency_s` is in s, and `unit: ms` shows it in ms.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from accelsim.base.errors import StudyError, did_you_mean
from accelsim.base.node import Node
from accelsim.base.record import Record, read_record
from accelsim.base.units import UNIT_OF_SUFFIX, quantity, suffix_of
from accelsim.base.yamlfile import read_yaml
from accelsim.report.style import COLOURS

Value = str | int | float


class Look(Record):
    """What a value is called and, by name, its colour."""

    label: str
    colour: str | None = None

    @field_validator("colour")
    @classmethod
    def _known(cls, colour: str | None) -> str | None:
        if colour is not None and colour not in COLOURS:
            near = did_you_mean(colour, COLOURS) or f"there are {', '.join(COLOURS)}"
            raise ValueError(f"there is no colour {colour!r}. {near}")
        return colour


class Band(Record):
    """A range that is shaded behind what is drawn, in the shown unit: what others found."""

    low: float
    high: float
    label: str

    @model_validator(mode="after")
    def _upwards(self) -> Self:
        if not self.low < self.high:
            raise ValueError(f"a band from {self.low:g} to {self.high:g} is none")
        return self


class FigureSpec(Record):
    """What every kind of figure has."""

    name: str
    table: str
    where: dict[str, Value | tuple[Value, ...]] = Field(default_factory=dict)
    prefer: dict[str, Value] = Field(default_factory=dict)
    """Only this value's rows, or those of the first value there is, if there are none of it."""
    title: str
    caption: str = ""
    source: str = ""

    @field_validator("name")
    @classmethod
    def _a_file_name(cls, name: str) -> str:
        if not name.replace("_", "").replace("-", "").isalnum():
            raise ValueError(f"{name!r} cannot be a file's name; use letters, digits, '_' and '-'")
        return name


class Bars(FigureSpec):
    """Strips of grouped bars: a strip for each panel, a bar for each series in each group."""

    kind: Literal["bars"] = "bars"
    panels: str | None = None
    groups: str
    series: str
    value: str
    unit: str = ""
    axis: str
    """What the groups are, under the figure."""
    normalise_to: Value | None = None
    """The series that every value is divided by; it becomes the line at 1."""
    speedup_over: Value | None = None
    """The series that is divided by every value; it becomes the line at 1."""
    highlight: Value | None = None
    """The series whose values are written above its bars; the last one, if not given."""
    compare_with: Value | None = None
    """A series that the headline compares the highlighted one with."""
    band: Band | None = None

    @model_validator(mode="after")
    def _one_baseline(self) -> Self:
        if self.normalise_to is not None and self.speedup_over is not None:
            raise ValueError("a figure has 'normalise_to' or 'speedup_over', not both")
        return self


class Breakdown(FigureSpec):
    """Horizontal bars in groups, each made of parts that add up."""

    kind: Literal["breakdown"] = "breakdown"
    groups: str
    bars: str
    parts: str
    value: str
    unit: str = ""
    axis: str
    """What the bars' lengths are, under the figure."""
    full: float | None = None
    """Where the axis ends, in `unit`: 100 if the parts are shares in %."""


class Axis(Record):
    """A column drawn along an axis."""

    column: str
    label: str
    unit: str = ""


class Pareto(FigureSpec):
    """Points in two quantities of which less is better, with the front of each series."""

    kind: Literal["pareto"] = "pareto"
    x: Axis
    y: Axis
    series: str
    points: str | None = None
    """The column that tells the points of a series apart; written beside those of the uppermost."""
    point_label: str = "{}"
    join: Literal["straight", "steps"] = "straight"


class Lines(FigureSpec):
    """Strips of lines over a column of numbers: a strip for each panel, a line for each series."""

    kind: Literal["lines"] = "lines"
    panels: str | None = None
    x: str
    log: tuple[Literal["x", "y"], ...] = ()
    """Directions in which a power of two is as far from the next one everywhere."""
    axis: str
    """What `x` is, under the figure."""
    series: str
    value: str
    unit: str = ""
    line_at: float | None = None
    beside: str | None = None
    """Another column, drawn as a thin broken line beside every line."""
    band: Band | None = None


class Winners(FigureSpec):
    """Maps of two columns: which series has the least value, and how much more the next one has."""

    kind: Literal["winners"] = "winners"
    panels: str | None = None
    x: str
    y: str
    x_axis: str
    y_axis: str
    series: str
    value: str
    tie: float = 0.0
    """Where the next one has less than this share more, none wins."""


AnySpec = Bars | Breakdown | Pareto | Lines | Winners
_KINDS: Mapping[str, type[AnySpec]] = {
    "bars": Bars,
    "breakdown": Breakdown,
    "pareto": Pareto,
    "lines": Lines,
    "winners": Winners,
}
Names = Mapping[str, Mapping[str, Look]]


@dataclass(frozen=True)
class FigureSet:
    """A study's figures, and what they call the values of its columns."""

    figures: tuple[AnySpec, ...]
    names: Names = field(default_factory=dict)


def load_figures(path: str | Path) -> FigureSet:
    return read_figures(read_yaml(path))


def read_figures(node: Node) -> FigureSet:
    """From a mapping with `figures`, and `names` if it has them; its other keys are not read."""
    figures = tuple(_read_figure(entry) for entry in node["figures"].elements())
    names = node.get("names")
    return FigureSet(figures, {} if names is None else _read_names(names))


def _read_figure(node: Node) -> AnySpec:
    kind = str(node["kind"].value)
    if kind not in _KINDS:
        near = did_you_mean(kind, _KINDS) or f"The kinds are {', '.join(_KINDS)}"
        raise StudyError(f"{kind!r} is no kind of figure", at=node["kind"].place, remedy=near)
    return read_record(node, _KINDS[kind])


def _read_names(node: Node) -> Names:
    return {
        column: {value: _read_look(look) for value, look in values.items()}
        for column, values in node.items()
    }


def _read_look(node: Node) -> Look:
    return Look(label=node.text) if node.kind == "scalar" else read_record(node, Look)


def shown_per_unit(column: str, unit: str) -> float:
    """What a number of the column is divided by to be in `unit`: 1e6 for um^2 shown in mm^2."""
    own = UNIT_OF_SUFFIX.get(suffix_of(column), "1")
    return float(quantity(f"1 {unit}", own)) if unit not in ("", own) else 1.0


def shown_unit(column: str, unit: str) -> str:
    own = UNIT_OF_SUFFIX.get(suffix_of(column), "")
    return unit or own
