"""The workload and the machine of all points at once: what varies is an array over the points.

    workload.ranks.P         sizes of ranks; one that a workload does not have is no matter to it
    workload.word, .words.Q  bytes of elements
    arch.PATH                numbers of the machine; a text carries its unit, as in YAML

Then `derive` sets paths by expressions over the columns, the ranks and the machine's numbers.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from pydantic import ValidationError

from accelsim.arch.paths import replaced_at
from accelsim.arch.spatial import Spatial, names, with_values
from accelsim.base.errors import StudyError, did_you_mean
from accelsim.base.expression import parse_expression
from accelsim.base.record import Rate, Record, fields_by_key
from accelsim.study.axes import Value
from accelsim.study.inputs import Inputs
from accelsim.study.points import Points, refuse_unless_path
from accelsim.study.setting import Setting
from accelsim.study.study import Part
from accelsim.study.table import Column
from accelsim.workload.einsum import Cascade

Settings = Mapping[str, Value]
_RANKS = "ranks."


@dataclass(frozen=True)
class Case:
    """A cascade and a machine, whose numbers are those of every point."""

    cascade: Cascade
    arch: Spatial


def case_at(part: Part, points: Points, fixed: Settings, derive: Settings, inputs: Inputs) -> Case:
    """`fixed` are settings of all points, `derive` expressions by path, in order."""
    arch = inputs.arch(part.arch, texts(below("arch", fixed)))
    found = Case(
        cascade_at(part.workload, points, below("workload", fixed), inputs),
        arch_at(arch, below("arch", points.settings), inputs),
    )
    for path, formula in derive.items():
        refuse_unless_path(path)
        values = {**names(found.arch), **found.cascade.ranks, **points.columns}
        found = _derived(found, path, parse_expression(formula).evaluate(values))
    return found


def below(head: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of one input, without its name: `arch.clock` → `clock`."""
    start = f"{head}."
    return {path[len(start) :]: v for path, v in settings.items() if path.startswith(start)}


def refuse_unknown_ranks(paths: Iterable[str], cascades: Sequence[Cascade]) -> None:
    """A rank that none of the workloads has is a slip."""
    known = {rank for cascade in cascades for rank in cascade.ranks}
    for rank in below(f"workload.{_RANKS[:-1]}", dict.fromkeys(paths)):
        if rank not in known:
            remedy = did_you_mean(rank, known) or f"There are {', '.join(sorted(known))}"
            raise StudyError(f"no workload of the study has a rank {rank!r}", remedy=remedy)


def _derived(case: Case, path: str, value: Any) -> Case:
    head, _, rest = path.partition(".")
    if head == "arch":
        return replace(case, arch=with_values(case.arch, {rest: value}))
    if not rest.startswith(_RANKS):
        raise StudyError(f"{path} cannot be derived", remedy="Only ranks and machines can be")
    return replace(case, cascade=_with_ranks(case.cascade, {rest: value}))


# --- workloads ------------------------------------------------------------------------------------


def cascade_at(workload: str, points: Points, fixed: Settings, inputs: Inputs) -> Cascade:
    """Ranks come from the file, then the model, then what is fixed, then the point."""
    settings = below("workload", points.settings)
    varied = {path: setting.as_written for path, setting in settings.items()}
    others = {path: column for path, column in varied.items() if not path.startswith(_RANKS)}
    plain = {path: value for path, value in fixed.items() if not path.startswith(_RANKS)}
    cascade = _with_words(workload, others, texts(plain), inputs)
    if points.models is not None:
        cascade = _with_shapes(cascade, points.models, inputs)
    return _with_ranks(_with_ranks(cascade, fixed), varied)


def _with_words(
    workload: str, varied: Mapping[str, Column], fixed: Mapping[str, str], inputs: Inputs
) -> Cascade:
    """The cascade whose elements are as long as the settings of each point say."""
    rows = list(zip(*(map(str, column) for column in varied.values()), strict=True))
    read = {
        row: inputs.workload(workload, {**fixed, **dict(zip(varied, row, strict=True))})
        for row in dict.fromkeys(rows)
    }
    if not read:
        return inputs.workload(workload, fixed)
    first = next(iter(read.values()))
    if any(other.einsums != first.einsums for other in read.values()):
        raise StudyError(
            f"{', '.join(varied)}: only ranks and words of a workload can vary",
            remedy="Give each workload a run of its own",
        )
    words: dict[str, Any] = {
        name: np.array([read[row].tensors[name].word_bytes for row in rows])
        for name in first.tensors
    }
    tensors = {name: t._replace(word_bytes=words[name]) for name, t in first.tensors.items()}
    return replace(first, tensors=tensors)


