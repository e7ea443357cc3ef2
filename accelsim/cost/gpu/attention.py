"""Attention on a GPU: blocks of steps over the SMs, beside the bytes of L2 and device memory.

a block   Σ steps (tile.py), and once: its first tiles arrive, its result leaves
the chip  blocks go in order to the first SM with room; on an SM they share its pipes
          (`cost/kernels.py`); with a queue, one an SM, in its order; of millions the
          first and the last do not count: Σ cycles of a block / (SMs · resident)
a call    cold, the first tiles from device memory; then that, the bytes through L2 and those of
          device memory side by side (`served`); where keys are split, a second kernel adds the
          parts up; some libraries copy queries before or results after
bytes     `traffic.py`; of device memory also what the dirty L2 gives up
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from accelsim.arch.gpu import WARP, Gpu, rate_per_s, resident_blocks
from accelsim.cost.gpu.combine import CombineWork
from accelsim.cost.gpu.combine_varlen import VarlenCombineWork
from accelsim.cost.gpu.dram import dram_seconds, found_in_l2, written_back
from accelsim.cost.gpu.next_tile import ahead_s, planning_s
from accelsim.cost.gpu.overlap import served
from accelsim.cost.gpu.tile import StepCycles, fetching_cycles, step_cycles
from accelsim.cost.gpu.traffic import Traffic, traffic_of
from accelsim.cost.gpu.unfused import steps_works
from accelsim.cost.gpu.work import Times, Work
from accelsim.cost.kernels import scheduled, scheduled_cycles
from accelsim.mapping.attention_binding import BoundAttention
from accelsim.workload.call_counts import query_bytes
from accelsim.workload.calls import WORD_BYTES

MOST_SCHEDULED = 2_000_000
"""Blocks beyond which the closed form is taken; there are hundreds of waves then."""


def attention_works(bound: BoundAttention, gpu: Gpu) -> tuple[Work, ...]:
    """The kernels of a call that deals blocks to SMs (others: `stream_k_works`)."""
    adds_up = VarlenCombineWork if bound.kernel.scan else CombineWork
    combine = (adds_up(bound, gpu),) if bound.combines else ()
    before = steps_works(bound.kernel.before, bound.call, gpu)
    after = steps_works(bound.kernel.after, bound.call, gpu)
    return (*before, AttentionWork(bound, gpu), *combine, *after)


@dataclass(frozen=True)
class Blocks:
    """Of every block, in the order in which they start: steps, and masked ones among them."""

    steps: np.ndarray
    masked: np.ndarray


@dataclass(frozen=True)
class AttentionWork:
    """The kernel of blocks. Somebody may know its step from a call whose steps are alike."""

    bound: BoundAttention
    gpu: Gpu
    step_known: StepCycles | None = None

    @property
    def name(self) -> str:
        return self.bound.kernel.backend

    def actions(self, cold: bool) -> Mapping[str, float]:
        tile, steps, step = self.bound.tile, self._steps, self.step
        scores = tile.queries * tile.keys
        family, dtype = self.bound.family, self.bound.call.dtype
        bandwidth = self.gpu.sm.shared_bandwidth.per_cycle(self.gpu.clock_hz)
        fetched = "bulk" if self.gpu.cores(family).warps > 1 else "l2"
        actions = {
            f"{family}_{dtype}": steps * step.flop,
            "exp": steps * scores,
            "fp32": steps * (step.operations - scores),
            "shared": steps * step.by_pipe["shared"] * bandwidth,
            "HBM": sum(self._hbm_bytes(cold)),
        }
        if self.traffic.added:
            actions["atomic"] = steps * self.traffic.added
        actions[fetched] = actions.get(fetched, 0) + steps * self.traffic.step
        actions["l2"] = actions.get("l2", 0) + self.traffic.once
        return actions

    def times(self, clock_hz: float, cold: bool) -> Times:
        gpu, step = self.gpu, self.step
        on_sms = self._on_sms_s(clock_hz, cold)
        hbm, _ = self._memory_s[cold]
        l2 = self._l2_seconds
        a_cycle = self._steps / gpu.sms / clock_hz
        pipes = {name: cycles * a_cycle for name, cycles in step.by_pipe.items()}
        busy = step.busy * a_cycle
        return Times(
            seconds=self._beside_bytes(on_sms, clock_hz, cold),
            by_resource={
                "tensor": pipes["tensor"],
                "special-function": pipes[gpu.pipe("exp").name],
                "fp32": max(pipes.get(gpu.pipe(each).name, 0.0) for each in ("mac", "max")),
                "l2": l2,
                "hbm": hbm,
                "latency": max(0.0, on_sms - busy),
            },
            facts={
                "blocks": self.bound.blocks,
                "resident": self.resident,
                "waves": self.bound.blocks / (gpu.sms * self.resident),
                "splits": self.bound.splits,
                "tail_share": max(0.0, 1 - busy / on_sms),
                "L2 hits": self._l2_hits[cold],
            },
        )

    def seconds(self, clock_hz: float, cold: bool) -> float:
        """Those of `times`."""
        return self._beside_bytes(self._on_sms_s(clock_hz, cold), clock_hz, cold)

    def _on_sms_s(self, clock_hz: float, cold: bool) -> float:
        """Until the last block has ended, whatever bytes move."""
        starts = self.gpu.launch.start_s if self.bound.kernel.queue else 0.0
        closing = self.bound.kernel.closing_cycles / clock_hz
        return float(self._scheduled(clock_hz, cold) / clock_hz + starts + closing)

    def _beside_bytes(self, on_sms: float, clock_hz: float, cold: bool) -> float:
        gpu, apart = self.gpu, self._apart_s(clock_hz)
        hbm, first = self._memory_s[cold]
        moving = served(gpu, on_sms - apart, max(hbm - first, 0.0), self._l2_seconds)
        return float(apart + first + moving + gpu.launch.drain_s + self._reset_s)

    @cached_property
    def step(self) -> StepCycles:
        return self.step_known or step_cycles(self.bound, self.gpu)

    @cached_property
    def of_head(self) -> Blocks:
        """The blocks of one head, of one sequence if all are equal."""
        sequences = self.bound.call.sequences
        kinds = {kind: self._of_sequence(*kind) for kind in {each[:2] for each in sequences}}
        found = [kinds[each[:2]] for each in sequences]
        steps = np.concatenate([blocks.steps for blocks in found])
        return Blocks(steps, np.concatenate([blocks.masked for blocks in found]))

    def _of_sequence(self, queries: int, keys: int) -> Blocks:
        parts = self.bound.visits(queries, keys)
        steps = np.concatenate([part.steps for part in parts])
        return Blocks(steps, np.concatenate([part.masked for part in parts]))

    @property
    def _heads(self) -> int:
        """That are like `of_head`."""
        sequences = self.bound.call.sequences
        return self.bound.heads * (sequences[0].number if len(sequences) == 1 else 1)

    @cached_property
    def blocks(self) -> Blocks:
        one, heads = self.of_head, self._heads
        found = Blocks(np.tile(one.steps, heads), np.tile(one.masked, heads))
        if self.bound.kernel.queue != "longest_first":
            return found
        order = np.argsort(-found.steps, kind="stable")
        return Blocks(found.steps[order], found.masked[order])

    @property
    def _reset_s(self) -> float:
        """A queue's counter is set to zero before, by a launch of its own or without."""
        kernel = self.bound.kernel
        return float(self.gpu.launch.memset_s) if kernel.queue and kernel.reset else 0.0

    @cached_property
    def _steps(self) -> float:
        return float(self.of_head.steps.sum()) * self._heads

    @cached_property
    def resident(self) -> int:
        """Blocks on an SM at once."""
        kernel = self.bound.kernel
        if kernel.queue:
            return 1
        tile, shared = self.bound.tile, float(self.bound.tile.shared_bytes)
        registers = tile.registers or kernel.registers
        return resident_blocks(self.gpu, tile.threads, registers, shared)

    def _scheduled(self, clock_hz: float, cold: bool) -> float:
        """Cycles until the last block has ended: linear in the cycles that latencies take."""
        without, longest, with_longest = self._scheduled_at
        share = self._end_latency_s(cold) * clock_hz / longest
        return without + (with_longest - without) * share

    @cached_property
    def _scheduled_at(self) -> tuple[float, float, float]:
        """If latencies took no cycles; the most that they take, at the highest clock; and then."""
        longest = self._end_latency_s(cold=True) * float(self.gpu.clock_hz)
        return self._cycles(self._end_cycles), longest, self._cycles(self._end_cycles + longest)

    def _cycles(self, ends: float) -> float:
        many = self.bound.blocks > MOST_SCHEDULED
        return self.cycles_of_many(ends) if many else self.scheduled_cycles(ends)

    def scheduled_cycles(self, ends: float) -> float:
        work, alone = self._of_each(self.blocks)
        return float(scheduled_cycles(work, alone, ends, self.resident, self.gpu.sms))

    def cycles_of_many(self, ends: float) -> float:
        """The closed form: every slot is taken until, at once, all blocks are done."""
        work, alone = self._of_each(self.of_head)
        each = np.maximum(self.resident * work, alone) + ends
        return float(each.sum()) * self._heads / (self.resident * self.gpu.sms)

    def slot_share(self, clock_hz: float, cold: bool) -> float:
        """Of the time of all slots, that in which a block is there."""
        ends = self._end_cycles + self._end_latency_s(cold) * clock_hz
        end, held = scheduled(*self._of_each(self.blocks), ends, self.resident, self.gpu.sms)
        return float(held / (self.resident * self.gpu.sms * end))

    def _of_each(self, blocks: Blocks) -> tuple[np.ndarray, np.ndarray]:
        """Cycles of an SM's pipes that every block takes, and those that it takes alone."""
        step = self.step
        work = blocks.steps * step.busy + blocks.masked * step.masked + step.end
        alone = work + blocks.steps * (step.alone - step.busy)
        once = np.minimum(blocks.steps, self.bound.bodies)
        return work, alone + once * max(0.0, fetching_cycles(self.bound, self.gpu) - step.alone)

    @property
    def _end_cycles(self) -> float:
        """Of a block with no tile at hand: it starts, first tiles arrive, its result leaves."""
        gpu = self.gpu
        warps = self.bound.tile.threads // WARP
        port = gpu.sm.port_bandwidth.per_cycle(gpu.clock_hz)
        return float(warps * gpu.launch.warp_cycles + self.traffic.block / port)

    def _end_latency_s(self, cold: bool) -> float:
        """Of a block that starts anew; one that draws from a queue only waits for its tiles."""
        gpu = self.gpu
        if self.bound.kernel.queue:
            return self._first_tiles_s(cold)
        return float(gpu.launch.start_s)

    def _first_tiles_s(self, cold: bool) -> float:
        gpu, trips = self.gpu, self.bound.kernel.trips
        far = self._missing(cold) if trips else float(cold)
        first = far * gpu.hbm.latency_s + (1 - far) * gpu.l2.latency_s
        trips_s = (1 + trips) * gpu.l2.latency_s
        return float(first + trips_s + planning_s(self.bound, gpu) + ahead_s(self.bound, gpu))

    @cached_property
    def _memory_s(self) -> Mapping[bool, tuple[float, float]]:
        """Warm and cold: of all bytes of device memory, and of the first among them."""
        return {
            cold: (dram_seconds(self.gpu, *self._hbm_bytes(cold)), self._first_s(cold))
            for cold in (False, True)
        }

    def _first_s(self, cold: bool) -> float:
        """Until all blocks that start at once have queries and a tile of keys from device memory,
        for which L2 gives up lines: nothing is computed beside it."""
        if not cold:
            return 0.0
        bound, l2 = self.bound, self.gpu.l2
        share = min(1.0, self.gpu.sms * self.resident / bound.blocks)
        heads = max(1.0, share * bound.heads * bound.call.b) * bound.splits
        tiles = heads * bound.tile.keys * bound.call.e * WORD_BYTES[bound.call.dtype]
        came = min(self.traffic.read, share * query_bytes(bound.call) + tiles)
        return dram_seconds(self.gpu, came, came * float(l2.dirty_bytes / l2.capacity_bytes))

    def _apart_s(self, clock_hz: float) -> float:
        """What no bytes move beside, of a kernel whose blocks look up their work: until the first
        ask for keys, and when the last have them."""
        gpu, step, trips = self.gpu, self.step, self.bound.kernel.trips
        ahead = gpu.launch.start_s + trips * gpu.l2.latency_s + ahead_s(self.bound, gpu)
        last = step.alone + step.end + self.bound.kernel.closing_cycles
        return float(ahead + last / clock_hz + gpu.l2.latency_s) if trips else 0.0

    def _missing(self, cold: bool) -> float:
        """Share of the call's bytes that L2 does not hold from the same call before."""
        return 1 - found_in_l2(self.gpu, self.traffic.read + self.traffic.written, cold)

    def _hbm_bytes(self, cold: bool) -> tuple[float, float]:
        missing = self._missing(cold)
        read, written = self.traffic.read * missing, self.traffic.written * missing
        return read, written_back(self.gpu, read, written, cold)

    @cached_property
    def _l2_hits(self) -> Mapping[bool, float]:
        """Warm and cold: of the bytes that SMs read."""
        asked = self._steps * self.traffic.step + self.traffic.once / 2
        return {cold: max(0.0, 1 - self._hbm_bytes(cold)[0] / asked) for cold in (False, True)}

    @cached_property
    def _l2_seconds(self) -> float:
        """L2 has a clock of its own."""
        l2, traffic = self.gpu.l2, self.traffic
        in_tiles = None if self.bound.kernel.rows else l2.tile_bandwidth
        rate = rate_per_s(in_tiles or l2.bandwidth, self.gpu)
        adding = rate_per_s(l2.atomic_bandwidth or l2.bandwidth, self.gpu)
        added = self._steps * traffic.added / adding
        return (self._steps * traffic.step + traffic.once) / rate + added

    @cached_property
    def traffic(self) -> Traffic:
        return traffic_of(self.bound)
