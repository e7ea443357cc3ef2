"""Over how many blocks a library splits the keys of a head, where heads alone leave SMs idle.

flash_decoding      FlashAttention-2 (csrc/flash_attn/flash_api.cpp, num_splits_heuristic): one, if
                    the blocks fill 80 % of twice the SMs; else the fewest splits whose last wave
                    is at least 85 % as full as that of the best number.
flash_attention_3   The same over the SMs, a block each (hopper/heuristics.h), but for four tiles of
                    keys or fewer.
powers_of_two       cuDNN 9.19, read from its launches: one, if there are more blocks than half the
                    SMs or fewer tiles of keys than splits; else as many as make 256 blocks (512
                    where heads are wider than 128).
"""

from collections.abc import Callable, Mapping
from math import ceil

MOST_SPLITS = 128

QUERIES_A_BLOCK = 64

FULL = 0.8

GOOD = 0.85

FEW_TILES = 4

Rule = Callable[[int, int, int, int, int], int]
"""(queries, heads and batch, keys, features, SMs) → splits."""


def flash_decoding(queries: int, heads: int, keys: int, features: int, sms: int) -> int:
    width = 256 if features <= 64 else 128 if features <= 128 else 64
    blocks = heads * ceil(queries / QUERIES_A_BLOCK)
    return _fewest_good(blocks, ceil(keys / width), 2 * sms)


def flash_attention_3(queries: int, heads: int, keys: int, features: int, sms: int) -> int:
    width = 192 if features <= 64 else 176 if features <= 128 else 80
    tiles = ceil(keys / width)
    return _fewest_good(heads * ceil(queries / 128), tiles, sms) if tiles > FEW_TILES else 1


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


def powers_of_two(queries: int, heads: int, keys: int, features: int, sms: int) -> int:
    blocks = 2 * sms * (2 if features > 128 else 1)
    splits = 1
    while 2 * splits * heads <= blocks:
        splits *= 2
    return splits if heads <= sms / 2 and splits <= ceil(keys / 128) else 1


def _last_wave(blocks: int, slots: int) -> float:
    waves = blocks / slots
    return waves / ceil(waves)


SPLITS: Mapping[str, Rule] = {
    "flash_decoding": flash_decoding,
    "flash_attention_3": flash_attention_3,
    "powers_of_two": powers_of_two,
}
