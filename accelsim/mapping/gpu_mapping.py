"""Which kernels run a cascade on a GPU: those made by rules, calls of a library, or own ones.

`cascade` is the one that they run: a mapping may have decided ranks that nobody chose.
"""

from dataclasses import dataclass

from accelsim.mapping.attention_binding import BoundAttention
from accelsim.mapping.fused_kernel import FusedKernel
from accelsim.mapping.product_kernel import Product, ProductKernel
from accelsim.workload.calls import Call
from accelsim.workload.einsum import Cascade


@dataclass(frozen=True)
class LibraryCall:
    """A call of a library that computes these Einsums by the shipped kernel of this name."""

    kernel: str
    call: Call
    einsums: tuple[str, ...]


@dataclass(frozen=True)
class AttentionCall:
    """An attention kernel that no library has, with the numbers of the call that it computes."""

    bound: BoundAttention
    einsums: tuple[str, ...]


@dataclass(frozen=True)
class ProductCall:
    """A product by a kernel that no library has."""

    kernel: ProductKernel
    call: Product
    einsums: tuple[str, ...]


Kernel = FusedKernel | LibraryCall | AttentionCall | ProductCall


@dataclass(frozen=True)
class GpuMapping:
    """Kernels in order; a name for where others have that of a file."""

    name: str
    cascade: Cascade
    kernels: tuple[Kernel, ...]
