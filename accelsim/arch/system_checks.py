"""Every way in which a system does not fit together, as data: names, links, roles, counts, routes.

What is wrong with a device or a link alone is found while it is read; here it is what is wrong
between them. A path says where: ("links", 1, "between").
"""

from collections.abc import Iterator

from accelsim.arch.structure import Problem
from accelsim.arch.system import System, devices_of_a_replica
from accelsim.base.errors import ArchError, did_you_mean


def system_problems(system: System) -> list[Problem]:
    """All of the first kind that there are: what follows rests on it."""
    of_parts = [*_of_names(system), *_of_links(system)]
    return of_parts or list(_of_roles(system)) or [*_of_counts(system), *_of_routes(system)]


def _of_names(system: System) -> Iterator[Problem]:
    if not system.devices:
        yield Problem(("devices",), "the system has no devices", "Give one the role 'both'")
    names = [each.name for each in system.devices]
    for number, name in enumerate(names):
        if name in names[:number]:
            fact = f"two devices are called {name!r}"
            yield Problem(("devices", number, "name"), fact, "Give each a name of its own")
    for number, switch in enumerate(system.switches):
        if switch in (*names, *system.switches[:number]):
            fact = f"the switch {switch!r} has the name of another"
            yield Problem(("switches", number), fact, "Give each a name of its own")


def _of_links(system: System) -> Iterator[Problem]:
    ends = [*(each.name for each in system.devices), *system.switches]
    for number, link in enumerate(system.links):
        before = system.links[:number]
        if link.name in (other.name for other in before):
            fact = f"two links are called {link.name!r}"
            yield Problem(("links", number, "name"), fact, "Give each a name of its own")
        for end in link.between:
            if end not in ends:
                fact = f"link {link.name} leads to {end!r}, which is no device and no switch"
                remedy = did_you_mean(end, ends) or f"There are {', '.join(ends)}"
                yield Problem(("links", number, "between"), fact, remedy)
        for other in before:
            if set(other.between) == set(link.between):
                fact = f"{other.name} and {link.name} both join {' and '.join(link.between)}"
                remedy = "Write one link with the bandwidth of both"
                yield Problem(("links", number, "between"), fact, remedy)
        if link.bandwidth.bytes_per_s is None:
            fact = f"link {link.name} has no clock, and its bandwidth is in bytes a cycle"
            remedy = "Write it in bytes a second, like '450 GB/s'"
            yield Problem(("links", number, "bandwidth"), fact, remedy)


def _of_roles(system: System) -> Iterator[Problem]:
    roles = [each.role for each in system.devices]
    holders = [each.name for each in system.devices if each.role in ("model", "both")]
    if len(holders) != 1:
        found = f": {', '.join(holders)}" if holders else ""
        fact = f"{len(holders)} kinds of devices hold the model{found}"
        yield Problem(("devices",), fact, "Give one kind the role 'model' or 'both'")
    for role in ("attention", "prefill"):
        if roles.count(role) > 1:
            fact = f"{roles.count(role)} kinds of devices have the role {role!r}"
            yield Problem(("devices",), fact, "Give it to one kind")
    if ("attention" in roles) != ("model" in roles):
        there, missing = ("model", "attention") if "model" in roles else ("attention", "model")
        fact = f"a kind of device has the role {there!r}, but none {missing!r}"
        yield Problem(("devices",), fact, "A kind that does both has the role 'both'")
    yield from _of_roles_and_rules(system)


def _of_roles_and_rules(system: System) -> Iterator[Problem]:
    roles = [each.role for each in system.devices]
    if system.offload is not None and "attention" not in roles:
        remedy = "Give a kind the role 'attention', or leave 'offload' out"
        yield Problem(("offload",), "there are no attention workers to offload to", remedy)
    if system.offload is None and "attention" in roles:
        fact = "it is not said how attention travels to the attention workers"
        yield Problem(("devices",), fact, "Add a line like 'offload: {split: heads, batches: 2}'")
    if system.serving.prefill == "apart" and "prefill" not in roles:
        fact = "'prefill: apart' needs a kind of device with the role 'prefill'"
        yield Problem(("serving", "prefill"), fact, "Add one, or write 'prefill: here'")
    if system.serving.prefill != "apart" and "prefill" in roles:
        fact = f"prompts are computed {system.serving.prefill}, not on the role 'prefill'"
        yield Problem(("serving", "prefill"), fact, "Write 'prefill: apart'")


def _of_counts(system: System) -> Iterator[Problem]:
    holder, wanted = system.model_device, devices_of_a_replica(system.parallel)
    if holder.count % wanted:
        fact = f"{holder.count} {holder.name} do not divide into replicas of {wanted}"
        yield Problem(("parallel",), fact, "A replica is tensor x pipeline x context devices")
    sharing = system.parallel.tensor * system.parallel.context
    if sharing % system.parallel.expert:
        experts = system.parallel.expert
        fact = f"{sharing} devices share a layer and do not divide over {experts} for experts"
        yield Problem(("parallel", "expert"), fact, f"Take a divisor of {sharing}")


def _of_routes(system: System) -> Iterator[Problem]:
    holder = system.model_device.name
    pairs = [(holder, holder)] if devices_of_a_replica(system.parallel) > 1 else []
    others = (system.attention_device, system.prefill_device)
    pairs += [(holder, other.name) for other in others if other is not None]
    for one, other in pairs:
        try:
            system.route(one, other)
        except ArchError as error:
            yield Problem(("links",), error.fact, error.remedy)
