"""Kernels made by rules (`cost/gpu/cut.py`), of many more tiles than the rules try.

The rules cut the sides of a product's tile by powers of two; here every multiple of 16 up to 256 is
tried, and so are steps and the inner parts of partitions. Which Einsums share a kernel is decided
for all of them anew. Candidates are timed with warm caches, one kernel by itself: what comes out
is evaluated as all mappings are, beside what the rules choose; the better of the two is the answer.
"""

from dataclasses import replace

from accelsim.arch.gpu import Gpu
from accelsim.cost.evaluate import evaluate
from accelsim.cost.gpu.cut import Cut, fastest_cut
from accelsim.mapper.gpu.found import Answer
from accelsim.mapper.objective import Objective
from accelsim.mapper.question import Progress
from accelsim.mapping.fused_kernel import FusedKernel
from accelsim.mapping.fused_tiles import BY_RULES, Shapes
from accelsim.mapping.gpu_mapping import GpuMapping
from accelsim.workload.einsum import Cascade

NAME = "more tiles"
MANY = Shapes(
    sides=(1, 8, *range(16, 257, 16)),
    alike=(1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192),
    steps=(16, 32, 48, 64, 80, 96, 112, 128, 160, 192, 256),
    plain_steps=(64, 128, 256, 512, 1024, 2048, 4096),
    inner=(32, 64, 96, 128, 160, 192, 256),
)
SPACE = (
    "kernels made by rules: runs of Einsums, sides and steps of tiles in multiples of 16 up to "
    "256, 2 to 4 stages, each kernel timed by itself"
)


def fused_answer(cascade: Cascade, gpu: Gpu, minimise: Objective, progress: Progress) -> Answer:
    """The better of what the rules choose and of what they would choose among many tiles."""
    by_rules = fastest_cut(cascade, gpu, BY_RULES)
    found = _answer("rules", by_rules, cascade, gpu)
    progress("rules", found.value(minimise), by_rules.candidates)
    try:
        many = fastest_cut(cascade, gpu, MANY)
    except KeyboardInterrupt:
        return found
    other = _answer(NAME, many, cascade, gpu)
    progress(NAME, other.value(minimise), many.candidates)
    least = min(found, other, key=lambda answer: answer.value(minimise))
    return replace(least, candidates=found.candidates + other.candidates)


def _answer(name: str, cut: Cut, cascade: Cascade, gpu: Gpu) -> Answer:
    mapping = GpuMapping(name, cut.cascade, cut.kernels)
    return Answer(
        mapping=mapping,
        cost=evaluate(cascade, gpu, mapping),
        strategy=name,
        space=SPACE,
        optimal=False,
        candidates=cut.candidates,
        pruned=0,
        text="\n".join(_text(kernel) for kernel in cut.kernels),
    )


def _text(kernel: FusedKernel) -> str:
    """`BQK LM RM: P=128 M1=1, 256 threads, 168 registers, 64 KiB, 2 stages`."""
    tile = " ".join(f"{rank}={size}" for rank, size in kernel.tile.items() if size > 1)
    shared = f"{kernel.shared_bytes / 1024:.4g} KiB"
    return (
        f"{kernel.name}: {tile or 'a point'}, {kernel.threads} threads, "
        f"{kernel.registers} registers, {shared}, {kernel.stages} stages"
    )
