"""How a library's attention kernel cuts `kernels/attention` into blocks of a GPU.

    block    `queries` rows of a head (with `fold`, of all query heads of a group side by side),
             against all keys, or a `splits` share of them
    step     `keys` of those, `features` wide (the head dimension, padded), and their values, which
             may be narrower (`values`); a causal block skips the tiles of which every key is later
    phases   Einsums of a step that its warps do side by side, one phase after the other
    takers   groups of warps that take turns: one works through its phases, two overlap
    queue    one block an SM stays and draws its work from a queue: `in_order` (head by head, rows
             from the first on) or `longest_first`
    stream_k blocks stay and share out the steps of all heads and sequences (`stream_k.py`)
    words    those that the kernel is compiled for, as it is for all GPUs or some `generations`
    splits   the rule by which keys are split, of calls that are `splittable`; a part is a share of
             `each` sequence's tiles, or of the `longest` one's, so that shorter ones have fewer
    takes    what else a call may have: a `window`, sequences of other `lengths`, `page`s, values
             that are `latent` in the keys, its own number of `splits`
    over     what blocks are cut from: `queries`, each against keys, or (a gradient) `keys`, each
             against queries
    held     tensors that warps keep in registers for the product that reads them; others that a
             product reads go through shared memory
    before, after      other kernels of the same call, each a stream of bytes
    ragged   tiles more that a block masks, where the kernel cannot know that its tiles are whole
    alone    steps of a block, beside all of them, in which its takers do not overlap: the first
             scores have no products beside them, nor has the last product any scores
    rows     keys and values are copied row by row, not in whole tiles: L2 serves as it does loads
    lookups  of a step's pages: loads that a block by itself waits for, with their divisions
    trips    loads that need one another before a block can ask for its first keys
    ahead    cycles in which a warp issues the instructions on that way; `closing`: those from a
             tile's last product to its result, beside which the next one's keys are fetched
    plan     sequences whose plan a warp reads at once: a block that draws its next tile reads on
             from its own sequence to the next one's
    reset    a queue's counter is set to zero before by a launch of its own
    combines whether the kernel that adds up the parts is launched, `early` while this one ends
    scan     sequences of which a warp of that kernel reads the lengths at once, to find its block's

A library chooses the first of its kernels, and of a kernel's tiles, whose `when` holds, and of the
`tensor` instructions that a kernel is written for the first that the GPU has. Conditions are over
B H G P M E F (batch, key/value heads, query heads of each, queries, keys, head dimension, that of
values), causal, latent, window, lengths (1 if sequences have their own), page (0 where there is
none), splits, sms and shared (bytes of an SM).
"""

from functools import lru_cache
from typing import Literal

from accelsim.base.catalogue import find, names
from accelsim.base.record import Count, NonNegative, Positive, Record, read_record
from accelsim.base.yamlfile import read_yaml
from accelsim.mapping.mapping import Formula, Names
from accelsim.mapping.splits import SplitRule
from accelsim.mapping.stream_k import StreamK
from accelsim.mapping.unfused_kernel import UnfusedStep
from accelsim.workload.calls import Dtype

Feature = Literal["window", "lengths", "page", "latent", "splits"]


class Code(Record):
    """How long the instructions of a kernel are, when it is compiled for such calls."""

    when: Formula
    code_bytes: Positive


class AttentionTile(Record):
    """What a block computes in one step, with how many threads, how much shared memory, and its own
    number of registers, and tensors `held` in them, where those are not the kernel's.

    `layout` puts warps side by side along the rows and the columns of a product's result; products
    that it does not name have all warps along the rows. `instructions` of all warps in a step and
    `refetched` bytes (from L2, beside those that every such kernel needs) are counted, where they
    are more than the Einsums ask for. Of `codes` the first whose `when` holds; there, `ragged`
    calls have sequences of other lengths, or that tiles do not divide.
    """

    when: Formula
    queries: Count
    keys: Count
    features: Count
    values: Count | None = None
    threads: Count
    shared_bytes: Positive
    held: Names | None = None
    registers: Count | None = None
    layout: dict[str, tuple[Count, Count]] = {}
    instructions: Count | None = None
    refetched_bytes: NonNegative = 0
    codes: tuple[Code, ...] = ()

    @property
    def value_features(self) -> int:
        return self.values or self.features


class AttentionKernel(Record):
    about: str
    source: str
    workload: Names
    backend: str
    when: Formula
    generations: tuple[str, ...] = ()
    words: tuple[Dtype, ...]
    takes: tuple[Feature, ...] = ()
    tensor: Names
    registers: Count
    takers: Count
    fold: Formula
    splits: SplitRule | Count | None = None
    splittable: Formula = 1
    share_of: Literal["each", "longest"] = "each"
    combine: Formula = 0
    combines: Formula = "splits > 1"
    early: bool = False
    scan: Count | None = None
    queue: Literal["in_order", "longest_first"] | None = None
    stream_k: StreamK | None = None
    reset: bool = True
    ragged: int = 0
    alone: int = 0
    rows: bool = False
    lookups: int = 0
    trips: int = 0
    ahead_cycles: NonNegative = 0
    closing_cycles: NonNegative = 0
    plan: int | None = None
    tiles: tuple[AttentionTile, ...]
    phases: tuple[Names, ...]
    end: Names
    accumulated: dict[str, str] = {}
    held: Names = ()
    over: Literal["queries", "keys"] = "queries"
    before: tuple[UnfusedStep, ...] = ()
    after: tuple[UnfusedStep, ...] = ()


@lru_cache(maxsize=16)
def attention_kernels(backend: str, workload: str) -> tuple[AttentionKernel, ...]:
    """The shipped ones of a backend for a workload, in the order in which it prefers them."""
    read = (read_yaml(find(name, "kernels")) for name in names("kernels"))
    found = [
        read_record(node, AttentionKernel) for node in read if "tiles" in node and "backend" in node
    ]
    is_wanted = (backend, (workload,))
    return tuple(kernel for kernel in found if (kernel.backend, kernel.workload) == is_wanted)
