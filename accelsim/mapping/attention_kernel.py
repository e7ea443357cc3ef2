"""How a library's attention kernel cuts `kernels/attention` into blocks of a GPU.

    block    `queries` rows of a head (with `fold`, of all query heads of a group side by side),
             against all keys, or a `splits` share of them
    step     `keys` of those, `features` wide (the head dimension, padded); a causal block skips
             the tiles of which every key is later
    phases   Einsums of a step that its warps do side by side, one phase after the other
    takers   groups of warps that take turns: one works through its phases, two overlap
    queue    one block an SM stays and draws its work from a queue, the longest first
    words    those that the kernel is compiled for

A library chooses the first of its kernels, and of a kernel's tiles, whose `when` holds, and of the
`tensor` instructions that a kernel is written for the first that the GPU has. Conditions are over
B H G P M E (batch, key/value heads, query heads of each, queries, keys, head dimension), causal,
splits, sms and shared (bytes of an SM).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import ceil
from typing import Literal

from accelsim.arch.gpu import Gpu
from accelsim.base.catalogue import find, names
from accelsim.base.errors import MappingError
from accelsim.base.expression import parse_expression
from accelsim.base.record import Count, Positive, Record, read_record
from accelsim.base.yamlfile import read_yaml
from accelsim.mapping.mapping import Formula, Names
from accelsim.mapping.splits import SPLITS
from accelsim.workload.calls import Dtype, Sdpa


class AttentionTile(Record):
    """What a block computes in one step, with how many threads and how much shared memory."""

    when: Formula
    queries: Count
    keys: Count
    features: Count
    threads: Count
    shared_bytes: Positive


class AttentionKernel(Record):
    about: str
    source: str
    workload: Names
    backend: str
    when: Formula
    words: tuple[Dtype, ...]
    tensor: Names
    registers: Count
    takers: Count
    fold: Formula
    splits: Literal["flash_decoding", "flash_attention_3", "powers_of_two"] | None = None
    combine: Formula = 0
    queue: bool = False
    tiles: tuple[AttentionTile, ...]
    phases: tuple[Names, ...]
    end: Names
    accumulated: dict[str, str] = {}


@dataclass(frozen=True)
class BoundAttention:
    """A kernel with the numbers of a call: `heads` blocks side by side of `rows` queries each.

    The parts of a split head are added up in `combine_trips` to memory that need one another.
    """

    kernel: AttentionKernel
    tile: AttentionTile
    family: str
    call: Sdpa
    rows: int
    heads: int
    splits: int
    combine_trips: int

    @property
    def row_blocks(self) -> int:
        return ceil(self.rows / self.tile.queries)

    @property
    def key_tiles(self) -> int:
        return ceil(self.call.m / self.tile.keys)

    @property
    def blocks(self) -> int:
        return self.heads * self.row_blocks * self.splits

    def steps(self, row_block: int) -> int:
        """Tiles of keys that a block of these rows visits."""
        if not self.call.causal:
            return self.key_tiles
        last = min((row_block + 1) * self.tile.queries, self.rows)
        return min(self.key_tiles, ceil(last / self.tile.keys))

    def masked(self, row_block: int) -> int:
        """Tiles of those in which some scores are masked."""
        ragged = 1 if self.call.m % self.tile.keys else 0
        if not self.call.causal:
            return ragged
        diagonal = ceil(self.tile.queries / self.tile.keys)
        return min(self.steps(row_block), diagonal)


def bind_attention(call: Sdpa, gpu: Gpu) -> BoundAttention:
    """The kernel that the backend takes for a call.

    Raises
    ------
    MappingError
        if no shipped kernel of the backend takes such a call.
    """
    kernels = _kernels(call.backend)
    for kernel in kernels:
        bound = _bound(kernel, call, gpu)
        if bound is not None:
            return bound
    heads = f"{call.dtype} heads of dimension {call.e} on this GPU"
    what = f"is known for {heads}" if kernels else "is known, on any GPU"
    raise MappingError(
        f"no kernel of {call.backend} {what}",
        remedy="`accelsim list kernels` shows those that are",
    )


def _bound(kernel: AttentionKernel, call: Sdpa, gpu: Gpu) -> BoundAttention | None:
    values = _values(call, gpu)
    is_folded = bool(_value(kernel.fold, values))
    rows = call.p * (call.h // call.g) if is_folded else call.p
    heads = call.b * (call.g if is_folded else call.h)
    rule = SPLITS.get(kernel.splits or "")
    splits = rule(rows, heads, call.m, call.e, gpu.sms) if rule else 1
    values |= {"splits": splits}
    if call.dtype not in kernel.words or not _value(kernel.when, values):
        return None
    tile = next((tile for tile in kernel.tiles if _value(tile.when, values)), None)
    has = {cores.name for cores in gpu.tensor if call.dtype in cores.flop}
    family = next((name for name in kernel.tensor if name in has), None)
    if tile is None or family is None:
        return None
    trips = int(_value(kernel.combine, values))
    return BoundAttention(kernel, tile, family, call, rows, heads, splits, trips)


def _values(call: Sdpa, gpu: Gpu) -> dict[str, int]:
    sizes = {"B": call.b, "H": call.g, "G": call.h // call.g, "P": call.p, "M": call.m}
    machine = {"sms": gpu.sms, "shared": int(gpu.sm.shared_bytes)}
    return sizes | machine | {"E": call.e, "causal": int(call.causal)}


def _value(formula: Formula, values: Mapping[str, int]) -> float:
    return float(_parsed(str(formula)).evaluate(values))


_parsed = lru_cache(maxsize=256)(parse_expression)


@lru_cache(maxsize=8)
def _kernels(backend: str) -> tuple[AttentionKernel, ...]:
    read = (read_yaml(find(name, "kernels")) for name in names("kernels"))
    found = [
        read_record(node, AttentionKernel) for node in read if "tiles" in node and "backend" in node
    ]
    return tuple(kernel for kernel in found if kernel.backend == backend)