def _with_shapes(cascade: Cascade, models: Column, inputs: Inputs) -> Cascade:
    """The ranks of every point's model; those it does not give stay the workload's."""
    shapes = {model: inputs.shape(model) for model in dict.fromkeys(models)}
    given = {rank for shape in shapes.values() for rank in shape if rank in cascade.declared}
    own = cascade.declared
    sizes = {rank: [shapes[m].get(rank, own[rank]) for m in models] for rank in given}
    return cascade.with_ranks(**{rank: _one_or_array(column) for rank, column in sizes.items()})


def _with_ranks(cascade: Cascade, settings: Mapping[str, Any]) -> Cascade:
    """The sizes that settings of ranks give, of those that the cascade has."""
    found = {path[len(_RANKS) :]: v for path, v in settings.items() if path.startswith(_RANKS)}
    sizes = {rank: _one_or_array(v) for rank, v in found.items() if rank in cascade.ranks}
    return cascade.with_ranks(**sizes) if sizes else cascade


def _one_or_array(values: Any) -> Any:
    """Whole numbers as an array; an expression (`P // 2`) only if it is the same at all points."""
    given = np.asarray(values)
    if given.dtype.kind in "iuf" and given.ndim:
        return given
    listed = np.atleast_1d(values).tolist()
    if not any(isinstance(value, str) for value in listed):
        return values if np.ndim(values) == 0 else np.asarray(values)
    if len(set(listed)) > 1:
        raise StudyError(
            f"ranks cannot vary as {', '.join(map(repr, dict.fromkeys(listed)))}",
            remedy="Give whole numbers",
        )
    return listed[0]


# --- machines -------------------------------------------------------------------------------------


def arch_at(arch: Spatial, varied: Mapping[str, Setting], inputs: Inputs) -> Spatial:
    """The machine with an array over the points at each path."""
    if not varied:
        return arch
    return with_values(arch, {path: _column(arch, path, s, inputs) for path, s in varied.items()})


def _column(arch: Spatial, path: str, setting: Setting, inputs: Inputs) -> Any:
    """What is set, as it is read at the path; numbers in its unit are as they are."""

    def read(values: Setting) -> list[Any]:
        listed = values.as_written.tolist()
        found = {
            value: inputs.number(arch, path, str(value), checked_number)
            for value in dict.fromkeys(listed)
        }
        return [found[value] for value in listed]

    if setting.are_numbers:
        telling = setting.telling
        found = read(telling)
        if not isinstance(found[0], Rate) and found == telling.values.tolist():
            return setting.as_read
        if isinstance(found[0], Rate) and found[0].unit == setting.unit:
            return replace(found[0], **{_RATES[setting.unit]: setting.as_read})
    values = read(setting)
    if not isinstance(values[0], Rate):
        return np.array(values)
    for unit in _RATES.values():
        rates = [getattr(rate, unit) for rate in values]
        if None not in rates:
            return Rate(**{unit: np.array(rates)})
    raise StudyError(f"{path} is per second at some points and per cycle at others")


_RATES = {"B/s": "bytes_per_s", "B/cycle": "bytes_per_cycle"}


def checked_number(arch: Spatial, path: str, text: str) -> Any:
    """The number in house units that a text means at a path; the record there must accept it."""
    *above, last = path.split(".")
    owner: Any = replaced_at(arch, path, text)
    for step in above:
        owner = _below(owner, step)
    kind: type[Record] = type(owner)
    field = fields_by_key(kind)[last]
    try:
        kind.model_validate({name: getattr(owner, name) for name in owner.model_fields_set})
    except ValidationError as error:
        reason = error.errors()[0]["msg"].removeprefix("Input ").replace("should", "must")
        raise StudyError(f"{path}: {text!r} {reason}") from error
    return getattr(owner, field)


def _below(owner: Any, step: str) -> Any:
    """One step of a path that `replaced_at` has walked already."""
    if isinstance(owner, Record):
        return getattr(owner, fields_by_key(type(owner))[step])
    if isinstance(owner, Mapping):
        return owner[step]
    return next(part for part in owner if part.name == step)


def texts(settings: Settings) -> dict[str, str]:
    return {path: str(value) for path, value in settings.items()}
