"""Over how many blocks a library splits the keys of a head, where heads alone leave SMs idle.

flash_decoding      FlashAttention-2 (csrc/flash_attn/flash_api.cpp, num_splits_heuristic): one, if
                    the blocks fill 80 % of twice the SMs; else the fewest splits whose last wave
                    is at least 85 % as full as that of the best number.
flash_attention_3   The same over the SMs, a block each (hopper/heuristics.h), but for four tiles of
                    keys or fewer.
planned_ahead       FlashAttention-3 as vLLM calls it (hopper/flash_prepare_scheduler.cu; tiles of
                    128 keys): ⌈tiles of a head / share⌉, where the share of an SM is 1.1 times
                    all steps / SMs, rounded up; at most 32 where one query of up to 512 sequences
                    decodes (vLLM's bound for whole graphs, vllm/config/attention.py); else at most
                    what the rule above would take for one sequence; beyond 992 sequences one.
fill_the_chip       TensorRT-LLM's generated kernels (flashinfer, trtllm/fmha/fmhaKernels.cuh):
                    ⌊SMs / blocks⌋, but no part of fewer than two steps of 128 keys.
powers_of_two       cuDNN 9.19, read from its launches: one, if there are more blocks than half the
                    SMs or fewer tiles of keys than splits; else as many as make 256 blocks (512
                    where heads are wider than 128).
"""

from collections.abc import Callable, Mapping
from math import ceil
from typing import Literal

MOST_SPLITS = 128

QUERIES_A_BLOCK = 64

FULL = 0.8

GOOD = 0.85

FEW_TILES = 4

PLANNED_KEYS = 128

PLANNED_MARGIN = 1.1

MOST_IN_A_GRAPH = 32
"""Splits that vLLM allows where it plans for graphs of whole calls, with so many sequences."""

GRAPH_SEQUENCES = 512

MOST_PLANNED = 992
"""Sequences of which FlashAttention-3 plans the splits: 31 of each of the 32 warps of a block."""

Rule = Callable[[int, int, int, int, int, int], int]
"""(queries, heads, batch, keys, features, SMs) → splits."""


def flash_decoding(queries: int, heads: int, batch: int, keys: int, features: int, sms: int) -> int:
    width = 256 if features <= 64 else 128 if features <= 128 else 64
    blocks = heads * batch * ceil(queries / QUERIES_A_BLOCK)
    return _fewest_good(blocks, ceil(keys / width), 2 * sms)


def flash_attention_3(
    queries: int, heads: int, batch: int, keys: int, features: int, sms: int
) -> int:
    width = 192 if features <= 64 else 176 if features <= 128 else 80
    tiles, blocks = ceil(keys / width), heads * batch * ceil(queries / 128)
    return _fewest_good(blocks, tiles, sms) if tiles > FEW_TILES else 1


def planned_ahead(queries: int, heads: int, batch: int, keys: int, features: int, sms: int) -> int:
    tiles = ceil(keys / PLANNED_KEYS)
    blocks = ceil(queries / (64 if queries <= 64 else 128))
    if batch > MOST_PLANNED:
        return 1
    is_in_a_graph = queries <= 64 and batch <= GRAPH_SEQUENCES
    alone = _fewest_good(heads * blocks, tiles, sms) if tiles > FEW_TILES else 1
    most = MOST_IN_A_GRAPH if is_in_a_graph else alone
    share = ceil(PLANNED_MARGIN * tiles * blocks * batch * heads / sms)
    return min(ceil(tiles / share), most)


def fill_the_chip(queries: int, heads: int, batch: int, keys: int, features: int, sms: int) -> int:
    return max(1, min(ceil(keys / (2 * PLANNED_KEYS)), sms // (heads * batch)))


def _fewest_good(blocks: int, tiles: int, slots: int) -> int:
    if blocks >= FULL * slots:
        return 1
    efficiencies = {
        splits: _last_wave(blocks * splits, slots)
        for splits in range(1, min(MOST_SPLITS, slots, tiles) + 1)
        if splits == 1 or ceil(tiles / splits) != ceil(tiles / (splits - 1))
    }
    best = max(efficiencies.values())
    return min(s for s, efficiency in efficiencies.items() if efficiency >= GOOD * best)


def powers_of_two(queries: int, heads: int, batch: int, keys: int, features: int, sms: int) -> int:
    blocks = 2 * sms * (2 if features > 128 else 1)
    splits = 1
    while 2 * splits * heads * batch <= blocks:
        splits *= 2
    return splits if heads * batch <= sms / 2 and splits <= ceil(keys / 128) else 1


def _last_wave(blocks: int, slots: int) -> float:
    waves = blocks / slots
    return waves / ceil(waves)


SplitRule = Literal[
    "flash_decoding", "flash_attention_3", "planned_ahead", "fill_the_chip", "powers_of_two"
]

SPLITS: Mapping[str, Rule] = {
    "flash_decoding": flash_decoding,
    "flash_attention_3": flash_attention_3,
    "planned_ahead": planned_ahead,
    "fill_the_chip": fill_the_chip,
    "powers_of_two": powers_of_two,
}
