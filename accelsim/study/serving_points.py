"""The points of a table of serving: what tells each from the others, and the work to be done."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any, NamedTuple

from accelsim.base.errors import Place, StudyError, did_you_mean
from accelsim.study.axes import Axis, Value, as_axis
from accelsim.study.serving import OF_TRACES, By, ServingRun, ServingTable
from accelsim.study.spread import values_of

BATCH = ("sequences", "context")
Columns = dict[str, Value]


@dataclass(frozen=True)
class Job:
    """Something to be worked out once, however many rows show it. `requests` is None for as many as
    the trace says; `sequences` and `context` are None where a trace makes the batch."""

    by: By
    system: str
    model: str
    settings: tuple[tuple[str, Value], ...] = ()
    trace: str | None = None
    requests: int | None = None
    most_tokens: int | None = None
    sequences: int | None = None
    context: int | None = None


def points_of(table: ServingTable) -> Iterator[tuple[Columns, Job]]:
    """Runs one after the other, then axes and choices, models, and traces, the last one fastest.

    Raises StudyError if an axis has no values, or a setting names none, or one names no setting.
    """
    axes = {name: as_axis(name, axis) for name, axis in table.vary.items()}
    values = {name: values_of(name, axis).as_written.tolist() for name, axis in axes.items()}
    values |= {name: list(choices) for name, choices in table.choices.items()}
    _refuse(table, axes, values)
    traces: tuple[str | None, ...] = table.traces or (None,)
    every = list(product(*values.values()))
    for run, point in ((run, point) for run in table.runs for point in every):
        at = dict(zip(values, point, strict=True))
        for model, trace in product(run.models, traces):
            columns: Columns = {**run.columns, "system": run.system, "model": model}
            columns |= ({} if trace is None else {"trace": trace}) | at
            yield columns, _job(table, run, model, trace, axes, at)


def _job(
    table: ServingTable,
    run: ServingRun,
    model: str,
    trace: str | None,
    axes: Mapping[str, Axis],
    at: Columns,
) -> Job:
    paths = {path: at[name] for name, axis in axes.items() for path in axis.set}
    batch = {key: paths.pop(f"batch.{key}", None) for key in BATCH}
    settings = {**paths, **_resolved(table, run, at)}
    if table.by not in OF_TRACES and None in batch.values():
        fact = f"by: {table.by} needs axes of batch.sequences and batch.context"
        raise StudyError(fact, at=Place(f"table {table.name}"))
    simulated = table.by == "simulation"
    return Job(
        by=table.by,
        system=run.system,
        model=model,
        settings=tuple(settings.items()),
        trace=trace,
        requests=table.requests.get(trace) if simulated and trace else None,
        most_tokens=table.most_tokens if simulated else None,
        **{key: None if value is None else int(value) for key, value in batch.items()},
    )


def _resolved(table: ServingTable, run: ServingRun, at: Columns) -> Columns:
    found: Columns = {}
    for path, text in run.set.items():
        reference = _reference(text)
        if reference is None:
            found[path] = text
        elif reference.key is None:
            value = at[reference.name]
            found[path] = f"{value} {reference.unit}" if reference.unit else value
        else:
            chosen = table.choices[reference.name][str(at[reference.name])]
            found |= {path: chosen[reference.key]} if reference.key in chosen else {}
    return found


class _Reference(NamedTuple):
    """`=axis`, `=axis unit` or `=choice.key`."""

    name: str
    key: str | None
    unit: str

    @property
    def to(self) -> str:
        return self.name if self.key is None else f"{self.name}.{self.key}"


def _reference(value: Value) -> _Reference | None:
    """None of a plain value."""
    if not isinstance(value, str) or not value.startswith("="):
        return None
    what, _, unit = value[1:].partition(" ")
    name, _, key = what.partition(".")
    return _Reference(name, key or None, unit)


# --- slips ----------------------------------------------------------------------------------------


def _refuse(table: ServingTable, axes: Mapping[str, Axis], values: Mapping[str, Any]) -> None:
    at = Place(f"table {table.name}")
    for name in (name for name, each in values.items() if not each):
        raise StudyError(f"the axis {name} has no values", at=at, remedy="Give it one or more")
    for trace in (trace for trace in table.requests if trace not in table.traces):
        remedy = did_you_mean(trace, table.traces) or f"There are {', '.join(table.traces)}"
        raise StudyError(f"requests: there is no trace {trace!r}", at=at, remedy=remedy)
    said = {f"{name}.{key}" for name in table.choices for key in _keys(table, name)}
    every = [_reference(text) for run in table.runs for text in run.set.values()]
    used = {reference.to for reference in every if reference is not None}
    for text in sorted(used - said - axes.keys()):
        near = did_you_mean(text, said | axes.keys())
        remedy = near or f"There are {', '.join(sorted(said | axes.keys())) or 'none'}"
        raise StudyError(f"nothing is called {text!r}", at=at, remedy=remedy)
    pathless = {name for name, axis in axes.items() if not axis.set}
    for text in sorted((said | pathless) - used):
        raise StudyError(f"{text!r} is in no run's 'set'", at=at, remedy="Let a run take it")


def _keys(table: ServingTable, name: str) -> list[str]:
    every = [key for choice in table.choices[name].values() for key in choice]
    return list(dict.fromkeys(every))
