"""Attention of blocks that stay and share out all steps (stream-K): what they do, and when.

a block   Σ steps (tile.py); its first tiles arrive anew for every output tile after the first
a part    is stored by a block as soon as it has walked its steps, and found there by the host,
          who loads part after part: all through L2, trips one after the other
an SM     with r blocks that still walk, each is done after max(r · busy, alone) + ends cycles, if
          that goes on (as in `cost/kernels.py`); who waits or adds up leaves the pipes to others
the chip  blocks are dealt to the SMs once and stay; a host is done when it has walked and the last
          of its parts is there, and it has added them up

        host = max(walked, there of its helpers) + collecting;   all: the last block

Where another kernel adds the parts up (`combine_parts.py`), nobody waits.

A block has left its part before it waits, so that nothing here depends on a wait: the times of
walking give those of the parts, and these give the end. `sim/stream_k.py` plays it event by event.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from accelsim.arch.gpu import Gpu
from accelsim.base.errors import MappingError
from accelsim.cost.gpu.attention import AttentionWork
from accelsim.cost.gpu.combine import COMBINE_INSTRUCTIONS
from accelsim.cost.gpu.combine_parts import PartsCombineWork
from accelsim.cost.gpu.tile import ACCUMULATOR_BYTES
from accelsim.cost.gpu.traffic import Traffic, traffic_of
from accelsim.cost.gpu.work import Times, Work
from accelsim.mapping.attention_binding import BoundAttention
from accelsim.mapping.stream_k import StreamK, Walk
from accelsim.workload.calls import WORD_BYTES

DONE = 1e-9


def stream_k_works(bound: BoundAttention, gpu: Gpu) -> tuple[Work, ...]:
    """The kernels of a call whose blocks share out their steps.

    Raises
    ------
    MappingError
        if the GPU cannot hold all blocks at once: hosts would wait for blocks that never start.
    """
    work = StreamKWork(bound, gpu)
    held = gpu.sms * work.resident
    if bound.blocks > held:
        raise MappingError(
            f"{bound.blocks} blocks of {bound.kernel.backend} wait for one another, and {held} run",
            remedy="stream_k.blocks is at most what an SM holds",
        )
    return (work, PartsCombineWork(bound, gpu)) if bound.combines else (work,)


@dataclass(frozen=True)
class StreamBlocks:
    """Of every block, in cycles: its SM's `busy` pipes; by itself `alone`; `ends`, as all have.

    After the `share` of its walk its part is there; it waits for those of so many `helpers` after
    it, and adds them up by `collecting`.
    """

    busy: np.ndarray
    alone: np.ndarray
    ends: float
    share: np.ndarray
    helpers: np.ndarray
    collecting: np.ndarray


@dataclass(frozen=True)
class Walked:
    """Of every block, the cycle at which its part is there, and that at which its walk ends."""

    there: np.ndarray
    ended: np.ndarray


def stream_cycles(blocks: StreamBlocks, sms: int) -> float:
    """When the last block is done."""
    walked = walked_at(blocks, sms)
    done, hosts = walked.ended.copy(), np.flatnonzero(blocks.helpers)
    if len(hosts):
        ends = hosts + 1 + blocks.helpers[hosts]
        # From each host's first helper to its last, and from there to the next host's.
        runs = np.stack([hosts + 1, ends], axis=1).ravel()
        parts = np.maximum.reduceat(np.append(walked.there, 0.0), runs)[::2]
        done[hosts] = np.maximum(done[hosts], parts) + blocks.collecting[hosts]
    return float(done.max())


def walked_at(blocks: StreamBlocks, sms: int) -> Walked:
    """All SMs at once: until its next block ends, each of those on an SM walks at one speed."""
    slots = -(-len(blocks.busy) // sms)

    def dealt(each: np.ndarray) -> np.ndarray:
        return np.pad(each, (0, slots * sms - len(each))).reshape(slots, sms)

    busy, alone, parts_left = dealt(blocks.busy), dealt(blocks.alone), dealt(1 - blocks.share)
    left = dealt(np.ones(len(blocks.busy)))
    there, ended, now = np.zeros_like(left), np.zeros_like(left), np.zeros(sms)
    while (left > 0).any():
        walks = left > 0
        cycles = np.maximum(walks.sum(axis=0) * busy, alone) + blocks.ends
        passing = np.where(walks, left * cycles, np.inf).min(axis=0)
        passing[~walks.any(axis=0)] = 0
        after = left - np.divide(passing, cycles, out=np.zeros_like(left), where=walks)
        after[after <= DONE] = 0
        leaves = walks & (left > parts_left) & (after <= parts_left)
        there = np.where(leaves, now + (left - parts_left) * cycles, there)
        now = now + passing
        ended = np.where(walks & (after == 0), now, ended)
        left = after
    number = len(blocks.busy)
    return Walked(there.ravel()[:number], ended.ravel()[:number])


@dataclass(frozen=True)
class StreamKWork(AttentionWork):
    """As `AttentionWork`, of blocks that share out the steps of all output tiles."""

    def times(self, clock_hz: float, cold: bool) -> Times:
        times = super().times(clock_hz, cold)
        splits = 1 + self._parts / self._walk.outputs
        return replace(times, facts={**times.facts, "splits": splits, "parts": self._parts})

    def blocks_at(self, clock_hz: float, cold: bool) -> StreamBlocks:
        """At a clock, since what waits for memory waits for seconds."""
        step, walk, rule = self.step, self._walk, self._rule
        period, _ = self.bound.line
        trip, moving = self.gpu.l2.latency_s * clock_hz, self._port_cycles(self._part_bytes)
        leaving = rule.leave * trip + moving
        adding = trip + COMBINE_INSTRUCTIONS * self.gpu.timing.dependent_cycles
        first_tiles = self._first_tiles_s(cold) * clock_hz + self._port_cycles(self._tile_bytes)

        helpers = walk.helpers if rule.collect else np.zeros_like(walk.helpers)
        has_part = walk.part > 0
        masked = walk.of_touched(period.masked) * step.masked
        busy = walk.steps * step.busy + masked + walk.touched * step.end
        alone = busy + walk.steps * (step.alone - step.busy)
        alone += (walk.touched - 1) * first_tiles + has_part * leaving
        masked_first = period.masked[walk.first % len(period.masked)] * step.masked
        part = walk.part * step.alone + masked_first + step.end + leaving
        ends = self._end_cycles + self._end_latency_s(cold) * clock_hz
        return StreamBlocks(
            busy=busy,
            alone=alone,
            ends=ends,
            share=np.where(has_part, np.minimum((part + ends) / (alone + ends), 1), 1),
            helpers=helpers,
            collecting=(helpers > 0) * (rule.collect or 0) * adding + helpers * (adding + moving),
        )

    def _scheduled(self, clock_hz: float, cold: bool) -> float:
        return stream_cycles(self.blocks_at(clock_hz, cold), self.gpu.sms)

    @property
    def _rule(self) -> StreamK:
        rule = self.bound.kernel.stream_k
        assert rule is not None
        return rule

    @property
    def _walk(self) -> Walk:
        walk = self.bound.walk
        assert walk is not None
        return walk

    @property
    def _parts(self) -> int:
        return int(np.count_nonzero(self._walk.part))

    @property
    def _reset_s(self) -> float:
        """The flags by which hosts find parts are set to zero before."""
        return float(self.gpu.launch.memset_s) if self._parts and self._rule.collect else 0.0

    @cached_property
    def traffic(self) -> Traffic:
        """Who leaves a part reads its queries too; parts are written, and read by their hosts if
        not by another kernel, which counts both."""
        plain = traffic_of(self.bound)
        moved = 2 * self._part_bytes if self._rule.collect else 0
        return replace(plain, once=plain.once + self._parts * (self._row_bytes + moved))

    @property
    def _rows(self) -> int:
        return min(self.bound.tile.queries, self.bound.fold * self.bound.call.p)

    @property
    def _row_bytes(self) -> int:
        return self._rows * self.bound.call.e * WORD_BYTES[self.bound.call.dtype]

    @property
    def _part_bytes(self) -> int:
        """The result so far, and the sum of each row."""
        return self._rows * (self.bound.call.value_dim + 1) * ACCUMULATOR_BYTES

    @property
    def _tile_bytes(self) -> int:
        """What a block waits for before it multiplies: queries and a tile of keys."""
        tile = self.bound.tile
        word = WORD_BYTES[self.bound.call.dtype]
        return (tile.queries + tile.keys) * tile.features * word

    def _port_cycles(self, moved_bytes: float) -> float:
        return float(moved_bytes / self.gpu.sm.port_bandwidth.per_cycle(self.gpu.clock_hz))
