"""What an engine's iterations cost under faults: slower, with fewer workers, or none."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from accelsim.arch.system import Link, System
from accelsim.base.errors import InputError
from accelsim.base.rate import Rate
from accelsim.cost.system.costs import Costs, costs_of
from accelsim.cost.system.efforts import Efforts, slowed
from accelsim.cost.system.plan import Plan, plan_of
from accelsim.sim.system.faults import Fault, dead_of, factors


def impaired(costs: Costs, faults: Iterable[Fault]) -> Costs | None:
    """The costs under these faults; None if the engine cannot go on.

    All devices of a kind wait for the slowest of them. An engine goes on with fewer attention
    workers if heads (or keys) divide over those that are left, and not without a device that holds
    a part of the model.
    """
    faults = tuple(faults)
    if not faults:
        return costs
    dead = dead_of(faults)
    kinds = [_kind(what) for what in dead]
    plan = costs.plan
    if plan.holder.name in kinds:
        return None
    try:
        left = _without(costs, kinds.count(plan.attender.name))
    except InputError:
        return None
    alive = tuple(fault for fault in faults if fault.what not in dead)
    by_name = factors(alive)
    efforts = slowed(left.efforts, _slowest(alive, by_name))
    return Costs(_with_links(efforts, by_name))


def _slowest(faults: Iterable[Fault], by_name: Mapping[str, float]) -> dict[str, float]:
    """The factor of each kind's slowest device."""
    found: dict[str, float] = {}
    for fault in faults:
        if fault.kind == "slows":
            kind = _kind(fault.what)
            found[kind] = max(found.get(kind, 1.0), by_name[fault.what])
    return found


def _kind(what: str) -> str:
    return what.rpartition(".")[0]


def _without(costs: Costs, dead: int) -> Costs:
    """With so many attention workers less."""
    if not dead:
        return costs
    plan = costs.plan
    devices = tuple(
        device.model_copy(update={"count": device.count - dead})
        if device.name == plan.attender.name
        else device
        for device in plan.system.devices
    )
    if plan.attender.count == dead:
        raise InputError("no attention worker is left")
    system = plan.system.model_copy(update={"devices": devices})
    return costs_of(plan_of(system, plan.model, plan.machines), costs.efforts.before.nodes)


def _with_links(efforts: Efforts, by_name: Mapping[str, float]) -> Efforts:
    plan = efforts.plan
    links = slower_links(plan.system.links, by_name)
    system: System = plan.system.model_copy(update={"links": links})
    return replace(efforts, plan=Plan(system, plan.model, plan.machines))


def slower_links(links: Iterable[Link], by_name: Mapping[str, float]) -> tuple[Link, ...]:
    return tuple(_slower(link, by_name.get(link.name, 1.0)) for link in links)


def _slower(link: Link, factor: float) -> Link:
    return link.model_copy(update={"bandwidth": Rate(bytes_per_s=link.bytes_per_s / factor)})
