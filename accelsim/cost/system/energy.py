"""Energy of an iteration: what its engine does, and what its devices draw while they wait.

    joules = Σ `Iteration.joules` of devices and links + Σ waiting · devices / engines · seconds

Of a GPU that is its board, of an array its modelled parts, of a link what the bits that it carries
take. Hosts, switches, fans and power supplies have no model and are not counted, nor are devices
that only read prompts.
"""

from collections.abc import Iterator

from accelsim.arch.gpu import Gpu
from accelsim.arch.spatial import Spatial
from accelsim.arch.system import Machine
from accelsim.cost.system.effort import idle_w
from accelsim.cost.system.iteration import Iteration
from accelsim.cost.system.plan import Plan

ALWAYS = "hosts, switches, fans and power supplies"


def iteration_j(plan: Plan, iteration: Iteration) -> float:
    """Joules of one engine from one token of its sequences to the next."""
    return float(sum(iteration.joules.values()) + _waiting_w(plan) * iteration.seconds)


def parts_without_energy(plan: Plan) -> tuple[str, ...]:
    """`memories.DRAM of CPU`: what does work in the iteration, and does not say what it takes."""
    names = dict.fromkeys((plan.holder.name, plan.attender.name))
    return tuple(f"{part} of {name}" for name in names for part in _unknown(plan.machines[name]))


def not_counted(plan: Plan) -> str:
    """What no energy is of, as words."""
    links = [each.name for each in plan.system.links if not each.energy_pj_per_bit]
    used = (plan.holder.name, plan.attender.name)
    others = [each.name for each in plan.system.devices if each.name not in used]
    arrays = [n for n in dict.fromkeys(used) if not isinstance(plan.machines[n], Gpu)]
    told = [ALWAYS, *(f"link {name}, which gives none" for name in links)]
    told += [f"{name}, which only reads prompts" for name in others]
    told += [f"the board of {name} beyond its modelled parts" for name in arrays]
    return "; ".join(told)


def _waiting_w(plan: Plan) -> float:
    """Of the devices of one engine."""
    kinds = {each.name: each for each in (plan.holder, plan.attender)}
    return sum(idle_w(plan.machines[n]) * each.count / plan.engines for n, each in kinds.items())


def _unknown(machine: Machine) -> Iterator[str]:
    """A GPU has a model of its board, without which it is none; of an array 0 says nothing, but in
    registers, whose energy may be within that of operations."""
    if not isinstance(machine, Spatial):
        return
    for memory in machine.memories:
        if memory.under is None and not (memory.read_pj_per_byte or memory.write_pj_per_byte):
            yield f"memories.{memory.name}"
    for array in machine.compute:
        if not any(operation.energy_pj for operation in array.operations.values()):
            yield f"compute.{array.name}"
