"""What others take for the same cascade: every library that has a kernel for it, and the rules."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import get_args

from accelsim.arch.gpu import Gpu
from accelsim.base.errors import MappingError
from accelsim.cost.evaluate import evaluate
from accelsim.cost.gpu.cascade import GpuCost
from accelsim.cost.gpu.mapping import gpu_mapping
from accelsim.mapping.attention_binding import BoundAttention, bind_attention
from accelsim.mapping.automatic import AUTOMATIC
from accelsim.mapping.gpu_mapping import GpuMapping, LibraryCall
from accelsim.mapping.library import PRODUCTS
from accelsim.workload.calls import Backend, Sdpa
from accelsim.workload.einsum import Cascade


@dataclass(frozen=True)
class Shipped:
    """A library, or the rules; the tile of its attention kernel, if it has one."""

    name: str
    cost: GpuCost
    tile: str


def shipped(cascade: Cascade, gpu: Gpu) -> Iterator[Shipped]:
    """Those that have a kernel for the cascade on this GPU; the rules always have some."""
    for name in (*get_args(Backend), PRODUCTS):
        try:
            mapping = gpu_mapping(cascade, gpu, name)
        except MappingError:
            continue
        # A library is asked for its kernel when it is evaluated.
        try:
            yield Shipped(name, evaluate(mapping.cascade, gpu, mapping), _tile(mapping, gpu))
        except MappingError:
            continue
    mapping = gpu_mapping(cascade, gpu)
    yield Shipped(AUTOMATIC, evaluate(mapping.cascade, gpu, mapping), "")


def _tile(mapping: GpuMapping, gpu: Gpu) -> str:
    calls = [each.call for each in mapping.kernels if isinstance(each, LibraryCall)]
    for call in calls:
        if isinstance(call, Sdpa):
            try:
                return tile_text(bind_attention(call, gpu))
            except MappingError:
                return ""
    return ""


def tile_text(bound: BoundAttention) -> str:
    """`128 x 176, 384 threads, longest first`."""
    tile, kernel = bound.tile, bound.kernel
    order = "stream k" if kernel.stream_k else (kernel.queue or "plain").replace("_", " ")
    splits = f", {bound.splits} splits" if bound.splits > 1 else ""
    return f"{tile.queries} x {tile.keys}, {tile.threads} threads, {order}{splits}"
