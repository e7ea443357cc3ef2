"""Attention as several kernels over whole tensors: streams, products and a softmax in turn."""

from collections.abc import Iterable, Iterator, Mapping

from accelsim.arch.gpu import Gpu
from accelsim.base.errors import MappingError
from accelsim.cost.gpu.product import product_works
from accelsim.cost.gpu.rows import row_works
from accelsim.cost.gpu.stream import StreamWork
from accelsim.cost.gpu.work import Work
from accelsim.mapping.attention_binding import features
from accelsim.mapping.unfused_kernel import UnfusedKernel, UnfusedStep, value, values_of
from accelsim.workload.calls import Bmm, Sdpa, Softmax


def unfused_works(kernel: UnfusedKernel, call: Sdpa, gpu: Gpu) -> tuple[Work, ...]:
    """The kernels of a call, in order.

    Raises
    ------
    MappingError
        if the call has a window, lengths or pages, or words that the kernels are not made for.
    """
    if call.dtype not in kernel.words:
        known = ", ".join(kernel.words)
        raise MappingError(f"{call.backend} attention takes {known}, not {call.dtype}")
    if features(call):
        what = " and ".join(sorted(features(call)))
        raise MappingError(f"{call.backend} attention is not made of steps that know {what}")
    return steps_works(kernel.steps, call, gpu)


def steps_works(steps: Iterable[UnfusedStep], call: Sdpa, gpu: Gpu) -> tuple[Work, ...]:
    """The kernels of those steps that the call takes."""
    values = values_of(call)
    chosen = [step for step in steps if value(step.when, values)]
    return tuple(work for step in chosen for work in _works(step, values, gpu))


def _works(step: UnfusedStep, values: Mapping[str, int], gpu: Gpu) -> Iterator[Work]:
    if step.product:
        b, m, n, k = (int(value(size, values)) for size in step.product)
        yield from product_works(Bmm(b=b, m=m, n=n, k=k, dtype="fp32"), gpu)
    elif step.rows is not None:
        rows, columns = int(value(step.rows, values)), int(value(step.columns, values))
        yield from row_works(Softmax(rows=rows, cols=columns, dtype="fp32"), gpu)
    elif step.copied is not None:
        copied = value(step.copied, values)
        yield StreamWork(step.about, copied, copied, gpu, float(gpu.launch.copy_s))
    else:
        read, written = value(step.read, values), value(step.written, values)
        empty_s = float(gpu.launch.start_s + gpu.launch.drain_s)
        operations = value(step.operations, values)
        yield StreamWork(step.about, read, written, gpu, empty_s, operations, step.given)
