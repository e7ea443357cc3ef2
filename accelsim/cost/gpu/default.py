"""The kernels of a cascade on a GPU where none are named: the fastest of those at hand.

    at hand   kernels made by rules (`cut`), of the cascade as it is written and of an equal one
              with the fewest passes (`workload.rewrite`);
              those of the libraries that torch ships, where one computes the same (`library`)
    fastest   least latency; of equals the one that is listed first

Rewriting may ask for more operations to spare traffic, and kernels of a library split keys over
blocks as rules do not: none of the three is always the fastest.
"""

from collections.abc import Iterator
from typing import NamedTuple

from accelsim.arch.gpu import Gpu
from accelsim.base.errors import AccelsimError
from accelsim.cost.gpu.cascade import GpuCost, cascade_cost
from accelsim.cost.gpu.mapping import gpu_mapping
from accelsim.mapping.gpu_mapping import GpuMapping
from accelsim.workload.einsum import Cascade
from accelsim.workload.rewrite import fewest_passes

LIBRARIES = ("flash", "cudnn", "efficient")
REWRITTEN = "fewest passes"


class GpuDefault(NamedTuple):
    """What is taken where no kernels are named, what that is called, and what it takes."""

    name: str
    mapping: GpuMapping
    cost: GpuCost


def default_gpu_mapping(cascade: Cascade, gpu: Gpu) -> GpuDefault:
    """The fastest kernels at hand for a cascade of one size.

    Raises
    ------
    MappingError, ArchError
        if an SM has no room for a tile of some Einsum, or no pipe for an operation.
    """
    by_rules = _timed("automatic", gpu_mapping(cascade, gpu), gpu)
    return min([by_rules, *_others(cascade, gpu)], key=lambda each: each.cost.latency_s)


def _others(cascade: Cascade, gpu: Gpu) -> Iterator[GpuDefault]:
    fewer = fewest_passes(cascade)
    if fewer is not cascade:
        yield from _tried(REWRITTEN, fewer, gpu, None)
    for name in LIBRARIES:
        yield from _tried(name, cascade, gpu, name)


def _tried(called: str, cascade: Cascade, gpu: Gpu, name: str | None) -> Iterator[GpuDefault]:
    """Nothing where it does not do."""
    try:
        yield _timed(called, gpu_mapping(cascade, gpu, name), gpu)
    except AccelsimError:
        return


def _timed(name: str, mapping: GpuMapping, gpu: Gpu) -> GpuDefault:
    return GpuDefault(name, mapping, cascade_cost(mapping, gpu))
