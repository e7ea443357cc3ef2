"""How what goes on side by side adds up, and how much of what was read once is still there.

servers     work enough for all of them: nearly the slowest           (Σ t^q)^(1/q), q = 4
queueing    few customers, each with a time of its own, at servers    (Σ t^p)^(1/p), p = 2.16
turns       two take turns at pipes that both need: the longest, and a share of the others
kept        1 / (1 + (touched / capacity)^4), where blocks drift apart: distances are spread
swept       the same with the power 16, where everything is touched in the same order again
"""

from collections.abc import Iterable

from accelsim.arch.gpu import Gpu
from accelsim.base.entrywise import Number, longer


def served(gpu: Gpu, *times: float) -> float:
    """Servers one behind the other, with work enough for all."""
    return _norm(times, gpu.timing.servers)


def queued(gpu: Gpu, latency: float, *times: float) -> float:
    """As `served`, but with so few customers that each's own `latency` counts."""
    return _norm((latency, served(gpu, *times)), gpu.timing.queueing)


def in_turns(gpu: Gpu, *times: Number) -> Number:
    """Takers of turns, each of which needs all of these pipes one after the other."""
    longest = longer(*times)
    return longest + gpu.timing.turns * (sum(times) - longest)


def kept(gpu: Gpu, touched_bytes: float, capacity_bytes: float) -> float:
    """Share of what was read once that a cache still holds after so many other bytes."""
    return _still_there(touched_bytes, gpu.timing.reuse * capacity_bytes, gpu.timing.reuse_power)


def swept(gpu: Gpu, touched_bytes: float, capacity_bytes: float) -> float:
    """As `kept`, of a call that comes right after the same call."""
    return _still_there(touched_bytes, gpu.timing.sweep * capacity_bytes, gpu.timing.sweep_power)


def _still_there(touched_bytes: float, usable_bytes: float, power: float) -> float:
    if not usable_bytes:
        return 0.0
    # Of 1e9 times the room nothing is there; beyond, the power would overflow.
    return float(1 / (1 + min(touched_bytes / usable_bytes, 1e9) ** power))


def _norm(times: Iterable[float], power: float) -> float:
    # Of numbers far below 1 the powers would vanish.
    largest = max(times := tuple(times))
    if not largest:
        return 0.0
    return float(largest * sum((t / largest) ** power for t in times) ** (1 / power))
