"""Runs a study of test-time compute: a row for each machine and point of a table.

machine, the axes       what the row is of
layers_s, head_s        projections and feed-forward networks of all steps; the vocabulary
attention_s             reading keys and values; selecting_s: finding which
starts_s                of all that, the starts of kernels
latency_s, energy_j     of all trials of all problems together
reading                 whether the prompt is read once for all trials or by each
LAW_eflop, LAW_s        by a law of `cost/eflops.py`; seconds are eFLOPs / (I · bandwidth of the
                        machine), which is bytes at its bandwidth and FLOPs at I times that
reason                  why a row has no numbers: caches do not fit beside the weights

Two laws are of the machine: `own` is the corrected one with the machine's bf16 FLOPs a byte and the
parameters that tokens are multiplied with (an embedding is only looked up), `overlapped` the same
without waiting for both FLOPs and bytes.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np

from accelsim.arch.gpu import Gpu, rate_per_s
from accelsim.arch.load_gpu import load_gpu
from accelsim.base.errors import InputError, StudyError, did_you_mean
from accelsim.base.units import format_quantity
from accelsim.cost.eflops import LAWS, Law, Work, overlapped, sizes_of
from accelsim.cost.system.buckets import Bucketed
from accelsim.cost.system.effort import in_stream
from accelsim.cost.system.generation import Asked, Generation, generations
from accelsim.study.agreement import agreement
from accelsim.study.axes import Value, as_axis
from accelsim.study.cases import below
from accelsim.study.generations import AgreementTable, Generations, GenerationTable
from accelsim.study.progress import Progress
from accelsim.study.spread import values_of
from accelsim.study.study import Study
from accelsim.study.table import Table, array_of
from accelsim.workload.capacity import capacity
from accelsim.workload.model import Model
from accelsim.workload.model_load import load_model
from accelsim.workload.model_size import embedding_parameters, parameters
from accelsim.workload.trials import BlockTopK, Dense, Paged, Selection, TopK, Trials

Row = dict[str, Any]

OWN_LAWS = ("own", "overlapped")
ATTENTION = ("dense", "top_k", "block_top_k")
OURS = {"time": "latency_s", "energy": "energy_j"}
NUMBERS = (
    "layers_s",
    "head_s",
    "attention_s",
    "selecting_s",
    "starts_s",
    "latency_s",
    "energy_j",
    "reading",
    *(f"{law}_eflop" for law in (*LAWS, *OWN_LAWS)),
    *(f"{law}_s" for law in (*LAWS, *OWN_LAWS)),
)


def tables(study: Study, fixed: Mapping[str, Value], progress: Progress) -> dict[str, Table]:
    """The tables of its generations, and those of how laws rank them; `fixed` are settings of all
    machines.

    Raises
    ------
    StudyError
        if an axis has no values, or values that are none of it.
    MappingError
        if a machine has no such kernel.
    """
    section = study.generations
    assert section is not None
    _refuse_others(fixed)
    settings = {path: str(value) for path, value in below("arch", fixed).items()}
    machines = {name: Asked(_gpu(name, settings)) for name in section.machines}
    found: dict[str, Table] = {}
    for table in section.tables:
        found[table.name] = _table(section, table, machines)
        progress(len(found), len(section.tables))
    for each in section.agreement:
        found[each.name] = _agreement(each, found[each.over])
    return found


def _gpu(name: str, settings: Mapping[str, str]) -> Gpu:
    """As the kernels of a model find it."""
    found = in_stream(load_gpu(name, settings))
    assert isinstance(found, Gpu)
    return found


@dataclass(frozen=True)
class _Place:
    """What the rows that differ in `generated` alone have in common."""

    asked: Asked
    model: Model
    counted: float
    selection: Selection
    trials: Trials
    kernel: Paged


def _table(section: Generations, table: GenerationTable, machines: Mapping[str, Asked]) -> Table:
    axes = {name: as_axis(name, axis) for name, axis in table.vary.items()}
    values = {name: values_of(name, axis).as_written.tolist() for name, axis in axes.items()}
    _refuse_strange(values, section)
    lengths = sorted({int(value) for value in values["generated"]})
    others = [name for name in values if name != "generated"]
    names = ["machine", *others, "generated", *NUMBERS, "reason"]
    rows = [
        {"machine": machine, **columns, **row}
        for machine, asked in machines.items()
        for columns in _combined({name: values[name] for name in others})
        for row in _rows(section, _place(section, machine, asked, columns), lengths)
    ]
    return Table({name: array_of(row.get(name) for row in rows) for name in names})


def _combined(values: Mapping[str, Sequence[Value]]) -> Iterator[Row]:
    for combination in product(*values.values()):
        yield dict(zip(values, combination, strict=True))


def _place(section: Generations, machine: str, asked: Asked, columns: Row) -> _Place:
    name = str(columns["model"])
    whole = load_model(name)
    layers = int(columns.get("layers", whole.layers))
    model = whole.model_copy(update={"layers": layers})
    return _Place(
        asked=asked,
        model=model,
        counted=section.parameters[name] * layers / whole.layers,
        selection=_selection(section, str(columns["attention"])),
        trials=Trials(*(int(columns[each]) for each in ("problems", "trials", "prompt"))),
        kernel=Paged(section.machines[machine], section.page),
    )


def _selection(section: Generations, attention: str) -> Selection:
    own = section.selection
    blocks = BlockTopK(own.block, own.blocks, own.local)
    known: Mapping[str, Selection] = dict(
        zip(ATTENTION, (Dense(), TopK(blocks.budget), blocks), strict=True)
    )
    return known[attention]


# --- rows -----------------------------------------------------------------------------------------


def _rows(section: Generations, place: _Place, lengths: Sequence[int]) -> Iterator[Row]:
    reasons = {length: _lacking(place, length) for length in lengths}
    fitting = [length for length in lengths if not reasons[length]]
    nodes = Bucketed(section.nodes_per_octave)
    found = generations(
        place.model, place.asked, place.selection, place.trials, place.kernel, fitting, nodes
    )
    ours = dict(zip(fitting, found, strict=True))
    for length in lengths:
        numbers = {}
        if length in ours:
            numbers = _numbers(place, ours[length], length) | _by_law(place, length)
        yield {"generated": length, **numbers, "reason": reasons[length]}


def _lacking(place: _Place, generated: int) -> str:
    """Why the GPU does not hold it; empty if it does."""
    trials, memory_bytes = place.trials, float(place.asked.gpu.hbm.capacity_bytes)
    try:
        room = capacity(place.model, memory_bytes, page_tokens=place.kernel.page)
    except InputError as error:
        return error.fact
    tokens = trials.problems * (trials.prompt + trials.trials * generated)
    stepping = trials.sequences * (room.step_bytes + room.sampled_bytes)
    needed = tokens * room.kept_bytes + stepping
    if needed <= room.room_bytes:
        return ""
    sizes = (format_quantity(each, "B") for each in (needed, room.room_bytes))
    return "{} of keys, values and activations, and {} beside the weights".format(*sizes)


def _numbers(place: _Place, found: Generation, generated: int) -> Row:
    return {
        "layers_s": found.layers.seconds,
        "head_s": found.head.seconds,
        "attention_s": found.attention.seconds,
        "selecting_s": found.selecting.seconds,
        "starts_s": found.kernels * generated * float(place.asked.gpu.launch.back_to_back_s),
        "latency_s": found.seconds,
        "energy_j": found.joules,
        "reading": found.reading,
    }


def _by_law(place: _Place, generated: int) -> Row:
    trials, gpu = place.trials, place.asked.gpu
    work = Work(trials.problems, trials.trials, trials.prompt, generated)
    multiplied = parameters(place.model) - _looked_up(place.model)
    row: Row = {}
    for laws, counted in ((LAWS, place.counted), (own_laws(gpu), multiplied)):
        for name, law in laws.items():
            eflop = float(law(sizes_of(place.model, counted), work, place.selection))
            a_second = law.flop_per_byte * rate_per_s(
                place.asked.gpu.hbm.bandwidth, place.asked.gpu
            )
            row |= {f"{name}_eflop": eflop, f"{name}_s": eflop / a_second}
    return row


def _looked_up(model: Model) -> int:
    """Parameters of the embedding that no token is multiplied with: none where the head is it."""
    return 0 if model.tied else embedding_parameters(model) // 2


def own_laws(gpu: Gpu) -> dict[str, Law]:
    """Of a machine: what its datasheet says it multiplies, over the bandwidth of its memory."""
    quoted = next(each.quoted for each in gpu.tensor if each.quoted is not None)
    flop_per_byte = quoted.tflops["bf16"] * 1e12 / rate_per_s(gpu.hbm.bandwidth, gpu)
    own = replace(LAWS["corrected"], flop_per_byte=flop_per_byte)
    return dict(zip(OWN_LAWS, (own, replace(own, join=overlapped)), strict=True))


# --- agreement ------------------------------------------------------------------------------------


def _agreement(spec: AgreementTable, table: Table) -> Table:
    rows = [row for row in table.rows() if not row["reason"]]
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(row[name] for name in spec.by), []).append(row)
    found = [
        {**dict(zip(spec.by, key, strict=True)), **judged}
        for key, own in groups.items()
        if len(own) > 1
        for judged in _judged(spec, own)
    ]
    names = list(dict.fromkeys(name for row in found for name in row))
    return Table({name: array_of(row.get(name) for row in found) for name in names})


def _judged(spec: AgreementTable, rows: Sequence[Row]) -> Iterator[Row]:
    choice = [name for name in (*_CHOICE, "prompt", "problems") if name not in spec.by]
    for of, column in OURS.items():
        cost = np.array([row[column] for row in rows])
        for law in (*LAWS, *OWN_LAWS):
            judged = agreement(np.array([row[f"{law}_s"] for row in rows]), cost)
            numbers = judged._asdict()
            for side in ("under", "over"):
                row = rows[numbers[side]]
                numbers[side] = " ".join(f"{name}={row[name]}" for name in choice)
            yield {"of": of, "law": law, **numbers}


_CHOICE = ("model", "attention", "trials", "generated")


# --- refusals -------------------------------------------------------------------------------------


def _refuse_others(fixed: Mapping[str, Value]) -> None:
    for path in fixed:
        if not path.startswith("arch."):
            fact = f"there is no {path} where a study is of generations"
            raise StudyError(fact, remedy="Set an axis, or arch.PATH of all machines")


def _refuse_strange(values: Mapping[str, Sequence[Value]], section: Generations) -> None:
    """Axes of names have known ones, all others whole numbers above 0 (a prompt may be empty)."""
    known = {"model": list(section.parameters), "attention": list(ATTENTION)}
    for axis, own in values.items():
        if not own:
            raise StudyError(f"the axis {axis} has no values", remedy="Give it one or more")
        least = 0 if axis == "prompt" else 1
        for value in own:
            if axis in known and value not in known[axis]:
                listed = f"There are {', '.join(known[axis])}"
                remedy = did_you_mean(str(value), known[axis]) or listed
                raise StudyError(f"{axis}: there is no {str(value)!r}", remedy=remedy)
            if axis not in known and not (isinstance(value, int) and value >= least):
                fact = f"{axis}: {value!r} is no whole number from {least} on"
                raise StudyError(fact, remedy="Give it like 1024")
