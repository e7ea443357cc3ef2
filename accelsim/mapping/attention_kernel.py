"""How a library's attention kernel cuts `kernels/attention` into blocks of a GPU.

    block    `queries` rows of a head (with `fold`, of all query heads of a group side by side),
             against all keys, or a `splits` share of them
    step     `keys` of those, `features` wide (the head dimension, padded); a causal block skips
             the tiles of which every key is later
    phases   Einsums of a step that its warps do side by side, one phase after the other
    takers   groups of warps that take turns: one works through its phases, two overlap
    queue    one block an SM stays and draws its work from a queue, the longest first
    words    those that the kernel is compiled for
    takes    what else a call may have: a `window`, sequences of other `lengths`, `page`s
    ragged   tiles more that a block masks, where the kernel cannot know that its tiles are whole
    alone    steps of a block, beside all of them, in which its takers do not overlap: the first
             scores have no products beside them, nor has the last product any scores
    rows     keys and values are copied row by row, not in whole tiles: L2 serves as it does loads
    lookups  of a step's pages: loads that a block by itself waits for, with their divisions
    trips    loads that need one another before a block can ask for its first keys
    plan     sequences whose plan a warp reads at once: a block that draws its next tile reads on
             from its own sequence to the next one's
    reset    a queue's counter is set to zero before by a launch of its own
    copies   times that the library copies queries or results, as they are
    orders   times that it does so in another order, by a kernel of its own
    combines whether the kernel that adds up the parts is launched, `early` while this one ends

A library chooses the first of its kernels, and of a kernel's tiles, whose `when` holds, and of the
`tensor` instructions that a kernel is written for the first that the GPU has. Conditions are over
B H G P M E (batch, key/value heads, query heads of each, queries, keys, head dimension), causal,
window, lengths (1 if sequences have their own), page (0 where there is none), splits, sms and
shared (bytes of an SM).
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
from accelsim.mapping.splits import SPLITS, SplitRule
from accelsim.mapping.visits import Visits, by_queries
from accelsim.workload.calls import Dtype, Sdpa

Feature = Literal["window", "lengths", "page"]


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
    takes: tuple[Feature, ...] = ()
    tensor: Names
    registers: Count
    takers: Count
    fold: Formula
    splits: SplitRule | None = None
    combine: Formula = 0
    combines: Formula = "splits > 1"
    early: bool = False
    queue: bool = False
    reset: bool = True
    ragged: int = 0
    alone: int = 0
    rows: bool = False
    lookups: int = 0
    trips: int = 0
    plan: int | None = None
    copies: Formula = 0
    orders: Formula = 0
    tiles: tuple[AttentionTile, ...]
    phases: tuple[Names, ...]
    end: Names
    accumulated: dict[str, str] = {}


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
    combines: bool = False
    copies: int = 0
    orders: int = 0

    @property
    def blocks(self) -> int:
        rows = ((self.fold * each.queries, each.number) for each in self.call.sequences)
        a_head = sum(ceil(count / self.tile.queries) * number for count, number in rows)
        return self.heads * self.splits * a_head

    @property
    def key_tiles(self) -> int:
        """Of the longest sequence."""
        return ceil(self.call.m / self.tile.keys)

    def visits(self, queries: int, keys: int) -> list[Visits]:
        """Of the blocks of one head of a sequence, a part of its keys after the other."""
        whole = by_queries(self.call, self.tile, queries, keys, self.fold)
        whole = whole.masking(self.kernel.ragged)
        each = ceil(ceil(keys / self.tile.keys) / self.splits)
        parts = (range(each * part, each * (part + 1)) for part in range(self.splits))
        return [whole.share(tiles) for tiles in parts]


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
    having = "".join(f" with {name}," for name in sorted(features(call)))
    heads = f"{call.dtype} heads of dimension {call.e}{having} on this GPU"
    what = f"is known for {heads}" if kernels else "is known, on any GPU"
    raise MappingError(
        f"no kernel of {call.backend} {what}",
        remedy="`accelsim list kernels` shows those that are",
    )


def _bound(kernel: AttentionKernel, call: Sdpa, gpu: Gpu) -> BoundAttention | None:
    values = _values(call, gpu)
    is_folded = bool(_value(kernel.fold, values))
    fold, heads = (call.h // call.g, call.g) if is_folded else (1, call.h)
    rule = SPLITS.get(kernel.splits or "")
    splits = rule(fold * call.p, heads, call.b, call.m, call.e, gpu.sms) if rule else 1
    values |= {"splits": splits}
    is_taken = call.dtype in kernel.words and features(call) <= set(kernel.takes)
    if not is_taken or not _value(kernel.when, values):
        return None
    tile = next((tile for tile in kernel.tiles if _value(tile.when, values)), None)
    has = {cores.name for cores in gpu.tensor if call.dtype in cores.flop}
    family = next((name for name in kernel.tensor if name in has), None)
    if tile is None or family is None:
        return None
    return BoundAttention(
        kernel=kernel,
        tile=tile,
        family=family,
        call=call,
        fold=fold,
        heads=heads,
        splits=splits,
        combine_trips=int(_value(kernel.combine, values)),
        combines=bool(_value(kernel.combines, values)),
        copies=int(_value(kernel.copies, values)),
        orders=int(_value(kernel.orders, values)),
    )


def features(call: Sdpa) -> set[Feature]:
    """What the call has that not every kernel takes."""
    has: dict[Feature, bool] = {
        "window": call.window is not None,
        "lengths": bool(call.lengths),
        "page": call.page is not None,
    }
    return {name for name, there in has.items() if there}


def _values(call: Sdpa, gpu: Gpu) -> dict[str, int]:
    sizes = {"B": call.b, "H": call.g, "G": call.h // call.g, "P": call.p, "M": call.m}
    machine = {"sms": gpu.sms, "shared": int(gpu.sm.shared_bytes)}
    kind = {"causal": int(call.causal), "window": call.window or 0, "page": call.page or 0}
    return sizes | machine | kind | {"E": call.e, "lengths": int(bool(call.lengths))}


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
