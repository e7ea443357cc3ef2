"""A library, or a shipped kernel of one, by its name, as the mapping of what it computes.

    flash, cudnn, math, ... (`Backend`)    softmax attention, of all keys or causal
    flash_attention_2, cudnn_decode, ...   the same by this kernel
    gemm                                   matrix products, one call for each
    gemm_wgmma, gemm_mma, ...              the same by this kernel

A library chooses among its kernels by the call: one that it does not take for this size, on this
GPU, is refused with the name of the one that it takes.
"""

from typing import get_args

from accelsim.arch.gpu import Gpu
from accelsim.arch.gpu_operations import word_of
from accelsim.base.catalogue import find, names
from accelsim.base.errors import MappingError
from accelsim.base.node import Node
from accelsim.base.record import Record, read_record
from accelsim.base.yamlfile import read_yaml
from accelsim.mapping.attention_binding import bind_attention
from accelsim.mapping.attention_kernel import AttentionKernel
from accelsim.mapping.gpu_mapping import GpuMapping, LibraryCall
from accelsim.mapping.product_kernel import ProductKernel, kernel_of
from accelsim.workload.calls import Backend, Bmm, Gemm, Sdpa
from accelsim.workload.einsum import Cascade, Einsum
from accelsim.workload.recognised import attention_call, product_call

REMEDY = "Name no mapping, and kernels are made by rules"
PRODUCTS = "gemm"


def library_mapping(name: str, cascade: Cascade, gpu: Gpu) -> GpuMapping:
    """The kernels of this library, or the kernel of this name, for a cascade.

    Raises
    ------
    MappingError
        if it computes something else, or the library takes another kernel here.
    """
    if name in get_args(Backend):
        return GpuMapping(name, cascade, (_attention(name, name, cascade, gpu),))
    if name == PRODUCTS:
        calls = tuple(_product(name, einsum, cascade, gpu) for einsum in cascade.einsums)
        return GpuMapping(name, cascade, calls)
    node = read_yaml(find(name, "kernels"))
    if "families" in node:
        return _by_products(name, read_record(node, ProductKernel), cascade, gpu)
    if "backend" in node:
        return _by_attention(name, node, cascade, gpu)
    fact = f"{name} cannot be named for a workload: it is no kernel of attention or of products"
    raise MappingError(fact, at=node.place, remedy=REMEDY)


def _by_products(name: str, kernel: ProductKernel, cascade: Cascade, gpu: Gpu) -> GpuMapping:
    found = tuple(_product(name, einsum, cascade, gpu) for einsum in cascade.einsums)
    for each in found:
        assert isinstance(each.call, Gemm | Bmm)
        _refuse_other(name, kernel, kernel_of(each.call, gpu)[0], PRODUCTS, cascade)
    return GpuMapping(name, cascade, found)


def _by_attention(name: str, node: Node, cascade: Cascade, gpu: Gpu) -> GpuMapping:
    backend = node["backend"].text
    found = _attention(name, backend, cascade, gpu)
    assert isinstance(found.call, Sdpa)
    # Unfused attention is a list of kernels, of which a backend has one.
    if "steps" not in node:
        taken = bind_attention(found.call, gpu).kernel
        _refuse_other(name, read_record(node, AttentionKernel), taken, backend, cascade)
    return GpuMapping(name, cascade, (found,))


def _attention(name: str, backend: str, cascade: Cascade, gpu: Gpu) -> LibraryCall:
    word = word_of(gpu, max(float(cascade.tensors[each].word_bytes) for each in cascade.inputs))
    call = attention_call(cascade, backend, word)
    if call is None:
        fact = (
            f"{name} does not compute {cascade.name}: that is not softmax attention of three "
            "inputs, of all keys or of those up to the query's own"
        )
        raise MappingError(fact, at=cascade.place, remedy=REMEDY)
    return LibraryCall(name, call, tuple(einsum.name for einsum in cascade.einsums))


def _product(name: str, einsum: Einsum, cascade: Cascade, gpu: Gpu) -> LibraryCall:
    words = [float(cascade.tensors[access.tensor].word_bytes) for access in einsum.reads]
    call = product_call(einsum, cascade, word_of(gpu, max(words, default=0.0)))
    if call is None:
        fact = f"{name} does not compute {einsum.name}: that is no product of two matrices"
        raise MappingError(fact, at=einsum.place, remedy=REMEDY)
    return LibraryCall(name, call, (einsum.name,))


def _refuse_other(name: str, named: Record, taken: Record, library: str, cascade: Cascade) -> None:
    if named != taken:
        fact = f"{library} does not take {name} for {cascade.name} at this size on this GPU"
        remedy = f"Name {_name_of(taken)}, or {library}, which chooses"
        raise MappingError(fact, at=cascade.place, remedy=remedy)


def _name_of(kernel: Record) -> str:
    """Of a shipped one: libraries choose among these."""
    mark = "takers" if isinstance(kernel, AttentionKernel) else "families"
    nodes = {name: read_yaml(find(name, "kernels")) for name in names("kernels")}
    return next(
        name
        for name, node in nodes.items()
        if mark in node and read_record(node, type(kernel)) == kernel
    )
