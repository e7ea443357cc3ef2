"""A model that decodes on a system, as the subject of a what-if.

sequences  context                    of an engine's batch
links.nvlink.bandwidth                of the system
layers                                of the model
H100.memories.HBM.bandwidth           of the machine of a kind of device, below its name

What a device does at the same batch is asked again only where its machine, or who does what, is
another: links and rules of serving leave all of it as it is.

energy_per_token_pj      joules of an iteration of one engine / tokens that it makes
                         (`cost.system.energy`; left out where a part does not say what it takes)
"""

from collections.abc import Callable, Mapping
from typing import Any

from accelsim.arch.load_system import load_system, machines_of
from accelsim.arch.system import Machine, System
from accelsim.base.record import Record, fields_by_key
from accelsim.base.units import UNIT_OF_SUFFIX, suffix_of
from accelsim.cost.system.buckets import Exact
from accelsim.cost.system.costs import Costs, costs_of
from accelsim.cost.system.efforts import on_other_machines
from accelsim.cost.system.energy import iteration_j, not_counted, parts_without_energy
from accelsim.cost.system.explained import bound_of, explained_iteration
from accelsim.cost.system.iteration import Batch
from accelsim.cost.system.plan import Plan, plan_of
from accelsim.study.explained_decoding import batch_of
from accelsim.study.pointwise import (
    NOTHING,
    Pointwise,
    Settings,
    Told,
    is_number,
    numbers_of,
)
from accelsim.study.quantities import Quantity
from accelsim.study.subject import BOUND, LATENCY, TOKEN_ENERGY, TOKENS, quietly
from accelsim.workload.model import Model

BATCH = ("sequences", "context")
DEFAULTED = ("parallel", "memory", "serving", "offload")


def decoding_subject(
    model: str,
    system: str,
    read_model: Callable[[Settings], Model],
    *,
    batch: Mapping[str, int],
    of_system: Settings = NOTHING,
    told: Told = quietly,
) -> Pointwise:
    """Of one engine's batch of `sequences`, each with `context` keys."""
    today, whole = load_system(system, of_system), read_model({})
    of_model, machines = numbers_of(whole), machines_of(today)
    of_devices = {
        f"{device}.{path}": each
        for device, machine in machines.items()
        for path, each in numbers_of(machine).items()
    }
    own = {**numbers_of(today), **_defaulted(today)}
    sizes = {name: Quantity(number) for name, number in batch.items()}

    def plan_at(settings: Settings) -> tuple[Any, Any]:
        def of(known: Mapping[str, Any]) -> dict[str, str]:
            return {path: text for path, text in settings.items() if path in known}

        at = load_system(system, {**of_system, **of(own)}) if of(own) else today
        at = _with_machines(at, of(of_devices))
        plan = plan_of(at, read_model(of(of_model)) if of(of_model) else whole, machines_at(at))
        numbers = {**batch, **{name: int(text) for name, text in of(sizes).items()}}
        return plan, batch_of(plan, numbers["sequences"], numbers["context"])

    def machines_at(at: System) -> Mapping[str, Machine]:
        if _who_does_what(at) == _who_does_what(today) and _sets(at) == _sets(today):
            return machines
        return machines_of(at)

    first, usual = plan_at({})
    measures, note = _measures(first)
    known = costs_of(first, Exact())

    def costs_at(plan: Plan, at: Batch) -> Costs:
        is_alike = plan.model is whole and _who_does_what(plan.system) == _who_does_what(today)
        if at == usual and is_alike:
            return Costs(on_other_machines(known.efforts, plan))
        return costs_of(plan, Exact())

    def ask(settings: Settings) -> Mapping[str, Any]:
        plan, at = plan_at(settings)
        now = costs_at(plan, at)(at)
        tokens = plan.engines * at.sequences / now.seconds
        told = {LATENCY: now.seconds, TOKENS: tokens, BOUND: bound_of(now)}
        if TOKEN_ENERGY in measures:
            told[TOKEN_ENERGY] = iteration_j(plan, now) / at.sequences * 1e12
        return told

    of = f"{model} on {system}, {batch['sequences']:,} sequences of {batch['context']:,} keys"
    found = Pointwise(
        of=of,
        numbers={**of_devices, **of_model, **own, **sizes},
        measures=measures,
        ask=ask,
        explain=lambda: explained_iteration(*plan_at({}), of),
        made_of={model: whole, system: today, "batch": dict(batch), **machines},
        note=note,
        told=told,
    )
    ask({})
    return found


def _who_does_what(system: System) -> tuple[Any, ...]:
    """All of a system that decides which calls its devices run for a batch."""
    devices = [(d.name, d.machine, d.count, d.role, d.attention) for d in system.devices]
    return devices, system.parallel, system.offload


def _sets(system: System) -> list[Mapping[str, Any]]:
    return [device.set for device in system.devices]


def _measures(plan: Plan) -> tuple[tuple[str, ...], str]:
    """With energy where all parts say what they take; and what is to be known of it."""
    lacking = parts_without_energy(plan)
    if lacking:
        return (LATENCY, TOKENS), f"no energy: none is given for {', '.join(lacking)}"
    return (LATENCY, TOKENS, TOKEN_ENERGY), f"energy does not count {not_counted(plan)}"


def _defaulted(system: System) -> dict[str, Quantity]:
    """The rules of a system, those that its file leaves out among them."""
    found: dict[str, Quantity] = {}
    for part in DEFAULTED:
        record = getattr(system, part)
        for key, name in fields_by_key(type(record)).items() if isinstance(record, Record) else ():
            value = getattr(record, name)
            if is_number(value):
                unit = UNIT_OF_SUFFIX.get(suffix_of(name), "")
                found[f"{part}.{key}"] = Quantity(value, unit, system.source)
    return found


def _with_machines(system: System, settings: Settings) -> System:
    """Settings of machines below the names of their devices."""
    if not settings:
        return system
    devices = []
    for device in system.devices:
        start = f"{device.name}."
        own = {p[len(start) :]: v for p, v in settings.items() if p.startswith(start)}
        devices.append(device.model_copy(update={"set": {**device.set, **own}}))
    return system.model_copy(update={"devices": tuple(devices)})
