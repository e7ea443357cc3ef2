"""What does not fit together in a system: names, roles, counts, and links that lead nowhere."""

from collections.abc import Iterator

from accelsim.arch.structure import Problem
from accelsim.arch.system import System, devices_of_a_replica
from accelsim.base.errors import ArchError, did_you_mean


def system_problems(system: System) -> Iterator[Problem]:
    """The first ones come first: what follows may rest on them."""
    yield from _of_names(system)
    yield from _of_roles(system)
    yield from _of_counts(system)
    yield from _of_routes(system)


def _of_names(system: System) -> Iterator[Problem]:
    names = [*(each.name for each in system.devices), *system.switches]
    for number, device in enumerate(system.devices):
        if names.index(device.name) < number:
            fact = f"two devices are called {device.name!r}"
            yield Problem(("devices", number, "name"), fact, "Give each a name of its own")
    for number, link in enumerate(system.links):
        for end in link.between:
            if end not in names:
                fact = f"link {link.name} leads to {end!r}, which is no device and no switch"
                remedy = did_you_mean(end, names) or f"There are {', '.join(names)}"
                yield Problem(("links", number, "between"), fact, remedy)


def _of_roles(system: System) -> Iterator[Problem]:
    roles = [each.role for each in system.devices]
    holders = [role for role in roles if role in ("model", "both")]
    if len(holders) != 1:
        fact = f"{len(holders)} kinds of devices hold the model"
        yield Problem(("devices",), fact, "Give one kind the role 'model' or 'both'")
    for role in ("attention", "prefill"):
        if roles.count(role) > 1:
            fact = f"{roles.count(role)} kinds of devices have the role {role!r}"
            yield Problem(("devices",), fact, "Give it to one kind")
    if ("attention" in roles) != ("model" in roles):
        remedy = "A kind that does both has the role 'both'"
        yield Problem(("devices",), "the roles 'model' and 'attention' go together", remedy)
    if system.offload is not None and "attention" not in roles:
        remedy = "Give a kind the role 'attention', or leave 'offload' out"
        yield Problem(("offload",), "there are no attention workers to offload to", remedy)
    if (system.serving.prefill == "apart") != ("prefill" in roles):
        fact = "'prefill: apart' and a kind of device with the role 'prefill' go together"
        yield Problem(("serving",), fact, "Give both, or neither")


def _of_counts(system: System) -> Iterator[Problem]:
    holder, wanted = system.model_device, devices_of_a_replica(system.parallel)
    if holder.count % wanted:
        fact = f"{holder.count} {holder.name} do not divide into replicas of {wanted}"
        yield Problem(("parallel",), fact, "A replica is tensor x pipeline x context devices")
    if wanted % system.parallel.expert:
        fact = f"a replica of {wanted} devices does not divide over {system.parallel.expert}"
        yield Problem(("parallel", "expert"), fact, "Take a divisor")


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
