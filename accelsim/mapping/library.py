"""A shipped kernel of a library, by its name, as the mapping of a cascade that it computes.

    flash_attention_2, cudnn_attention, math_attention, ...   softmax attention, whole or causal
    gemm_wgmma, gemm_mma, ...                                 matrix products, one call for each

A library chooses among its kernels by the call: one that it does not take for this size, on this
GPU, is refused with the name of the one that it takes.
"""

from accelsim.arch.gpu import Gpu
from accelsim.arch.gpu_operations import word_of
from accelsim.base.catalogue import find, names
from accelsim.base.errors import MappingError
from accelsim.base.node import Node
from accelsim.base.record import Record, read_record
from accelsim.base.yamlfile import read_yaml
from accelsim.mapping.attention_kernel import AttentionKernel, bind_attention
from accelsim.mapping.gpu_mapping import GpuMapping, LibraryCall
from accelsim.mapping.product_kernel import ProductKernel, kernel_of
from accelsim.workload.einsum import Cascade, Einsum
from accelsim.workload.recognised import attention_call, product_call

REMEDY = "Name no mapping, and kernels are made by rules"


def library_mapping(name: str, cascade: Cascade, gpu: Gpu) -> GpuMapping:
    """The kernel of this name for a cascade.

    Raises
    ------
    MappingError
        if it computes something else, or the library takes another kernel here.
    """
    node = read_yaml(find(name, "kernels"))
    if "families" in node:
        calls = tuple(_product(name, node, einsum, cascade, gpu) for einsum in cascade.einsums)
        return GpuMapping(name, cascade, calls)
    if "backend" in node:
        return GpuMapping(name, cascade, (_attention(name, node, cascade, gpu),))
    fact = f"{name} cannot be named for a workload: it is no kernel of attention or of products"
    raise MappingError(fact, at=node.place, remedy=REMEDY)


def _attention(name: str, node: Node, cascade: Cascade, gpu: Gpu) -> LibraryCall:
    word = word_of(gpu, max(float(cascade.tensors[each].word_bytes) for each in cascade.inputs))
    call = attention_call(cascade, node["backend"].text, word)
    if call is None:
        fact = (
            f"{name} does not compute {cascade.name}: that is not softmax attention of three "
            "inputs, of all keys or of those up to the query's own"
        )
        raise MappingError(fact, at=cascade.place, remedy=REMEDY)
    if "steps" not in node:
        taken = bind_attention(call, gpu).kernel
        _refuse_other(name, read_record(node, AttentionKernel), taken, cascade)
    return LibraryCall(name, call, tuple(einsum.name for einsum in cascade.einsums))


def _product(name: str, node: Node, einsum: Einsum, cascade: Cascade, gpu: Gpu) -> LibraryCall:
    words = [float(cascade.tensors[access.tensor].word_bytes) for access in einsum.reads]
    word = word_of(gpu, max(words, default=0.0))
    call = product_call(einsum, cascade, word)
    if call is None:
        fact = f"{name} does not compute {einsum.name}: that is no product of two matrices"
        raise MappingError(fact, at=einsum.place, remedy=REMEDY)
    _refuse_other(name, read_record(node, ProductKernel), kernel_of(call, gpu)[0], cascade)
    return LibraryCall(name, call, (einsum.name,))


def _refuse_other(name: str, named: Record, taken: Record, cascade: Cascade) -> None:
    if named != taken:
        fact = f"the library does not take {name} for {cascade.name} at this size on this GPU"
        raise MappingError(fact, at=cascade.place, remedy=f"Name {_name_of(taken)}")


def _name_of(kernel: Record) -> str:
    """Of a shipped one: libraries choose among these."""
    mark = "takers" if isinstance(kernel, AttentionKernel) else "families"
    nodes = {name: read_yaml(find(name, "kernels")) for name in names("kernels")}
    return next(
        name
        for name, node in nodes.items()
        if mark in node and read_record(node, type(kernel)) == kernel
    )
