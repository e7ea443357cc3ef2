"""Why a call takes as long as it does, in one sentence with numbers."""

from accelsim.arch.gpu import Gpu
from accelsim.base.units import format_quantity
from accelsim.cost.gpu.call import CallCost

HELD = 1.01
"""More than this share of the limit is more than rounding."""

WORDS = {
    "tensor": "the tensor cores",
    "special-function": "the special-function units",
    "fp32": "the FP32 and integer pipes",
    "shared": "shared memory",
    "l2": "the L2 cache",
    "hbm": "device memory",
    "latency": "latencies and idle slots",
    "launch": "launching",
    "power": "power",
}


def why(cost: CallCost, gpu: Gpu) -> str:
    """`device memory: 90% of 107 us, latencies and idle slots 21%; 1.9 waves of blocks; ...`."""
    parts = [_resources(cost), *_waves(cost), _clock(cost, gpu)]
    return "; ".join(parts)


def _resources(cost: CallCost) -> str:
    ranked = sorted(cost.times.by_resource.items(), key=lambda item: -item[1])
    shares = [(WORDS.get(name, name), seconds / cost.seconds) for name, seconds in ranked[:2]]
    (first, share), *rest = shares
    text = f"{first}: {share:.0%} of {format_quantity(cost.seconds, 's')}"
    return text + "".join(f", {name} {share:.0%}" for name, share in rest)


def _waves(cost: CallCost) -> list[str]:
    waves = cost.times.facts.get("waves")
    return [f"{waves:.3g} waves of blocks"] if isinstance(waves, int | float) else []


def _clock(cost: CallCost, gpu: Gpu) -> str:
    clock = f"{cost.sustained_clock_hz / 1e9:.2f} of {gpu.clock_hz / 1e9:.2f} GHz"
    held = f"sustained at {clock} and {cost.power_w:.0f} of {gpu.power.limit_w:.0f} W"
    if cost.power_w <= HELD * gpu.power.limit_w:
        return held
    return f"{held}, more than allowed even at the lowest clock that is known"
