"""Runs a study of library calls: a row for each machine, kernel and point of a table.

machine, kernel, the axes   what the row is of
keys              of all sequences
latency_s         one call with cold caches; sustained_s: of calls back to back
bound             what the call waits for longest
blocks, splits    launched, and parts of a head (the mean, where steps are shared out)
step_share        slots that compute, of all there are: in steps (`cost/gpu/waves.py`)
slot_share        the same as the model has it, in cycles
bandwidth_share   compulsory bytes / (latency · bandwidth of device memory)
reason            why a row has no numbers: its operands are more than the memory holds, no
                  kernel takes such a call, or no lengths have such a mean
"""

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

from pydantic import ValidationError

from accelsim.arch.gpu import Gpu, rate_per_s
from accelsim.arch.load_gpu import load_gpu
from accelsim.base.errors import MappingError, Place, StudyError, did_you_mean
from accelsim.base.record import keys_of
from accelsim.base.units import format_quantity, quantity
from accelsim.cost.gpu.attention import AttentionWork
from accelsim.cost.gpu.call import call_cost, works_of
from accelsim.cost.gpu.waves import waves_of
from accelsim.study.axes import Axis, Value, as_axis
from accelsim.study.calls import Calls, CallTable, Lengths
from accelsim.study.cases import below
from accelsim.study.lengths import drawn_lengths
from accelsim.study.progress import Progress
from accelsim.study.spread import values_of
from accelsim.study.study import Study
from accelsim.study.table import Table, array_of
from accelsim.workload.call_counts import compulsory_bytes, keys_seen
from accelsim.workload.calls import KERNELS, Call, Sdpa

NUMBERS = (
    "keys",
    "latency_s",
    "sustained_s",
    "bound",
    "blocks",
    "splits",
    "step_share",
    "slot_share",
    "bandwidth_share",
)

Row = dict[str, Any]


def tables(study: Study, fixed: Mapping[str, Value], progress: Progress) -> dict[str, Table]:
    """The tables of its calls; `fixed` are settings of all machines.

    Raises
    ------
    StudyError
        if parameters are not those of the kernel, or an axis has no values.
    """
    calls = study.calls
    assert calls is not None
    _refuse_others(fixed)
    settings = {path: str(value) for path, value in below("arch", fixed).items()}
    gpus = {name: load_gpu(name, settings) for name in calls.machines}
    found: dict[str, Table] = {}
    for table in calls.tables:
        found[table.name] = _table(calls, table, gpus)
        progress(len(found), len(calls.tables))
    return found


def _table(calls: Calls, table: CallTable, gpus: Mapping[str, Gpu]) -> Table:
    points = list(_points(calls, table))
    names = ["machine", "kernel", *table.vary, *NUMBERS, "reason"]
    rows = [
        {"machine": machine, "kernel": kernel, **columns, **_measured(call, gpu)}
        for machine, gpu in gpus.items()
        for kernel, columns, call in points
    ]
    return Table({name: array_of(row.get(name) for row in rows) for name in names})


# --- points ---------------------------------------------------------------------------------------


def _points(calls: Calls, table: CallTable) -> Iterator[tuple[str, Row, Call | str]]:
    """Of every kernel the combinations of all axes, the last one fastest: columns, and the call, or
    why there is none."""
    axes = {name: as_axis(name, axis) for name, axis in table.vary.items()}
    choices = {name: values_of(name, axis).as_written.tolist() for name, axis in axes.items()}
    for kernel, own in calls.kernels.items():
        for values in product(*choices.values()):
            columns = dict(zip(axes, values, strict=True))
            params = {**calls.params, **table.params, **own, **_set(axes, columns)}
            place = f"table {table.name}"
            call: Call | str = _call(calls.of, params, place)
            if table.lengths is not None:
                call = _ragged(call, table.lengths, columns, place)
            yield kernel, columns, call


def _ragged(call: Call | str, lengths: Lengths, columns: Row, place: str) -> Call | str:
    """The call with sequences of such lengths, or why there are none."""
    if not isinstance(call, Sdpa):
        raise StudyError("only sdpa has sequences of lengths", at=Place(place))
    mean = float(quantity(str(columns[lengths.mean]), "1"))
    try:
        drawn = drawn_lengths(call.m, call.b, mean, lengths.seed)
    except StudyError as error:
        return error.fact
    return call.model_copy(update={"lengths": drawn})


def _set(axes: Mapping[str, Axis], columns: Row) -> Row:
    return {param: columns[name] for name, axis in axes.items() for param in axis.set}


def _call(kernel: str, params: Row, place: str) -> Call:
    if kernel not in KERNELS:
        remedy = did_you_mean(kernel, KERNELS) or f"There are {', '.join(KERNELS)}"
        raise StudyError(f"there is no kernel {kernel!r}", at=Place("calls.of"), remedy=remedy)
    try:
        return KERNELS[kernel].model_validate(params)
    except ValidationError as error:
        first = error.errors()[0]
        what = ".".join(map(str, first["loc"]))
        fact = f"{kernel} cannot have these parameters: {what}: {first['msg']}"
        remedy = f"The params of {kernel} are {', '.join(keys_of(KERNELS[kernel]))}"
        raise StudyError(fact, at=Place(place), remedy=remedy) from error


def _refuse_others(fixed: Mapping[str, Value]) -> None:
    """Settings of something that calls do not have."""
    for path in fixed:
        if not path.startswith("arch."):
            fact = f"there is no {path} where a study is of calls"
            raise StudyError(fact, remedy="Set calls.params, an axis, or arch.PATH of all machines")


# --- rows -----------------------------------------------------------------------------------------


def _measured(call: Call | str, gpu: Gpu) -> Row:
    if isinstance(call, str):
        return {"reason": call}
    held, needed = float(gpu.hbm.capacity_bytes), compulsory_bytes(call)
    if needed > held:
        sizes = (format_quantity(each, "B") for each in (needed, held))
        return {"reason": "{} of operands, and {} of memory".format(*sizes)}
    try:
        return {**_numbers(call, gpu), "reason": ""}
    except MappingError as error:
        return {"reason": error.fact}


def _numbers(call: Call, gpu: Gpu) -> Row:
    cost = call_cost(call, gpu)
    facts = cost.times.facts
    moved = compulsory_bytes(call) / rate_per_s(gpu.hbm.bandwidth, gpu)
    return {
        "keys": keys_seen(call) if isinstance(call, Sdpa) else None,
        "latency_s": cost.seconds,
        "sustained_s": cost.sustained_s,
        "bound": cost.bound,
        "blocks": facts.get("blocks"),
        "splits": facts.get("splits"),
        **_slots(call, gpu, cost.burst_clock_hz),
        "bandwidth_share": moved / cost.seconds,
    }


def _slots(call: Call, gpu: Gpu, clock_hz: float) -> Row:
    """Of the kernel that computes the attention, if any does."""
    work = next((w for w in works_of(call, gpu) if isinstance(w, AttentionWork)), None)
    if work is None:
        return {}
    waves = waves_of(work, clock_hz)
    return {"step_share": waves.steps, "slot_share": waves.cycles}
