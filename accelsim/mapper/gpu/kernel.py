"""A design → the attention kernel that it is, bound to a call on a GPU."""

from accelsim.arch.gpu import WARP, Gpu, resident_blocks
from accelsim.mapper.gpu.design import WARPGROUP, Build, Design
from accelsim.mapping.attention_binding import BoundAttention
from accelsim.mapping.attention_kernel import AttentionKernel, AttentionTile
from accelsim.mapping.stream_k import StreamK
from accelsim.workload.calls import Sdpa

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
    held = resident_blocks(gpu, build.threads, build.registers(gpu), build.shared_bytes)
    shares = StreamK(blocks=held, least=LEAST_STEPS, parts=MOST_PARTS, leave=TRIPS, collect=TRIPS)
    return AttentionKernel.model_validate(
        {
            "about": about(design),
            "source": "found by accelsim map",
            "workload": ("kernels/attention",),
            "backend": NAME,
            "when": 1,
            "words": (call.dtype,),
            "tensor": (build.instruction,),
            "registers": build.registers(gpu),
            "takers": build.takers,
            "fold": int(design.fold),
            "splits": design.splits if design.splits > 1 else None,
            "combine": COMBINE_TRIPS,
            "queue": design.order if of_queue else None,
            "stream_k": shares if design.order == "stream_k" else None,
            "tiles": (_tile(build),),
            "phases": (("S",), ("LM", "RM"), ("C", "PT", "PD", "RD"), ("O",), ("PV",)),
            "end": ("I", "AV"),
            "accumulated": {"PV": "O"},
            "held": () if build.shared_weights else ("PT",),
        }
    )


def _tile(build: Build) -> AttentionTile:
    # Warpgroups lie one below the other; the one that fetches reads nothing.
    groups = (build.warps // WARPGROUP, 1)
    return AttentionTile(
        when=1,
        queries=build.queries,
        keys=build.keys,
        features=build.features,
        threads=build.threads,
        shared_bytes=build.shared_bytes,
        layout={"S": groups, "PV": groups} if build.is_fetched else {},
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
