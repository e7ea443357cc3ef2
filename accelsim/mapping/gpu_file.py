"""Kernels of a GPU as a YAML file, and the file → the mapping that it is for a cascade.

about: ...
workload: transformer/linear_layers
machine: gpu
ranks: {M0: 128}                     # sizes that kernels were made for, where nobody chose them
kernels:
- {einsums: [Q, K, V], tile: {P: 192, D: 128}, stages: 2}       made by rules
- {einsums: [O], product: {...}}                                as `arch/kernel/gemm_*.yaml`
- {einsums: [S, ...], attention: {...}}                         as `arch/kernel/flash_*.yaml`
"""

from typing import Literal, Self

from pydantic import model_validator

from accelsim.arch.gpu import Gpu
from accelsim.arch.gpu_operations import word_of
from accelsim.base.errors import MappingError, Place, did_you_mean
from accelsim.base.node import Node
from accelsim.base.record import Count, Record, read_record
from accelsim.mapping.attention_binding import bind_kernel
from accelsim.mapping.attention_kernel import AttentionKernel
from accelsim.mapping.fused_kernel import FusedKernel, fused_kernels
from accelsim.mapping.fusion import Fusion, fusion, stepwise, units
from accelsim.mapping.gpu_mapping import AttentionCall, GpuMapping, Kernel, ProductCall
from accelsim.mapping.mapping import Names
from accelsim.mapping.product_kernel import Product, ProductKernel, multiplies
from accelsim.workload.budget import budgeted
from accelsim.workload.calls import Backend
from accelsim.workload.einsum import Cascade
from accelsim.workload.grouped import grouped
from accelsim.workload.recognised import attention_call, product_call

NO_LIBRARY: Backend = "flash"
"""A call must name one; a kernel of a file is asked for instead."""


class OwnKernel(Record):
    """One kernel: of attention, of a product, or made by rules with this tile."""

    einsums: Names
    attention: AttentionKernel | None = None
    product: ProductKernel | None = None
    tile: dict[str, Count] | None = None
    stages: Count = 1

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if [self.attention, self.product, self.tile].count(None) != 2:
            raise ValueError("a kernel has one of 'attention', 'product' and 'tile'")
        return self


class GpuKernels(Record):
    """A file of them."""

    about: str = ""
    workload: str
    machine: Literal["gpu"]
    ranks: dict[str, Count] = {}
    kernels: tuple[OwnKernel, ...]


def read_gpu_mapping(node: Node, cascade: Cascade, gpu: Gpu) -> GpuMapping:
    """Raises
    ------
    MappingError
        if it is for another workload, or some kernel does not compute what it says, here.
    """
    file = read_record(node, GpuKernels)
    name = str(node.place.file)
    if file.workload != cascade.name:
        fact = f"the kernels are those of {file.workload}, not of {cascade.name}"
        raise MappingError(fact, at=node.place, remedy="`accelsim map` finds those of a workload")
    is_attention = any(each.attention for each in file.kernels)
    whole = grouped(cascade) if is_attention else budgeted(cascade).with_ranks(**file.ranks)
    places = [each.place for each in node["kernels"].elements()]
    pairs = zip(file.kernels, places, strict=True)
    found = tuple(_kernel(each, whole, gpu, place) for each, place in pairs)
    _refuse_gaps(file, whole, node.place)
    return GpuMapping(name, whole, found)


def _refuse_gaps(file: GpuKernels, cascade: Cascade, place: Place) -> None:
    """Every Einsum is computed, once."""
    named = [name for each in file.kernels for name in each.einsums]
    known = [einsum.name for einsum in cascade.einsums]
    if sorted(named) != sorted(known):
        fact = f"its kernels compute {', '.join(named)}; {cascade.name} is {', '.join(known)}"
        raise MappingError(fact, at=place, remedy="Name each Einsum in one kernel")


def _kernel(own: OwnKernel, cascade: Cascade, gpu: Gpu, place: Place) -> Kernel:
    known = [einsum.name for einsum in cascade.einsums]
    for name in own.einsums:
        if name not in known:
            fact = f"{cascade.name} has no Einsum {name!r}"
            raise MappingError(fact, at=place, remedy=did_you_mean(name, known))
    if own.attention is not None:
        return _attention(own.attention, own.einsums, cascade, gpu, place)
    if own.product is not None:
        return _product(own.product, own.einsums, cascade, gpu, place)
    return _by_rules(own, cascade, gpu, place)


def _attention(
    kernel: AttentionKernel, einsums: Names, cascade: Cascade, gpu: Gpu, place: Place
) -> AttentionCall:
    word = word_of(gpu, max(float(cascade.tensors[each].word_bytes) for each in cascade.inputs))
    call = attention_call(cascade, NO_LIBRARY, word)
    if call is None:
        raise MappingError(f"{cascade.name} is no softmax attention", at=place)
    return AttentionCall(bind_kernel(kernel, call, gpu), einsums)


def _product(
    kernel: ProductKernel, einsums: Names, cascade: Cascade, gpu: Gpu, place: Place
) -> ProductCall:
    call = _call_of(cascade, einsums, gpu)
    what = " ".join(einsums)
    if call is None:
        raise MappingError(f"{what} is no product of two matrices", at=place)
    takes = kernel.families_for(call) and call.dtype in kernel.words
    if not takes or not multiplies(gpu, kernel, call.dtype):
        fact = f"the kernel of {what} does not multiply {call.dtype} of {call.m} x {call.k} here"
        raise MappingError(fact, at=place, remedy="`accelsim map` finds one for this GPU and size")
    return ProductCall(kernel, call, einsums)


def _call_of(cascade: Cascade, einsums: Names, gpu: Gpu) -> Product | None:
    if len(einsums) != 1:
        return None
    einsum = cascade.einsum(einsums[0])
    words = [float(cascade.tensors[access.tensor].word_bytes) for access in einsum.reads]
    return product_call(einsum, cascade, word_of(gpu, max(words, default=0.0)))


def _by_rules(own: OwnKernel, cascade: Cascade, gpu: Gpu, place: Place) -> FusedKernel:
    what = " ".join(own.einsums)
    part, tile = _fusion(cascade, own.einsums), own.tile or {}
    if part is None:
        raise MappingError(f"{what} cannot share a kernel", at=place)
    lacking = sorted({*part.grid, *part.main} ^ set(tile))
    if lacking:
        fact = f"the tile of {what} is of {', '.join((*part.grid, *part.main))}"
        raise MappingError(fact, at=place, remedy=f"Mend {', '.join(lacking)}")
    for kernel in fused_kernels(part, tile, gpu):
        if kernel.stages == own.stages:
            return kernel
    fact = f"no SM has room for the tile of {what} with {own.stages} stages"
    raise MappingError(fact, at=place, remedy="Take a smaller one, or fewer stages")


def _fusion(cascade: Cascade, einsums: Names) -> Fusion | None:
    """Whole groups in a row, or an Einsum of a loop that runs step by step."""
    wanted = set(einsums)
    groups = [group for group in units(cascade) if wanted & set(group.einsums)]
    if {name for group in groups for name in group.einsums} == wanted:
        return fusion(cascade, tuple(groups))
    if len(wanted) == 1:
        return next(each for each in stepwise(cascade, groups[0]) if set(each.einsums) == wanted)
    return None
