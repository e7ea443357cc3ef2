"""Splits of the key rank, by hand and as libraries launched them."""

import csv
import json
from math import prod
from pathlib import Path

import pytest

from accelsim.arch.load_gpu import load_gpu
from accelsim.base.errors import MappingError
from accelsim.mapping.attention_binding import bind_attention
from accelsim.mapping.splits import (
    fill_the_chip,
    flash_decoding,
    planned_ahead,
    powers_of_two,
)
from accelsim.workload.calls import Sdpa, read_cases

VALIDATION = Path(__file__).parents[2] / "studies/gpu_validation"


def test_heads_that_fill_the_gpu_are_not_split():
    # 264 slots, 212 blocks: 80 %
    assert flash_decoding(queries=1, heads=212, batch=1, keys=65536, features=128, sms=132) == 1


def test_flash_decoding_takes_the_fewest_good_splits():
    # 32 heads of 256 tiles on 264 slots: 8 splits fill 97 %, 7 fill 85 % of the slots, which is
    # more than 85 % of that.
    assert flash_decoding(queries=1, heads=32, batch=1, keys=32768, features=128, sms=132) == 7


def test_powers_of_two_make_256_blocks():
    assert powers_of_two(queries=1, heads=8, batch=1, keys=16384, features=128, sms=132) == 32
    assert powers_of_two(queries=1, heads=64, batch=1, keys=1024, features=128, sms=132) == 4
    assert powers_of_two(queries=1, heads=80, batch=1, keys=10000, features=128, sms=132) == 1


def test_a_plan_gives_every_sm_its_share_of_tiles():
    # 8 heads of 128 tiles on 132 SMs: a share of ceil(1.1 * 1024 / 132) = 9 tiles, 15 parts.
    assert planned_ahead(queries=1, heads=8, batch=1, keys=16384, features=128, sms=132) == 15
    # One head of 512 tiles would be cut into 103 parts; graphs have room for 32.
    assert planned_ahead(queries=8, heads=1, batch=1, keys=65536, features=128, sms=132) == 32
    # A share of 36 tiles of 32: whole sequences.
    assert planned_ahead(queries=4, heads=8, batch=16, keys=4096, features=128, sms=132) == 1


def test_more_sequences_than_a_plan_has_room_for_stay_whole():
    assert planned_ahead(queries=1, heads=1, batch=992, keys=10**6, features=128, sms=10**5) > 1
    assert planned_ahead(queries=1, heads=1, batch=993, keys=10**6, features=128, sms=10**5) == 1


def test_parts_that_fill_the_chip_have_two_steps_at_least():
    assert fill_the_chip(queries=8, heads=8, batch=4, keys=8192, features=128, sms=148) == 4
    assert fill_the_chip(queries=8, heads=1, batch=1, keys=1024, features=128, sms=148) == 4
    assert fill_the_chip(queries=8, heads=8, batch=32, keys=8192, features=128, sms=148) == 1


def test_parts_are_shares_of_the_longest_sequence():
    """Four parts of 8 tiles: two each, so that a sequence of two tiles is all in the first."""
    call = decoding("flash_decoding", b=2, m=1024, lengths=(1024, 256), splits=4)
    bound = bind_attention(call, load_gpu("h100_sxm"))
    each = [[int(part.steps[0]) for part in bound.visits(1, keys)] for keys in call.lengths]
    assert each == [[2, 2, 2, 2], [2, 0, 0, 0]]


@pytest.mark.parametrize(("splits", "blocks"), [(None, 7 * 32), (1, 32), (3, 96)])
def test_who_calls_may_say_how_many_splits(splits, blocks):
    call = decoding("flash", b=1, m=32768, splits=splits)
    bound = bind_attention(call, load_gpu("h100_sxm"))
    assert bound.blocks == blocks
    assert bound.combines == (splits != 1)


def test_a_library_that_shares_out_steps_itself_takes_no_splits():
    with pytest.raises(MappingError, match="it takes no splits"):
        bind_attention(decoding("lean", b=1, m=32768, splits=2), load_gpu("h100_sxm"))


def decoding(backend, **sizes):
    return Sdpa(backend=backend, h=32, g=32, p=1, e=128, dtype="fp16", **sizes)


def launched_blocks(row) -> int:
    """The grid of the attention kernel among a row's launches."""
    others = ("combine", "reduction", "Memset", "elementwise", "dot_do_o")
    kernels = [k for k in json.loads(row["launches"]) if not any(o in k["name"] for o in others)]
    return prod(kernels[0]["grid"])


@pytest.mark.parametrize("name", ["h100_sxm", "h200_sxm"])
def test_every_attention_call_is_cut_into_the_blocks_that_were_launched(name):
    """Of sequences of unequal lengths, blocks beyond a sequence's end leave at once."""
    gpu = load_gpu(name)
    with (VALIDATION / f"{name}.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    checked = 0
    for row, case in zip(rows, read_cases(VALIDATION / "cases.csv"), strict=True):
        if isinstance(case.call, Sdpa) and case.call.backend != "math":
            call = case.call.model_copy(update={"lengths": (case.call.m,) * len(case.call.lengths)})
            bound = bind_attention(call, gpu)
            blocks = min(bound.blocks, gpu.sms) if bound.kernel.queue else bound.blocks
            assert launched_blocks(row) == blocks, row["params"]
            checked += 1
    assert checked == 242 + 22 + 22 + 28


@pytest.mark.parametrize("rule", [flash_decoding, planned_ahead, fill_the_chip, powers_of_two])
def test_one_tile_of_keys_is_never_split(rule):
    assert rule(1, 1, 1, 64, 128, 132) == 1
