"""find_kernels(cascade, gpu) → the best kernels that were found for a cascade on a GPU.

attention   all kernels of its space (`space.py`)
a product   all kernels of its space (`product_space.py`)
others      kernels made by rules, of more tiles than the rules try, and products (`fused.py`)

Kernels made by rules are no answer for the first two: less is counted of their steps (an Einsum
takes as long as its slowest pipe, where here pipes hold one another up, and a mask costs nothing),
so that they would win by what is left out.
"""

from time import perf_counter

from accelsim.arch.gpu import Gpu
from accelsim.arch.gpu_operations import word_of
from accelsim.base.errors import MapperError
from accelsim.cost.evaluate import evaluate
from accelsim.cost.gpu.cascade import refuse_too_large
from accelsim.mapper.gpu.attention import STRATEGY, Candidates, best
from accelsim.mapper.gpu.bound import least_gpu_figures
from accelsim.mapper.gpu.found import Answer, GpuFound
from accelsim.mapper.gpu.fused import fused_answer, product_answer
from accelsim.mapper.gpu.kernel import NAME, about, bound
from accelsim.mapper.gpu.space import SPACE
from accelsim.mapper.objective import Objective, objective, powers_of
from accelsim.mapper.question import Progress, quiet
from accelsim.mapping.gpu_mapping import AttentionCall, GpuMapping
from accelsim.workload.budget import budgeted
from accelsim.workload.calls import Backend, Sdpa
from accelsim.workload.einsum import Cascade
from accelsim.workload.grouped import grouped
from accelsim.workload.recognised import attention_call

LIKE: Backend = "flash"
"""A call must name a library; the search asks none."""


def find_kernels(
    cascade: Cascade, gpu: Gpu, minimise: str = "latency", *, progress: Progress = quiet
) -> GpuFound:
    """All ranks are plain numbers. Interrupted (KeyboardInterrupt), it returns the best so far.

    Raises
    ------
    MapperError
        if there is no such objective, or it needs an area, which GPUs do not tell.
    MappingError
        if an SM has no room for one tile of some Einsum, or device memory none for the tensors.
    """
    start = perf_counter()
    wanted = gpu_objective(minimise)
    own = budgeted(cascade)
    least = least_gpu_figures(own, gpu)
    call = call_of(cascade, gpu)
    found = None if call is None else _attention(call, cascade, gpu, wanted, progress)
    found = found or product_answer(own, gpu, wanted, progress)
    answer = found or fused_answer(own, gpu, wanted, progress)
    refuse_too_large(answer.mapping, gpu)
    return GpuFound(answer, wanted, least, perf_counter() - start)


def gpu_objective(minimise: str) -> Objective:
    """Raises MapperError if there is no such objective, or it needs an area."""
    wanted = objective(minimise, ())
    if "area" in powers_of(wanted):
        fact = "a GPU's area is not given"
        raise MapperError(fact, remedy="Minimise latency, energy or energy_delay")
    return wanted


def call_of(cascade: Cascade, gpu: Gpu) -> Sdpa | None:
    """The call of attention that a cascade is; None if it is none."""
    words = [float(cascade.tensors[name].word_bytes) for name in cascade.inputs]
    return attention_call(grouped(cascade), LIKE, word_of(gpu, max(words)))


def _attention(
    call: Sdpa, cascade: Cascade, gpu: Gpu, minimise: Objective, progress: Progress
) -> Answer | None:
    """None if no SM has room for a kernel of the space."""
    found = best(Candidates(call, gpu, minimise), progress)
    if found is None:
        return None
    einsums = tuple(einsum.name for einsum in grouped(cascade).einsums)
    own = AttentionCall(bound(found.design, call, gpu), einsums)
    mapping = GpuMapping(NAME, grouped(cascade), (own,))
    return Answer(
        mapping=mapping,
        cost=evaluate(mapping.cascade, gpu, mapping),
        strategy=STRATEGY,
        space=SPACE,
        optimal=found.is_all,
        candidates=found.candidates,
        pruned=found.pruned,
        text=about(found.design),
        is_cut_short=not found.is_all,
    )
