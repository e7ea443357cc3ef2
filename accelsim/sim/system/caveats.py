"""What a reader of a run's figures must know of the system and the model, however the run went."""

from collections.abc import Iterator

from accelsim.arch.gpu import Gpu
from accelsim.cost.system.plan import Plan


def caveats(plan: Plan) -> Iterator[str]:
    """What the figures leave out."""
    devices = plan.system.devices
    free = [each.name for each in devices if not each.price_usd_per_hour]
    if free and len(free) < len(devices):
        yield f"no price is given for {', '.join(free)}, which count as free"
    unknown = [each.name for each in devices if not isinstance(plan.machines[each.name], Gpu)]
    if unknown:
        names = ", ".join(unknown)
        yield f"no board power is known of {names}: their energy is that of the modelled parts"


def late_start(first_s: float, seconds: float) -> Iterator[str]:
    """Where nobody asked for most of the time that the figures count."""
    if first_s > seconds / 2:
        when = f"the first request comes at {first_s:,.6g} s"
        yield f"{when}, and throughput, use and energy count from 0 s on"
