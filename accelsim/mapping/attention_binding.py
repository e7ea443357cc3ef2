"""An attention kernel with the numbers of a call on a GPU: which one is taken, and its blocks."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import ceil
from typing import NamedTuple

from accelsim.arch.gpu import Gpu
from accelsim.base.errors import MappingError
from accelsim.base.expression import parse_expression
from accelsim.mapping.attention_kernel import (
    AttentionKernel,
    AttentionTile,
    Feature,
    attention_kernels,
)
from accelsim.mapping.mapping import Formula, Names
from accelsim.mapping.planned_walk import planned_walk
from accelsim.mapping.splits import SPLITS
from accelsim.mapping.stream_k import Walk, walk_of
from accelsim.mapping.visits import Visits, by_keys, by_queries, joined
from accelsim.workload.calls import Backend, Sdpa, SdpaBackward, Sequences

MOST_BLOCKS_A_HEAD = 20_000_000
"""Of one sequence, as long as arrays of them are held."""

MOST_KNOWN = 8192
"""Calls that are remembered with their kernels: GPUs of other clocks and bandwidths take the same.
"""

LATENT_BACKEND: Backend = "flash_mla"
"""That decodes latents where another library does not."""

WORKLOADS: Mapping[type[Sdpa], str] = {
    Sdpa: "kernels/attention",
    SdpaBackward: "kernels/attention_backward",
}


@dataclass(frozen=True)
class BoundAttention:
    """A kernel with the numbers of a call: `heads` side by side, each of the same sequences.

    A block's rows are queries, with `fold` those of a group of heads. The parts of a split head
    are added up in `combine_trips` to memory that need one another.
    """

    kernel: AttentionKernel
    tile: AttentionTile
    family: str
    call: Sdpa
    fold: int
    heads: int
    splits: int
    combine_trips: int
    sms: int
    code_bytes: float
    combines: bool

    @property
    def held(self) -> Names:
        """Operands of products that lie in registers."""
        return self.kernel.held if self.tile.held is None else self.tile.held

    @cached_property
    def blocks(self) -> int:
        if self.walk is not None:
            return self.walk.blocks
        a_head = sum(self.blocks_of(each) * each.number for each in self.call.sequences)
        return self.heads * self.splits * a_head

    def blocks_of(self, each: Sequences) -> int:
        if self.kernel.over == "keys":
            return ceil(each.keys / self.tile.keys)
        return ceil(self.fold * each.queries / self.tile.queries)

    @property
    def bodies(self) -> int:
        """Copies of a step in the code: one for each step that masks, one for all others."""
        is_masked = self.call.causal or self.call.window
        edges = ceil(self.tile.queries / self.tile.keys) if is_masked else 1
        return edges + int(bool(is_masked and is_ragged(self.call, self.tile))) + 1

    def visits(self, queries: int, keys: int) -> list[Visits]:
        """Of the blocks of one head of a sequence, a part of its keys after the other."""
        if self.kernel.over == "keys":
            return [by_keys(self.call, self.tile, queries, keys)]
        whole = by_queries(self.call, self.tile, queries, keys, self.fold)
        whole = whole.masking(self.kernel.ragged)
        shared = self.call.m if self.kernel.share_of == "longest" else keys
        each = ceil(ceil(shared / self.tile.keys) / self.splits)
        return whole.shares(each, self.splits)

    @cached_property
    def walk(self) -> Walk | None:
        """Of blocks that share out the steps of all heads: sequence, head, queries, keys."""
        if self.kernel.stream_k is None:
            return None
        period, number = self.line
        rule = self.kernel.stream_k
        deals = walk_of if rule.overhead is None else planned_walk
        return deals(period.steps, number, rule, self.sms)

    @cached_property
    def line(self) -> tuple[Visits, int]:
        """Of all output tiles in the order of the walk: a period, and how often it comes."""
        sequences = self.call.sequences
        heads = [part for each in sequences for part in self.visits(*each[:2])]
        if len(heads) == 1:
            return heads[0], self.heads * sequences[0].number
        return joined([head for head in heads for _ in range(self.heads)]), 1


def bind_attention(call: Sdpa, gpu: Gpu) -> BoundAttention:
    """The kernel that the backend takes for a call. A window wider than all keys is none; values of
    fewer numbers than keys are padded.

    Raises
    ------
    MappingError
        if no shipped kernel of the backend takes such a call, or a head has too many blocks.
    """
    if call.window and call.window > call.m:
        call = call.model_copy(update={"window": None})
    if call.f and not call.latent:
        call = call.model_copy(update={"f": None})
    chip = _chip_of(gpu)
    known = _known.get((call, chip))
    if known is None:
        if len(_known) >= MOST_KNOWN:
            _known.clear()
        known = _known[call, chip] = _taken(call, gpu)
    return known


_known: dict[tuple[Sdpa, "_Chip"], BoundAttention] = {}


class _Chip(NamedTuple):
    """What of a GPU decides which kernel is taken and how it is cut: no clock and no bandwidth."""

    generation: str
    sms: int
    shared_bytes: float
    registers: int
    families: tuple[tuple[str, frozenset[str]], ...]


def _chip_of(gpu: Gpu) -> _Chip:
    families = tuple((cores.name, frozenset(cores.flop)) for cores in gpu.tensor)
    return _Chip(gpu.generation, gpu.sms, gpu.sm.shared_bytes, gpu.sm.registers, families)


def _taken(call: Sdpa, gpu: Gpu) -> BoundAttention:
    kernels = attention_kernels(call.backend, WORKLOADS[type(call)])
    of = "gradients of " if isinstance(call, SdpaBackward) else ""
    if not kernels:
        for_what = " for gradients" if of else ""
        raise _not_known(f"no kernel of {call.backend} is known{for_what}, on any GPU")
    refusals: list[str] = []
    bound = None
    for kernel in kernels:
        found = _bound(kernel, call, gpu)
        if isinstance(found, BoundAttention):
            bound = found
            break
        refusals.append(found)
    if bound is None:
        reasons = "; ".join(dict.fromkeys(refusals))
        heads = f"{of}{call.dtype} heads of dimension {call.e}"
        raise _not_known(f"no kernel of {call.backend} is known for {heads}: {reasons}", call)
    if max(bound.blocks_of(each) for each in call.sequences) > MOST_BLOCKS_A_HEAD:
        fact = f"a head has more than {MOST_BLOCKS_A_HEAD:,} blocks"
        raise MappingError(fact, remedy="Take fewer queries")
    return bound


def bind_kernel(kernel: AttentionKernel, call: Sdpa, gpu: Gpu) -> BoundAttention:
    """This kernel for a call, whatever a library would take.

    Raises
    ------
    MappingError
        if it does not take such a call on this GPU.
    """
    found = _bound(kernel, call, gpu)
    if isinstance(found, str):
        fact = f"the kernel ({kernel.about}) does not take {call.dtype} heads of {call.e}: {found}"
        raise MappingError(fact, remedy="`accelsim map` finds one for this GPU and size")
    return found


def takes_latent(backend: str) -> bool:
    """Whether some kernel of it reads values that lie within the keys, whatever the GPU."""
    return any("latent" in each.takes for each in attention_kernels(backend, WORKLOADS[Sdpa]))


def _not_known(fact: str, call: Sdpa | None = None) -> MappingError:
    if call is not None and call.latent:
        takes = "bf16 or fp16 latents of 576 numbers, 512 of them values, on a Hopper GPU"
        return MappingError(fact, remedy=f"{LATENT_BACKEND} decodes {takes}")
    return MappingError(fact, remedy="`accelsim list kernels` shows those that are")


def _bound(kernel: AttentionKernel, call: Sdpa, gpu: Gpu) -> BoundAttention | str:
    """The kernel with the call's numbers, or the first condition that does not hold."""
    values = _values(call, gpu)
    is_folded = bool(_value(kernel.fold, values))
    fold, heads = (call.h // call.g, call.g) if is_folded else (1, call.h)
    splits = call.splits or _splits(kernel, call, fold, heads, gpu, values)
    values |= {"splits": splits}
    tile = next((tile for tile in kernel.tiles if _value(tile.when, values)), None)
    has = {cores.name for cores in gpu.tensor if call.dtype in cores.flop}
    family = next((name for name in kernel.tensor if name in has), None)
    lacking = ", ".join(sorted(features(call) - set(kernel.takes)))
    conditions = (
        (call.dtype in kernel.words, f"it is compiled for {', '.join(kernel.words)}"),
        (
            not kernel.generations or gpu.generation in kernel.generations,
            f"it is compiled for {', '.join(kernel.generations)}",
        ),
        (family is not None, f"this GPU has no {' nor '.join(kernel.tensor)} for these words"),
        (not lacking, f"it takes no {lacking}"),
        (bool(_value(kernel.when, values)), f"it takes calls where {kernel.when}"),
        (tile is not None, "it has no tile for such heads"),
        (tile is not None and fits(kernel, tile, gpu), "no SM has room for a block"),
    )
    refusal = next((why for holds, why in conditions if not holds), None)
    if refusal is not None or tile is None or family is None:
        return refusal or ""
    return BoundAttention(
        kernel=kernel,
        tile=tile,
        family=family,
        call=call,
        fold=fold,
        heads=heads,
        splits=splits,
        combine_trips=int(_value(kernel.combine, values)),
        sms=gpu.sms,
        code_bytes=_code_bytes(tile, values | {"ragged": int(is_ragged(call, tile))}),
        combines=bool(_value(kernel.combines, values)),
    )


def _splits(
    kernel: AttentionKernel,
    call: Sdpa,
    fold: int,
    heads: int,
    gpu: Gpu,
    values: Mapping[str, int],
) -> int:
    """As many as the kernel says, or its rule."""
    if kernel.splits is None or not _value(kernel.splittable, values):
        return 1
    if isinstance(kernel.splits, int):
        return kernel.splits
    return SPLITS[kernel.splits](fold * call.p, heads, call.b, call.m, call.e, gpu.sms)


def fits(kernel: AttentionKernel, tile: AttentionTile, gpu: Gpu) -> bool:
    """Whether an SM has the registers and the shared memory of a block."""
    registers = (tile.registers or kernel.registers) * tile.threads
    return bool(registers <= gpu.sm.registers and tile.shared_bytes <= gpu.sm.shared_bytes)


def _code_bytes(tile: AttentionTile, values: Mapping[str, int]) -> float:
    return next((code.code_bytes for code in tile.codes if _value(code.when, values)), 0)


def is_ragged(call: Sdpa, tile: AttentionTile) -> bool:
    """Whether tiles do not divide it, or are not known to."""
    return bool(call.lengths or call.p % tile.queries or call.m % tile.keys)


def features(call: Sdpa) -> set[Feature]:
    """What the call has that not every kernel takes."""
    has: dict[Feature, bool] = {
        "window": call.window is not None,
        "lengths": bool(call.lengths),
        "page": call.page is not None,
        "latent": call.latent,
        "splits": call.splits is not None,
    }
    return {name for name, there in has.items() if there}


def _values(call: Sdpa, gpu: Gpu) -> dict[str, int]:
    sizes = {"B": call.b, "H": call.g, "G": call.h // call.g, "P": call.p, "M": call.m}
    machine = {"sms": gpu.sms, "shared": int(gpu.sm.shared_bytes)}
    kind = {"causal": int(call.causal), "window": call.window or 0, "page": call.page or 0}
    heads = {"E": call.e, "F": call.value_dim, "latent": int(call.latent)}
    return sizes | machine | kind | heads | {"lengths": int(bool(call.lengths))}


def _value(formula: Formula, values: Mapping[str, int]) -> float:
    return float(_parsed(str(formula)).evaluate(values))


_parsed = lru_cache(maxsize=256)(parse_expression)
