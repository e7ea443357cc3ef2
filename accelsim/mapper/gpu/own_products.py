"""Product kernels of the space for the Einsums of a cascade, each searched for once."""

from accelsim.arch.gpu import Gpu
from accelsim.arch.gpu_operations import word_of
from accelsim.cost.gpu.product import works_by
from accelsim.mapper.gpu.product import BestProduct, Products, best_product
from accelsim.mapper.gpu.product_record import record_of
from accelsim.mapper.objective import Objective
from accelsim.mapper.question import Progress
from accelsim.mapping.gpu_mapping import Kernel, ProductCall
from accelsim.mapping.product_kernel import Product, kernels_for
from accelsim.workload.einsum import Cascade
from accelsim.workload.recognised import product_call


def call_of(cascade: Cascade, name: str, gpu: Gpu) -> Product | None:
    """The product that an Einsum is, if a kernel multiplies such words on this GPU."""
    einsum = cascade.einsum(name)
    words = [float(cascade.tensors[access.tensor].word_bytes) for access in einsum.reads]
    call = product_call(einsum, cascade, word_of(gpu, max(words, default=0.0)))
    return call if call is not None and any(kernels_for(call, gpu)) else None


class OwnProducts:
    """`found` are those that were searched for, by call. Of them as many `candidates`."""

    def __init__(self, gpu: Gpu, minimise: Objective, progress: Progress) -> None:
        self.gpu, self.minimise, self.progress = gpu, minimise, progress
        self.found: dict[Product, BestProduct] = {}

    @property
    def candidates(self) -> int:
        return sum(each.candidates for each in self.found.values())

    @property
    def pruned(self) -> int:
        return sum(each.pruned for each in self.found.values())

    def kernel(self, cascade: Cascade, name: str) -> ProductCall | None:
        call = call_of(cascade, name, self.gpu)
        if call is None:
            return None
        if call not in self.found:
            self.found[call] = best_product(Products(call, self.gpu, self.minimise), self.progress)
        return ProductCall(record_of(self.found[call], call), call, (name,))

    def timed(self, cascade: Cascade, name: str) -> tuple[Kernel, float] | None:
        """With its seconds as those of kernels made by rules: warm, at the highest clock.

        Where the search of one was interrupted, KeyboardInterrupt: no other one is begun.
        """
        own = self.kernel(cascade, name)
        if not all(each.is_all for each in self.found.values()):
            raise KeyboardInterrupt
        if own is None:
            return None
        works = works_by(own.kernel, own.kernel.families, own.call, self.gpu)
        clock_hz = float(self.gpu.clock_hz)
        gaps = (len(works) - 1) * float(self.gpu.launch.gap_s)
        return own, sum(work.times(clock_hz, cold=False).seconds for work in works) + gaps
