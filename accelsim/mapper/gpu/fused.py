"""Kernels made by rules (`cost/gpu/cut.py`), of many more tiles than the rules try, beside products
by the kernels of their own space.

The rules cut the sides of a product's tile by powers of two; here every multiple of 16 up to 256 is
tried, and so are steps and the inner parts of partitions. An Einsum that is a product may be a
kernel of the space of products (`product_space.py`) instead. Which Einsums share a kernel is
decided for all of them anew. Candidates are timed with warm caches, one kernel by itself: what
comes out is evaluated as all mappings are, beside what the rules choose, and beside all Einsums as
products if they are that; the best is the answer.
"""

from collections.abc import Iterator
from dataclasses import replace

from accelsim.arch.gpu import Gpu
from accelsim.cost.evaluate import evaluate
from accelsim.cost.gpu.cut import fastest_cut
from accelsim.mapper.gpu.found import Answer
from accelsim.mapper.gpu.own_products import OwnProducts
from accelsim.mapper.gpu.product import STRATEGY
from accelsim.mapper.gpu.product_space import SPACE as PRODUCTS
from accelsim.mapper.objective import Objective
from accelsim.mapper.question import Progress
from accelsim.mapping.fused_kernel import FusedKernel
from accelsim.mapping.fused_tiles import BY_RULES, Shapes
from accelsim.mapping.gpu_mapping import GpuMapping, Kernel, ProductCall
from accelsim.workload.einsum import Cascade

NAME = "searched"
MANY = Shapes(
    sides=(1, 8, *range(16, 257, 16)),
    alike=(1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192),
    steps=(16, 32, 48, 64, 80, 96, 112, 128, 160, 192, 256),
    plain_steps=(64, 128, 256, 512, 1024, 2048, 4096),
    inner=(32, 64, 96, 128, 160, 192, 256),
)
SPACE = (
    "kernels made by rules: runs of Einsums, sides and steps of tiles in multiples of 16 up to "
    f"256, 2 to 4 stages, each kernel timed by itself; or {PRODUCTS}"
)


def fused_answer(cascade: Cascade, gpu: Gpu, minimise: Objective, progress: Progress) -> Answer:
    """The best of what the rules choose, and of what they would choose among many tiles."""
    found: list[Answer] = []
    is_cut_short = False
    try:
        for answer in _answers(cascade, gpu, minimise, progress):
            found.append(answer)
            least = min(found, key=lambda each: each.value(minimise))
            progress(answer.strategy, least.value(minimise), answer.candidates)
    except KeyboardInterrupt:
        if not found:
            raise
        is_cut_short = True
    least = min(found, key=lambda each: each.value(minimise))
    candidates = sum(each.candidates for each in found)
    return replace(least, candidates=candidates, is_cut_short=is_cut_short)


def _answers(
    cascade: Cascade, gpu: Gpu, minimise: Objective, progress: Progress
) -> Iterator[Answer]:
    by_rules = fastest_cut(cascade, gpu, BY_RULES)
    yield _answer("rules", by_rules.cascade, by_rules.kernels, gpu, by_rules.candidates)
    many = fastest_cut(cascade, gpu, MANY)
    yield _answer("more tiles", many.cascade, many.kernels, gpu, many.candidates)
    products = OwnProducts(gpu, minimise, progress)
    mixed = fastest_cut(cascade, gpu, MANY, products.timed)
    if products.found:
        name = "more tiles, products of their own"
        yield _answer(name, mixed.cascade, mixed.kernels, gpu, products.candidates)
        alone = products_alone(cascade, products)
        if alone is not None:
            yield _answer("products alone", cascade, alone, gpu, 0)


def product_answer(
    cascade: Cascade, gpu: Gpu, minimise: Objective, progress: Progress
) -> Answer | None:
    """Of a cascade that is a single product; else None. Of all its space."""
    products = OwnProducts(gpu, minimise, progress)
    kernels = products_alone(cascade, products) if len(cascade.einsums) == 1 else None
    if kernels is None:
        return None
    (found,) = products.found.values()
    answer = _answer(STRATEGY, cascade, kernels, gpu, found.candidates)
    told = replace(answer, space=PRODUCTS, optimal=found.is_all, pruned=found.pruned)
    return replace(told, is_cut_short=not found.is_all)


def products_alone(cascade: Cascade, products: OwnProducts) -> tuple[Kernel, ...] | None:
    """A kernel for each Einsum; None if not all are products."""
    found = [products.kernel(cascade, einsum.name) for einsum in cascade.einsums]
    kernels = tuple(each for each in found if each is not None)
    return kernels if len(kernels) == len(found) else None


def _answer(
    strategy: str, cascade: Cascade, kernels: tuple[Kernel, ...], gpu: Gpu, candidates: int
) -> Answer:
    mapping = GpuMapping(NAME, cascade, kernels)
    return Answer(
        mapping=mapping,
        cost=evaluate(cascade, gpu, mapping),
        strategy=strategy,
        space=SPACE,
        optimal=False,
        candidates=candidates,
        pruned=0,
        text="\n".join(map(_text, kernels)),
    )


def _text(kernel: Kernel) -> str:
    """`BQK LM RM: P=128 M1=1, 256 threads, 168 registers, 64 KiB, 2 stages`."""
    if isinstance(kernel, ProductCall):
        return f"{' '.join(kernel.einsums)}: {kernel.kernel.about}"
    assert isinstance(kernel, FusedKernel)
    tile = " ".join(f"{rank}={size}" for rank, size in kernel.tile.items() if size > 1)
    shared = f"{kernel.shared_bytes / 1024:.4g} KiB"
    return (
        f"{kernel.name}: {tile or 'a point'}, {kernel.threads} threads, "
        f"{kernel.registers} registers, {shared}, {kernel.stages} stages"
    )
