"""Whether any tile has room is told by the least one, as by all of them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accelsim.mapping import fused_kernel
from accelsim.mapping.fused_kernel import (
    Room,
    adding,
    has_room,
    multiplies,
    staged_reads,
    with_room,
)
from accelsim.mapping.fused_tiles import (
    candidates,
    greatest_tile,
    least_tile,
    sides_of_grid,
    tiles,
)
from accelsim.mapping.fusion import fusion, units
from accelsim.workload.budget import budgeted
from accelsim.workload.load import load_workload

NAMES = (
    "attention/one_pass",
    "attention/three_pass",
    "kernels/gemm",
    "kernels/softmax",
    "linear/based:chunked",
    "recurrent/rwkv_6:chunked",
    "softmax/relative:local",
    "transformer/encoder_layer",
)
CASCADES = {name: budgeted(load_workload(name)) for name in NAMES}
ROOMS = st.builds(
    Room,
    threads=st.sampled_from([64, 128, 192, 256, 2048]),
    registers=st.sampled_from([2**power for power in range(12, 17)]),
    shared_bytes=st.integers(1024, 2**18),
)


def all_with_room(own, room):
    found = list(tiles(own))
    return with_room(own, {r: np.array([tile[r] for tile in found]) for r in found[0]}, room)


@settings(max_examples=150)
@given(st.data(), st.sampled_from(NAMES), ROOMS)
def test_there_are_candidates_where_any_of_all_tiles_has_room(data, name, room):
    cascade = CASCADES[name]
    groups = units(cascade)
    first = data.draw(st.integers(0, len(groups) - 1))
    own = fusion(cascade, groups[first : data.draw(st.integers(first + 1, len(groups)))])
    if own is None:
        return
    found, every = candidates(own, room), all_with_room(own, room)
    assert (found is None) == (every is None)
    if every is not None:
        both = [(k.at(n) for n in range(len(every.stages))) for k in (found.kernels, every)]
        assert list(both[0]) == list(both[1])


@pytest.mark.parametrize("name", NAMES)
def test_the_least_and_the_greatest_tile_are_candidates_beyond_which_is_none(name):
    own = fusion(CASCADES[name], units(CASCADES[name])[:2])
    own = own or fusion(CASCADES[name], units(CASCADES[name])[:1])
    least, greatest, every = least_tile(own), greatest_tile(own), list(tiles(own))
    assert least in every and greatest in every
    assert all(least[rank] <= tile[rank] <= greatest[rank] for tile in every for rank in least)


def test_rooms_matter():
    """The least tile stages 1 x 32 and 32 x 1 words of 2 B, twice, and 1 KiB of the system's."""
    cascade = CASCADES["kernels/gemm"]
    own = fusion(cascade, units(cascade))
    tile = least_tile(own)
    assert tile == {"M": 1, "N": 1, "K1": 1, "K0": 32}
    needs = 2 * 2 * (32 + 32) + 1024
    assert has_room(own, tile, Room(128, 2**16, needs))
    assert not has_room(own, tile, Room(128, 2**16, needs - 1))
    assert not has_room(own, tile, Room(127, 2**16, needs))
    # One register for the sum, and 40 of the kernel's own.
    assert has_room(own, tile, Room(128, 128 * 41, needs))
    assert not has_room(own, tile, Room(128, 128 * 41 - 1, needs))


OF_FORM = (multiplies, staged_reads, adding, sides_of_grid, fused_kernel._lives)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_kept_for_all_sizes_is_what_each_size_says_by_itself(name):
    for size in ("512", "1024", "96"):
        cascade = budgeted(load_workload(name, {f"ranks.{rank_of(name)}": size}))
        groups = units(cascade)
        runs = [groups[first : first + n] for n in (1, 2, 4) for first in range(len(groups))]
        for own in filter(None, (fusion(cascade, run) for run in runs)):
            for fact in OF_FORM:
                assert fact(own) == fact.__wrapped__(own)


def rank_of(name):
    declared = CASCADES[name].declared
    return next(rank for rank in ("P", "L", "M", "R") if isinstance(declared.get(rank), int))
