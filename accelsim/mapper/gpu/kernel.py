"""A design → the attention kernel that it is, bound to a call on a GPU."""

from functools import lru_cache

from accelsim.arch.gpu import WARP, Gpu, resident_blocks
from accelsim.mapper.gpu.design import WARPGROUP, Build, Design
from accelsim.mapping.attention_binding import BoundAttention
from accelsim.mapping.attention_kernel import AttentionKernel, AttentionTile
from accelsim.mapping.stream_k import StreamK
from accelsim.workload.calls import Dtype, Sdpa

NAME = "searched"

COMBINE_TRIPS = 2
"""Logarithms, then parts: as FlashAttention-3's (hopper/flash_fwd_combine_kernel.h)."""

LEAST_STEPS, MOST_PARTS, TRIPS = 2, 32, 2
"""Of stream-K, as LeanAttention's (`arch/kernel/lean_attention.yaml`)."""


def bound(design: Design, call: Sdpa, gpu: Gpu) -> BoundAttention:
    build = design.build
    kernel = kernel_of(design, gpu, call)
    return BoundAttention(
        kernel=kernel,
        tile=kernel.tiles[0],
        family=build.instruction,
        call=call,
        fold=call.h // call.g if design.fold else 1,
        heads=call.g if design.fold else call.h,
        splits=design.splits,
        combine_trips=COMBINE_TRIPS,
        sms=gpu.sms,
        code_bytes=0,
        combines=design.splits > 1,
    )


def kernel_of(design: Design, gpu: Gpu, call: Sdpa) -> AttentionKernel:
    """As a record like the shipped ones."""
    build = design.build
    of_queue = design.order in ("in_order", "longest_first")
    registers = build.registers(gpu)
    held = resident_blocks(gpu, build.threads, registers, build.shared_bytes)
    return _of_build(build, registers, call.dtype).model_copy(
        update={
            "about": about(design),
            "fold": int(design.fold),
            "splits": design.splits if design.splits > 1 else None,
            "queue": design.order if of_queue else None,
            "stream_k": _shares(held) if design.order == "stream_k" else None,
        }
    )


@lru_cache(maxsize=32)
def _shares(blocks: int) -> StreamK:
    return StreamK(blocks=blocks, least=LEAST_STEPS, parts=MOST_PARTS, leave=TRIPS, collect=TRIPS)


@lru_cache(maxsize=8192)
def _of_build(build: Build, registers: int, dtype: Dtype) -> AttentionKernel:
    """Whose blocks are dealt plainly. Kept, since checking a record takes longer than a bound."""
    # Warpgroups lie one below the other; the one that fetches reads nothing.
    groups = (build.warps // WARPGROUP, 1)
    tile = AttentionTile(
        when=1,
        queries=build.queries,
        keys=build.keys,
        features=build.features,
        threads=build.threads,
        shared_bytes=build.shared_bytes,
        layout={"S": groups, "PV": groups} if build.is_fetched else {},
    )
    return AttentionKernel.model_validate(
        {
            "about": "",
            "source": "found by accelsim map",
            "workload": ("kernels/attention",),
            "backend": NAME,
            "when": 1,
            "words": (dtype,),
            "tensor": (build.instruction,),
            "registers": registers,
            "takers": build.takers,
            "fold": 0,
            "combine": COMBINE_TRIPS,
            "tiles": (tile,),
            "phases": (("S",), ("LM", "RM"), ("C", "PT", "PD", "RD"), ("O",), ("PV",)),
            "end": ("I", "AV"),
            "accumulated": {"PV": "O"},
            "held": () if build.shared_weights else ("PT",),
        }
    )


def about(design: Design) -> str:
    """In a line."""
    build = design.build
    parts = [
        f"{build.instruction}, {build.queries} queries x {build.keys} keys",
        f"{build.threads // WARP} warps",
        f"{build.stages} stage{'s' if build.stages > 1 else ''}",
        design.order.replace("_", " "),
    ]
    parts += ["weights through shared memory"] if build.shared_weights else []
    parts += ["heads of a group as rows"] if design.fold else []
    parts += [f"{design.splits} splits"] if design.splits > 1 else []
    return ", ".join(parts)
