"""What library calls take on one device amid a model: seconds, and joules beyond waiting.

On a GPU the kernels follow one another out of a graph; each finds its weights, keys and values in
device memory, for other layers ran since, but no dirty lines in L2:

    seconds = Σ kernels · back-to-back start + Σ kernel, cold, at the clock that the board holds
    joules  = the board's at that clock - what it draws while it waits, at its full clock · seconds

so that the two together are what a board draws that never waits, which is within its limit.

A model is asked again and again with one number moved, of which most calls know nothing: the chunks
of a longer prompt begin with those of a shorter one, and links are no part of a GPU. So efforts of
calls on a GPU are remembered (`on_gpu`).

On a spatial array attention is the shipped one-pass cascade under the array's default mapping, the
query heads of a group folded into its queries. It reads keys and values apart, latent ones too.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import NamedTuple

from accelsim.arch.gpu import Gpu
from accelsim.arch.system import Machine
from accelsim.base.errors import MappingError
from accelsim.cost.gpu.attention import AttentionWork
from accelsim.cost.gpu.call import works_of
from accelsim.cost.gpu.composed import actions_of
from accelsim.cost.gpu.power import energy_j, sustained_clock_hz, waiting_w
from accelsim.cost.gpu.tile import StepCycles
from accelsim.cost.gpu.work import Timed, Work
from accelsim.cost.system.array_attention import ArrayAttention
from accelsim.workload.calls import Call


class Effort(NamedTuple):
    """Of one device."""

    seconds: float
    joules: float

    def __add__(self, other: object) -> "Effort":
        if not isinstance(other, Effort):
            return NotImplemented
        return Effort(self.seconds + other.seconds, self.joules + other.joules)

    def times(self, number: float) -> "Effort":
        return Effort(self.seconds * number, self.joules * number)


NONE = Effort(0.0, 0.0)


def total(efforts: Iterable[Effort]) -> Effort:
    return sum(efforts, NONE)


Run = Callable[[Sequence[Call]], Effort]


def runner(machine: Machine) -> Run:
    """What calls one after the other take on a machine that is `in_stream`; what it finds out for
    some calls it remembers for the next.

    Raises
    ------
    MappingError
        (when run) if the machine has no kernel for one of them; a spatial array has one for
        attention alone.
    """
    if isinstance(machine, Gpu):
        return on_gpu(machine)
    attention = ArrayAttention(machine)
    return lambda calls: _on_array(calls, attention)


def effort(calls: Sequence[Call], machine: Machine) -> Effort:
    """Of these calls alone; see `runner`."""
    return runner(machine)(calls)


def idle_w(machine: Machine) -> float:
    """What a device draws while it waits."""
    if isinstance(machine, Gpu):
        return waiting_w(machine, float(machine.clock_hz))
    return float(sum(machine.leakage_w.values()))


def memory_bytes(machine: Machine) -> float:
    """What a device can hold: a GPU's device memory, an array's outermost memory.

    Raises
    ------
    MappingError
        if that memory has no end, or none is told.
    """
    if isinstance(machine, Gpu):
        return float(machine.hbm.capacity_bytes)
    outermost = next(memory for memory in machine.memories if memory.under is None)
    if outermost.capacity_bytes is None:
        remedy = "Give it a capacity, as in set: {memories.DRAM.capacity: 64 GB}"
        raise MappingError(f"{outermost.name} does not say what it holds", remedy=remedy)
    return float(outermost.capacity_bytes)


def in_stream(machine: Machine) -> Machine:
    """The machine as the kernels of a model find it: of a GPU, without dirty lines in L2."""
    if not isinstance(machine, Gpu):
        return machine
    levels = (
        level.model_copy(update={"dirty_bytes": 0}) if level.name == "L2" else level
        for level in machine.memories
    )
    return machine.model_copy(update={"memories": tuple(levels)})


# --- on arrays ------------------------------------------------------------------------------------


def _on_array(calls: Sequence[Call], attention: ArrayAttention) -> Effort:
    idle = idle_w(attention.array)
    return total(
        Effort(seconds, float(cost.energy_pj) * 1e-12 - idle * seconds)
        for cost in attention.cost(calls)
        for seconds in (float(cost.latency_s),)
    )


# --- on GPUs --------------------------------------------------------------------------------------

MOST_GPUS, MOST_CALLS = 32, 8192
"""That are remembered."""


@dataclass(frozen=True)
class OnGpu:
    """Efforts of calls one after the other on a GPU that is `in_stream`, and what is known already.

    Blocks of one attention kernel take the same steps however many there are: these are worked out
    once.
    """

    gpu: Gpu
    known: dict[tuple[Call, ...], Effort] = field(default_factory=dict)
    steps: dict[Hashable, tuple[AttentionWork, StepCycles]] = field(default_factory=dict)

    def __call__(self, calls: Sequence[Call]) -> Effort:
        asked = tuple(calls)
        found = self.known.get(asked)
        if found is None:
            if len(self.known) >= MOST_CALLS:
                self.known.clear()
            found = self.known[asked] = self._anew(asked) if asked else NONE
        return found

    def _anew(self, calls: Sequence[Call]) -> Effort:
        gpu = self.gpu
        works = tuple(self._with_step(work) for call in calls for work in works_of(call, gpu))
        actions = actions_of(works, cold=True)
        clocked = [_clocked(work) for work in works]

        def seconds_at(clock_hz: float) -> float:
            kernels = sum(seconds(clock_hz) for seconds in clocked)
            return float(len(works) * gpu.launch.back_to_back_s + kernels)

        clock_hz = sustained_clock_hz(gpu, actions, seconds_at)
        seconds = seconds_at(clock_hz)
        joules = energy_j(gpu, actions, seconds, clock_hz) - idle_w(gpu) * seconds
        return Effort(seconds, joules)

    def _with_step(self, work: Work) -> Work:
        if not isinstance(work, AttentionWork):
            return work
        bound, call = work.bound, work.bound.call
        key = (id(bound.kernel), id(bound.tile), bound.family, call.dtype, bool(call.window))
        if key not in self.steps:
            # The work holds on to what the key names.
            self.steps[key] = (work, work.step)
        return replace(work, step_known=self.steps[key][1])


def on_gpu(gpu: Gpu) -> OnGpu:
    """With what is known of an equal one."""
    own = _latest.get(id(gpu))
    if own is not None and own[0] is gpu:
        return own[1]
    equal = (known for _, known in _latest.values() if known.gpu == gpu)
    found = next(equal, None) or OnGpu(gpu)
    _latest[id(gpu)] = (gpu, found)
    if len(_latest) > MOST_GPUS:
        _latest.popitem(last=False)
    return found


_latest: OrderedDict[int, tuple[Gpu, OnGpu]] = OrderedDict()


def _clocked(work: Work) -> Callable[[float], float]:
    """Seconds of one kernel, cold, at a clock."""
    timed = getattr(work, "seconds", None) if _is_timed(type(work)) else None
    if timed is not None:
        return lambda clock_hz: float(timed(clock_hz, True))
    return lambda clock_hz: work.times(clock_hz, True).seconds


@lru_cache(maxsize=64)
def _is_timed(kind: type) -> bool:
    return issubclass(kind, Timed)
