"""Attention as several kernels over whole tensors: streams, products and a softmax in turn.

A stream takes what device memory takes for its bytes, or L2 where they are still there.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from accelsim.arch.gpu import Gpu
from accelsim.base.errors import MappingError
from accelsim.cost.gpu.dram import dram_seconds, found_in_l2
from accelsim.cost.gpu.overlap import served
from accelsim.cost.gpu.product import product_works
from accelsim.cost.gpu.rows import row_works
from accelsim.cost.gpu.work import Times, Work
from accelsim.mapping.attention_kernel import features
from accelsim.mapping.unfused_kernel import UnfusedKernel, UnfusedStep, value, values_of
from accelsim.workload.calls import Bmm, Sdpa, Softmax


def unfused_works(kernel: UnfusedKernel, call: Sdpa, gpu: Gpu) -> tuple[Work, ...]:
    """The kernels of a call, in order.

    Raises
    ------
    MappingError
        if the call has a window, lengths or pages.
    """
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
    else:
        read, written = value(step.read, values), value(step.written, values)
        yield StreamWork(step.about, read, written, gpu)


@dataclass(frozen=True)
class StreamWork:
    """Reads and writes so many bytes. It is one of several: L2 holds what the one before wrote."""

    name: str
    read_bytes: float
    written_bytes: float
    gpu: Gpu

    def actions(self, cold: bool) -> Mapping[str, float]:
        moved = self.read_bytes + self.written_bytes
        return {"HBM": sum(self._hbm_bytes), "l2": moved, "fp32": moved / 4}

    def times(self, clock_hz: float, cold: bool) -> Times:
        moved = self.read_bytes + self.written_bytes
        hbm = dram_seconds(self.gpu, *self._hbm_bytes)
        l2 = float(moved / self.gpu.l2.bandwidth.per_second(clock_hz))
        start = self.gpu.launch.start_s
        return Times(
            seconds=start + served(self.gpu, hbm, l2) + self.gpu.launch.drain_s,
            by_resource={"hbm": hbm, "l2": l2, "latency": start},
        )

    @property
    def _hbm_bytes(self) -> tuple[float, float]:
        missing = 1 - found_in_l2(self.gpu, self.read_bytes + self.written_bytes, cold=False)
        return self.read_bytes * missing, self.written_bytes * missing
