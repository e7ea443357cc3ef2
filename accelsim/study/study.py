"""A study: a question, the runs that answer it, and what to write down of each.

    question: How large must the buffer be?
    workload: attention/three_pass
    arch: fusemax_cloud
    vary:
      arch.memories.GlobalBuffer.capacity: [4 MiB, 8 MiB, 16 MiB]
      seq_len: {set: [workload.ranks.P, workload.ranks.M], to: [1024, 4096]}

Instead of a `mapping`, `find: latency` asks the mapper at each point (see `search`).

`vary` crosses its axes. An axis is a path with its values, or a name with the paths that take its
values; with a unit at its end (`buffer_bytes`) the column holds numbers in that unit. `zip` lists
axes that advance together, `where` says which points there are (`m <= buffer_bytes / 64`), and
`sample` takes some of them (see `axes`, `sampling`). `models` is an axis too, of shapes; its column
is `model`. `set` gives paths one value in all runs, `derive` sets them by expressions over the
axes, the ranks and the machine. A study of several tables, or of several runs in a table, lists
them under `tables`. What is no workload on a machine has a section of its own instead (`KINDS`):
`calls` of libraries, `generations` of models, `serving` of models on systems. `best`, `ratios` and
`crossings` are tables over the tables, in this order.
"""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, model_validator

from accelsim.base.record import Record
from accelsim.study.axes import Axis, Names, Value, Values, as_axis, refuse_strange_axes
from accelsim.study.calls import Calls
from accelsim.study.generations import Generations
from accelsim.study.sampling import Sample
from accelsim.study.serving import ServingSection

KINDS: Mapping[str, str] = {
    "calls": "accelsim.study.run_calls",
    "generations": "accelsim.study.run_generations",
    "serving": "accelsim.study.run_serving",
}
"""Kinds of study that do not run workloads on machines: the section that only they have, and the
module whose `tables(study, settings, progress)` makes tables of it. A section has `tables`, each
with `vary`.
"""


class Accounting(Record):
    """Which rows of the energy table a total counts.

    `once`: parts of which one instance stands for all. `without`: actions (`leak`), or actions of
    one part (`Array1D.exp`), that are left out.
    """

    once: Names = ()
    without: Names = ()
    why: str = ""


def _as_find(value: Any) -> Any:
    return {"minimise": value} if isinstance(value, str) else value


class Find(Record):
    """What a search for a mapping minimises, and by which strategies (those that `accelsim
    map` asks if empty).

    `find: latency` is `find: {minimise: latency}`.
    """

    minimise: str
    strategies: Names = ()


Sought = Annotated[Find | None, BeforeValidator(_as_find, json_schema_input_type=str | Find | None)]


class Part(Record):
    """A workload on an arch under a mapping (the shipped default if none is named), or under the
    one that is found at each point (`find`).

    `without` leaves more out of an accounting, by its name, than all runs do; `why` says why.
    """

    workload: str
    arch: str
    mapping: str | None = None
    find: Sought = None
    without: dict[str, Names] = {}
    why: str = ""

    @model_validator(mode="after")
    def _has_one_mapping(self) -> "Part":
        refuse_two_mappings(self.mapping, self.find)
        return self


def refuse_two_mappings(mapping: str | None, find: Find | None) -> None:
    """A ValueError if a mapping is both named and to be found."""
    if mapping is not None and find is not None:
        raise ValueError("give either a 'mapping' or what to 'find'")


class Run(Record):
    """Parts that run one after the other, and the columns that tell the run from others."""

    columns: dict[str, Value] = {}
    parts: tuple[Part, ...]


class First(Record):
    """Of rows that differ only in the axis `of`, the first for which the expression is true."""

    of: str
    where: str


class TableSpec(Record):
    """runs x axes → rows. `measures` are columns by name (see `study.measures`); `columns` says
    which columns are written, in which order (all of them if empty).

    With `per: einsum` there is a row for each Einsum: the column `einsum` names it, and measures of
    parts, written without the part (`utilization`), are those of this one. So for `memory`, ...
    """

    name: str
    runs: tuple[Run, ...]
    vary: dict[str, Axis | Values] = {}
    zip: tuple[Names, ...] = ()
    where: str = ""
    sample: Sample = Sample()
    derive: dict[str, Value] = {}
    per: str | None = None
    measures: dict[str, str] = {}
    first: First | None = None
    columns: Names = ()

    @model_validator(mode="after")
    def _has_what_it_names(self) -> "TableSpec":
        refuse_strange_axes(self.vary, self.zip, self.where)
        return self


class Layout(Record):
    """How a table is read: rows of which other columns have the values of `where`; `series` tells
    what is compared, and rows of all series that agree in `points` stand beside each other."""

    table: str
    where: dict[str, Value] = {}
    series: str | None = None
    points: Names = ()


