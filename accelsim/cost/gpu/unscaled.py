"""What takes away launching and latencies, which no number of a machine scales: other work.

launch     one kernel instead of n saves n - 1 gaps and starts; back to back the host's part of a
           launch is hidden behind the kernel before
latency    slots without a block: 1 - blocks / (waves · slots); a larger batch has blocks for them

Of a call the model is asked again with twice of what it is a batch of: what takes less than twice
as long shares launching, or fills slots.
"""

from collections.abc import Callable, Iterator, Mapping
from math import ceil

from accelsim.arch.gpu import Gpu
from accelsim.base.units import format_quantity
from accelsim.cost.gpu.composed import Composed
from accelsim.cost.gpu.levers import LEVER_OF
from accelsim.workload.calls import Call, Sdpa

BATCH_OF: Mapping[str, str] = {
    "Copy": "bytes",
    "Gemm": "m",
    "Bmm": "b",
    "Softmax": "rows",
    "RmsNorm": "rows",
    "Sdpa": "b",
    "SdpaBackward": "b",
}
"""The size of a call of which there may be more, each independent of the others."""

FULL = 0.98
"""Of the slots: nothing more is to be filled."""

Larger = Callable[[], tuple[str, float]]
"""What was doubled, and how many times as long that takes."""


def nothing_larger() -> tuple[str, float]:
    return "", 0.0


def larger_call(call: Call, seconds: Callable[[Call], float]) -> Larger:
    """A call and twice of its batch, where it has one."""
    name = BATCH_OF.get(type(call).__name__)
    if name is None or (isinstance(call, Sdpa) and call.lengths):
        return nothing_larger

    def larger() -> tuple[str, float]:
        twice = call.model_copy(update={name: 2 * getattr(call, name)})
        return name, seconds(twice) / seconds(call)

    return larger


def remedy(resource: str, whole: Composed, gpu: Gpu, larger: Larger) -> str:
    """Of a resource that no lever scales; empty for the others, and where the model knows none."""
    if resource in LEVER_OF or resource == "power":
        return ""
    own = _fewer(whole, gpu) if resource == "launch" else _fuller(whole)
    return ", ".join([*own, *_batched(larger)])


def _fewer(whole: Composed, gpu: Gpu) -> Iterator[str]:
    number = len(whole.each)
    if number > 1:
        starts_s = sum(each.by_resource.get("launch", 0.0) for each in whole.each)
        saved_s = (number - 1) * (gpu.launch.gap_s + starts_s / number)
        yield f"one kernel instead of {number} would save {format_quantity(saved_s, 's')}"
    start, floor = (format_quantity(s, "s") for s in _starts_s(gpu))
    yield f"back to back a kernel starts after {start} instead of {floor}"


def _starts_s(gpu: Gpu) -> tuple[float, float]:
    return float(gpu.launch.back_to_back_s), float(gpu.launch.floor_s)


def _fuller(whole: Composed) -> Iterator[str]:
    """By what the longest kernel tells of its blocks."""
    filled = _filled(whole.longest.facts)
    if filled is not None and filled < FULL:
        yield f"blocks fill {filled:.1%} of the slots, more of them (a larger batch) the rest"


def _filled(facts: Mapping[str, float | str]) -> float | None:
    """`waves` are whole where the idle share of the last one is told beside them (`tail`)."""
    waves, tail = facts.get("waves"), facts.get("tail", 0.0)
    if not isinstance(waves, int | float) or not isinstance(tail, int | float) or not waves:
        return None
    return float((waves - tail) / ceil(waves))


def _batched(larger: Larger) -> Iterator[str]:
    name, times = larger()
    if name and times < 2 * FULL:
        yield f"twice {name} takes {times:.3g}x as long"
