"""Seconds of device memory for the bytes that a kernel reads and writes, with what L2 gives up.

A call in a burst finds L2 full of dirty lines. A line that comes displaces any other with the same
chance, so that the dirty bytes decay towards the share of writes in what comes, as
exp(-bytes / capacity), and never exceed what the cache lets be dirty:

    written = dirty - dirty at the end + writes
    seconds = read / read rate + written / write rate + turnaround · min(read, written) / rate

What the call leaves in L2 is written back after it has ended. Back to back it pays for its own.
"""

from math import exp

from accelsim.arch.gpu import Gpu, rate_per_s
from accelsim.cost.gpu.overlap import swept


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
    hbm = gpu.hbm
    rate = rate_per_s(hbm.bandwidth, gpu)
    return float(
        read / (rate * hbm.read)
        + written / (rate * hbm.write)
        + hbm.turnaround * min(read, written) / rate
    )


def found_in_l2(gpu: Gpu, touched_bytes: float, cold: bool) -> float:
    """Share of a call's bytes that L2 still holds from the same call before it."""
    return 0.0 if cold else swept(gpu, touched_bytes, float(gpu.l2.capacity_bytes))
