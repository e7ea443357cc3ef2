"""Tiles that conditions leave, against enumeration."""

from itertools import product
from random import Random

import numpy as np
import pytest

from accelsim.base.yamlfile import parse_yaml
from accelsim.workload.einsum import Cascade
from accelsim.workload.load import load_workload, read_workload
from accelsim.workload.tiles import share_of_tiles


def scores(condition: str, p: int, m: int) -> Cascade:
    text = f"""
word: 2 B
ranks: {{P: {p}, M: {m}, E: 3}}
inputs: {{Q: [P, E], K: [M, E]}}
cascade: |
  S[p,m] += Q[p,e] * K[m,e] where {condition}
"""
    return read_workload(parse_yaml(text), "scores")


def by_enumeration(cascade: Cascade, tile_p: int, tile_m: int, weighed: tuple[str, ...]) -> float:
    ranks, conditions = cascade.ranks, cascade.einsum("S").conditions
    tiles = {
        (p // tile_p, m // tile_m)
        for p, m in product(range(ranks["P"]), range(ranks["M"]))
        if all(c.holds({"P": p, "M": m}, ranks) for c in conditions)
    }
    lengths = {"P": (tile_p, ranks["P"]), "M": (tile_m, ranks["M"])}

    def weight(rank: str, number: int) -> int:
        tile, size = lengths[rank]
        return min(tile, size - number * tile) if rank in weighed else 1

    every = 1
    for rank, (tile, size) in lengths.items():
        every *= size if rank in weighed else -(-size // tile)
    return sum(weight("P", i) * weight("M", j) for i, j in tiles) / every


@pytest.mark.parametrize(
    "condition", ["m <= p", "p - m < 7 and m <= p", "2*m <= p + 3", "m != p", "m == p"]
)
def test_shares_equal_enumeration_on_random_sizes(condition: str) -> None:
    random = Random(condition)
    for _ in range(25):
        p, m, tile_p, tile_m = (random.randint(1, n) for n in (40, 40, 9, 9))
        cascade = scores(condition, p, m)
        for weighed in ((), ("P",), ("M", "P")):
            share = share_of_tiles(cascade, "S", {"P": tile_p, "M": tile_m}, weighed)
            assert share == pytest.approx(by_enumeration(cascade, tile_p, tile_m, weighed))


def test_a_causal_matrix_of_4_by_4_tiles_has_10_with_a_point() -> None:
    assert share_of_tiles(scores("m <= p", 1024, 1024), "S", {"P": 256, "M": 256}) == 10 / 16


def test_a_million_keys_are_not_enumerated() -> None:
    sizes = {"ranks.P": str(2**30), "ranks.M": str(2**30)}
    cascade = load_workload("attention/three_pass_causal", sizes)
    share = share_of_tiles(cascade, "QK", {"P": 256, "M": 256})
    assert share == pytest.approx(0.5 + 0.5 / 2**22)


def test_sizes_may_be_arrays() -> None:
    cascade = scores("m <= p", 1024, 1024).with_ranks(P=np.array([512, 1024]))
    share = share_of_tiles(cascade, "S", {"P": 256, "M": 256})
    assert share.tolist() == [3 / 8, 10 / 16]


def test_a_block_condition_without_a_closed_count_skips_nothing() -> None:
    assert share_of_tiles(scores("p // 5 == m // 5", 30, 30), "S", {"P": 4, "M": 4}) == 1


def test_sweeps_that_share_a_size_do_not_stand_in_each_others_way() -> None:
    for length in (2048, 4096):
        cascade = scores("m <= p", 1024, 1024).with_ranks(P=np.array([1024, length]))
        shares = share_of_tiles(cascade, "S", {"P": 1024, "M": 1024})
        assert shares.tolist() == [1, 1]
