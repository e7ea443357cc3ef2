"""What a bound of one Einsum's mappings is made of, as arrays.

Slots are the loops of a nest from the outside in: a temporal slot inside every memory of the path,
and the array, rows and columns together, inside the last memory that is not in a processing
element:

    DRAM | slot 0 | GlobalBuffer | slot 1 | array: slot 2 | RegisterFile | slot 3

A storage of a memory covers the slots from `start` inwards. A `root` is a choice of what is kept
where, of loop orders, and of whether sums are spread over the array; a box gives every factor of a
root a range.
"""

from math import inf
from typing import Any, NamedTuple

from numpy.typing import NDArray

Array = NDArray[Any]


class Tables(NamedTuple):
    """R ranks, X tensors, S slots, L memories, N roots. Bytes, cycles, pJ; all float64 but flags.

    The output is the last tensor; `home` is the first memory of the path that a tensor lies in.
    """

    sizes: Array  # R
    member: Array  # X x R: whether the tensor has the rank
    words: Array  # X
    home: Array  # X
    reduced: Array  # R
    slots: int
    shared: int  # the slot of the array
    start: Array  # L
    room: Array  # L: bytes for one copy of everything kept there, inf for no limit
    rate: Array  # L: bytes a cycle of all instances, inf for no limit
    read_pj: Array  # L, a byte
    write_pj: Array  # L, a byte
    rows: int
    columns: int
    blocks: Array  # all numbers of rows times columns, in order
    kept: Array  # N x X x L: whether there is a storage
    order: Array  # N x S x R: ranks from the outermost loop to the innermost
    place: Array  # N x S x R: the place of each rank in that order
    derived: Array  # N x R: the slot whose factor follows from the others
    fixed: Array  # R x S: the factor there must be, 0 for any
    most_moved: Array  # L: bytes
    memory: Array  # L: its place among the memories of the machine
    drains: Array  # N: whether sums may be spread over the array
    point_cycles: float
    fixed_pj: float
    leaked_pj: float  # a cycle


class Weights(NamedTuple):
    """What is minimised: pj · energy + cycle · cycles + Σ per_byte · bytes moved, of what takes no
    more than `most_cycles`. `per_byte` has the machine's memories in order, or nothing for 0."""

    pj: float
    cycle: float
    most_cycles: float = inf
    per_byte: tuple[float, ...] = ()
