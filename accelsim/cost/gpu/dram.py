"""Seconds of device memory for the bytes that a kernel reads and writes, with what L2 gives up.

A call in a burst finds L2 full of dirty lines. A line that comes displaces any other with the same
chance, so that the dirty bytes decay towards the share of writes in what comes, as
exp(-bytes / capacity), and never exceed what the cache lets be dirty:

    written = dirty - dirty at the end + writes
    seconds = read / read rate + written / write rate + turnaround · min(read, written) / rate

What the call leaves in L2 is written back after it has ended. Back to back it pays for its own.

Runs of r bytes at places of their own take device memory as many bytes' time (and energy) as

    (r^q + run^q)^(1/q) / apart      q = 4, as servers add up

in a row would: rows are opened for each, and no run takes less than one access.
"""

from collections.abc import Callable
from math import exp
from typing import NamedTuple

from accelsim.arch.gpu import Gpu, rate_per_s
from accelsim.cost.gpu.overlap import swept


class Apart(NamedTuple):
    """What runs at places of their own cost: a share of the rate, and no less than `run_bytes`."""

    share: float = 1
    run_bytes: float = 0
    servers: float = 4

    def bytes_in_a_row(self, run_bytes: float) -> float:
        """The bytes of a long read that take as long as one run."""
        together = run_bytes**self.servers + self.run_bytes**self.servers
        return float(together ** (1 / self.servers) / self.share)


def apart(gpu: Gpu) -> Apart:
    return Apart(float(gpu.hbm.apart), float(gpu.hbm.run_bytes), float(gpu.timing.servers))


def written_back(gpu: Gpu, reads: float, writes: float, cold: bool) -> float:
    """Bytes written to device memory during a call that brings these into L2."""
    if not cold:
        return writes
    total, dirty = reads + writes, float(gpu.l2.dirty_bytes)
    if not total:
        return 0.0
    capacity = float(gpu.l2.capacity_bytes)
    settled = min(writes / total * capacity, dirty)
    return dirty - (settled + (dirty - settled) * exp(-total / capacity)) + writes


def dram_seconds(gpu: Gpu, read: float, written: float) -> float:
    return dram_clock(gpu)(read, written)


def dram_clock(gpu: Gpu) -> Callable[[float, float], float]:
    """`dram_seconds` of many reads and writes on one GPU."""
    hbm = gpu.hbm
    rate, turnaround = rate_per_s(hbm.bandwidth, gpu), hbm.turnaround
    reading, writing = rate * hbm.read, rate * hbm.write

    def seconds(read: float, written: float) -> float:
        return float(read / reading + written / writing + turnaround * min(read, written) / rate)

    return seconds


def found_in_l2(gpu: Gpu, touched_bytes: float, cold: bool) -> float:
    """Share of a call's bytes that L2 still holds from the same call before it."""
    return 0.0 if cold else swept(gpu, touched_bytes, float(gpu.l2.capacity_bytes))