class Digest(Record):
    """A table for the summary: a formula (see `study.formula`) at every point, a row for each value
    of the first column of `points` and each series, a column for each value of the second."""

    title: str
    over: Layout
    of: str
    digits: int = 3

    @model_validator(mode="after")
    def _is_flat(self) -> "Digest":
        if len(self.over.points) != 2:
            raise ValueError("a digest has two columns of points, for its rows and its columns")
        return self


class Ratio(Record):
    """A table of formulas over another one's points (see `study.ratios`): a row for each formula
    and each value of the points `by`, with the mean, the least and the most of the others."""

    name: str
    over: Layout
    of: dict[str, str]
    by: Names = ()

    @model_validator(mode="after")
    def _by_points(self) -> "Ratio":
        others = [name for name in self.by if name not in self.over.points]
        if others:
            raise ValueError(f"by: {', '.join(others)} is none of the points")
        return self


class Best(Record):
    """A table of another one's best rows (see `study.best`): for each value of the columns `by`,
    the one with the most, or the least, of a column; `required` must be there too."""

    name: str
    of: str
    most: str = ""
    least: str = ""
    required: str = ""
    by: Names

    @model_validator(mode="after")
    def _of_one_column(self) -> "Best":
        if bool(self.most) == bool(self.least):
            raise ValueError("give either 'most' or 'least'")
        return self


class Crossing(Record):
    """A table of where a formula comes to a value along one of its points (`study.crossings`)."""

    name: str
    over: Layout
    of: str
    along: str
    at: float = 1.0

    @model_validator(mode="after")
    def _along_points(self) -> "Crossing":
        if self.along not in self.over.points:
            raise ValueError(f"along: {self.along} is none of the points")
        return self


class Study(Record):
    """What `study.yaml` holds: `tables`, or one `workload` on one `arch`, or the section of another
    kind of study. Of one workload, `keep` are the measures that a row has; all of them if empty."""

    question: str
    source: str = ""
    models: Names = ()
    set: dict[str, Value] = {}
    accounting: dict[str, Accounting] = {}
    tables: tuple[TableSpec, ...] = ()
    workload: str | None = None
    arch: str | None = None
    mapping: str | None = None
    find: Sought = None
    vary: dict[str, Axis | Values] = {}
    zip: tuple[Names, ...] = ()
    where: str = ""
    sample: Sample = Sample()
    keep: Names = ()
    calls: Calls | None = None
    generations: Generations | None = None
    serving: ServingSection | None = None
    best: tuple[Best, ...] = ()
    ratios: tuple[Ratio, ...] = ()
    crossings: tuple[Crossing, ...] = ()
    names: dict[str, dict[str, Any]] = {}
    figures: tuple[dict[str, Any], ...] = ()
    summary: tuple[Digest, ...] = ()

    @model_validator(mode="after")
    def _has_something_to_run(self) -> "Study":
        own = [kind for kind in KINDS if getattr(self, kind) is not None]
        if len(own) + bool(self.tables) + (self.workload is not None) != 1:
            others = " or ".join(f"'{kind}'" for kind in KINDS)
            raise ValueError(
                f"a study has either 'tables' or a 'workload' on an 'arch', or else {others}"
            )
        if self.workload is not None and self.arch is None:
            raise ValueError("a 'workload' needs an 'arch'")
        own = [key for key in _OF_ONE_WORKLOAD if key in self.model_fields_set]
        if self.workload is None and own:
            listed = "', '".join(own)
            raise ValueError(f"'{listed}': this stands in 'tables' where there are any")
        refuse_two_mappings(self.mapping, self.find)
        refuse_strange_axes(self.vary, self.zip, self.where)
        return self


_OF_ONE_WORKLOAD = ("arch", "mapping", "find", "vary", "zip", "where", "sample", "keep")


def kind_of(study: Study) -> str | None:
    """Its section, of a kind of its own; None if it runs workloads on machines."""
    return next((kind for kind in KINDS if getattr(study, kind) is not None), None)


def tables_of(study: Study) -> tuple[TableSpec, ...]:
    """The tables; a study of one workload has one, `results`, with the measures that it keeps, or
    every one that there is."""
    if study.workload is None or study.arch is None:
        return study.tables
    part = Part(workload=study.workload, arch=study.arch, mapping=study.mapping, find=study.find)
    table = TableSpec(
        name="results",
        runs=(Run(parts=(part,)),),
        vary=study.vary,
        zip=study.zip,
        where=study.where,
        sample=study.sample,
        measures={text: text for text in study.keep},
    )
    return (table,)


def is_searched(table: TableSpec) -> bool:
    """Whether some mapping of the table is to be found, at every point anew."""
    return any(part.find is not None for run in table.runs for part in run.parts)


def varied(study: Study) -> tuple[Any, ...]:
    """What has `vary`: its tables, those of its section, or the study itself."""
    kind = kind_of(study)
    return tables_of(study) if kind is None else getattr(study, kind).tables


def axes_of(table: TableSpec) -> dict[str, Axis]:
    """The table's axes by column."""
    return {name: as_axis(name, axis) for name, axis in table.vary.items()}
