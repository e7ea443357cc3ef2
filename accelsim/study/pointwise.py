"""Subjects that make other kernels at each point, and are asked one point after the other:

    gpu_subject(...)         a workload as kernels on a GPU: ranks.P, memories.HBM.bandwidth, sms
    call_subject(...)        a call of a kernel: m, n, k, rows, and the GPU's numbers

A model on a system: `decoding_subject`. A point is asked once, however often it comes.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from accelsim.arch.gpu import Gpu
from accelsim.arch.load_gpu import load_gpu
from accelsim.base.errors import Place
from accelsim.base.units import quantity
from accelsim.cost.evaluate import evaluate
from accelsim.cost.explanation import Explanation
from accelsim.cost.gpu.call import call_cost
from accelsim.cost.gpu.cascade import refuse_too_large
from accelsim.cost.gpu.explained import explained_call
from accelsim.cost.gpu.mapping import gpu_mapping
from accelsim.cost.gpu.why import WORDS
from accelsim.mapping.automatic import AUTOMATIC
from accelsim.study.explained import explained
from accelsim.study.faults import FAULTS, text_of
from accelsim.study.quantities import Quantity, quantities
from accelsim.study.subject import BOUND, ENERGY, ERROR, LATENCY, Columns, quietly, refuse_unknown
from accelsim.study.table import Table, array_of
from accelsim.workload.calls import call_text, case_of
from accelsim.workload.einsum import Cascade
from accelsim.workload.load import load_workload

Settings = Mapping[str, str]
Told = Callable[[], None]
NOTHING: Settings = MappingProxyType({})


@dataclass(frozen=True)
class Pointwise:
    """`ask` gives the measures and the bound under settings on top of today's; `told` hears of
    every point that is asked. `case` is the workload and the GPU under settings, where kernels
    could be searched for."""

    of: str
    numbers: Mapping[str, Quantity]
    measures: tuple[str, ...]
    ask: Callable[[Settings], Mapping[str, Any]]
    explain: Callable[[], Explanation]
    made_of: Mapping[str, Any]
    steps: tuple[int, int] = (17, 9)
    grid: int = 17
    precision: float = 1e-3
    note: str = ""
    case: Callable[[Settings], tuple[Cascade, Gpu]] | None = None
    told: Told = quietly
    remembered: dict[tuple[tuple[str, str], ...], Mapping[str, Any]] = field(default_factory=dict)

    def known(self) -> Mapping[str, Quantity]:
        return self.numbers

    def read(self, path: str, text: str) -> Quantity:
        refuse_unknown(path, self.numbers)
        unit = self.numbers[path].unit
        return Quantity(quantity(text, unit or "1"), unit)

    def is_whole(self, path: str) -> bool:
        known = self.numbers[path]
        return isinstance(known.value, int) and known.unit in ("", "B")

    def explanation(self) -> Explanation:
        return self.explain()

    def nouns(self) -> Mapping[str, Any]:
        return self.made_of

    def answers(self, columns: Columns) -> Table:
        lists = [column.tolist() for column in columns.values()]
        points = [dict(zip(columns, point, strict=True)) for point in zip(*lists, strict=True)]
        for point in sorted(points, key=_of_workload):
            self._row(point)
        rows = [self._row(point) for point in points]
        names = (*self.measures, BOUND, ERROR)
        return Table({name: array_of(row[name] for row in rows) for name in names})

    def _row(self, point: Mapping[str, Any]) -> Mapping[str, Any]:
        settings = as_settings(point, self.numbers)
        key = tuple(sorted(settings.items()))
        if key not in self.remembered:
            self.remembered[key] = self._asked(settings)
            self.told()
        return self.remembered[key]

    def _asked(self, settings: Settings) -> Mapping[str, Any]:
        try:
            return {**self.ask(settings), ERROR: ""}
        except FAULTS as error:
            nothing = dict.fromkeys(self.measures, float("nan"))
            return {**nothing, BOUND: "", ERROR: text_of(error)}


def as_settings(values: Mapping[str, Any], numbers: Mapping[str, Quantity]) -> Settings:
    """Values by path as they are written, with their units."""
    units = {path: numbers[path].unit for path in values}
    return {p: f"{v!r} {units[p]}" if units[p] else repr(v) for p, v in values.items()}


def _of_workload(point: Mapping[str, Any]) -> list[Any]:
    """Points of one workload are asked together: on GPUs its kernels are made once for them."""
    return [value for path, value in point.items() if path.partition(".")[0] in OF_WORKLOAD]


def numbers_of(noun: Any) -> dict[str, Quantity]:
    """What can be varied: quantities that are numbers."""
    return {path: each for path, each in quantities(noun).items() if is_number(each.value)}


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


# --- workloads on GPUs ----------------------------------------------------------------------------

OF_WORKLOAD = ("ranks", "words")


def gpu_subject(
    workload: str,
    machine: str,
    mapping: str | None = None,
    *,
    of_workload: Settings = NOTHING,
    of_machine: Settings = NOTHING,
    shape: str | None = None,
    told: Told = quietly,
) -> Pointwise:
    """Raises what loading and making kernels raises today."""
    cascade, gpu = load_workload(workload, of_workload, shape), load_gpu(machine, of_machine)

    numbers = {**_of_cascade(cascade), **numbers_of(gpu)}

    def case(settings: Settings) -> tuple[Cascade, Gpu]:
        ranks = {p: v for p, v in settings.items() if p.partition(".")[0] in OF_WORKLOAD}
        own = {p: v for p, v in settings.items() if p not in ranks}
        at = load_workload(workload, {**of_workload, **ranks}, shape) if ranks else cascade
        on = load_gpu(machine, {**of_machine, **own}) if own else gpu
        return at, on

    def ask(settings: Settings) -> Mapping[str, Any]:
        at, on = case(settings)
        kernels = gpu_mapping(at, on, mapping)
        refuse_too_large(kernels, on)
        cost = evaluate(at, on, kernels)
        bound = WORDS.get(cost.bound, cost.bound)
        return {LATENCY: float(cost.latency_s), ENERGY: float(cost.energy_pj), BOUND: bound}

    found = Pointwise(
        of=f"{cascade.name} on {machine}" + (f" under {mapping}" if mapping else ""),
        numbers=numbers,
        measures=(LATENCY, ENERGY),
        ask=ask,
        explain=lambda: explained(cascade, gpu, mapping, named=machine),
        made_of={cascade.name: cascade, machine: gpu, "kernels": {"library": mapping or AUTOMATIC}},
        case=case,
        told=told,
    )
    ask({})
    return found


def _of_cascade(cascade: Cascade) -> dict[str, Quantity]:
    """Ranks that are no expressions of others, and words."""
    return {
        path: each
        for path, each in numbers_of(cascade).items()
        if path.startswith("words.")
        or isinstance(cascade.declared.get(path.removeprefix("ranks.")), int)
    }


# --- calls ----------------------------------------------------------------------------------------


def call_subject(
    machine: str,
    kernel: str,
    params: Mapping[str, Any],
    *,
    of_machine: Settings = NOTHING,
    told: Told = quietly,
) -> Pointwise:
    """`params` are those of case files, {"m": 4096, ...}."""
    place = Place("the command line")

    def call_at(own: Mapping[str, Any]) -> Any:
        return case_of(kernel, json.dumps({**params, **own}), place).call

    call, gpu = call_at({}), load_gpu(machine, of_machine)
    sizes = {path: each._replace(unit="") for path, each in numbers_of(call).items()}

    def ask(settings: Settings) -> Mapping[str, Any]:
        own = {path: json.loads(text) for path, text in settings.items() if path in sizes}
        rest = {path: text for path, text in settings.items() if path not in sizes}
        on = load_gpu(machine, {**of_machine, **rest}) if rest else gpu
        cost = call_cost(call_at(own), on)
        joules = cost.energy_j
        return {
            LATENCY: cost.seconds,
            ENERGY: joules * 1e12,
            BOUND: WORDS.get(cost.bound, cost.bound),
        }

    of = f"{call_text(kernel, params)} on {machine}"
    found = Pointwise(
        of=of,
        numbers={**sizes, **numbers_of(gpu)},
        measures=(LATENCY, ENERGY),
        ask=ask,
        explain=lambda: explained_call(call, gpu, of),
        made_of={kernel: dict(params), machine: gpu},
        told=told,
    )
    ask({})
    return found
