"""Tiles that conditions leave, against enumeration."""

from itertools import product
from math import ceil
from random import Random

import numpy as np
import pytest

from accelsim.base.yamlfile import parse_yaml
from accelsim.workload import regions, tiles
from accelsim.workload.einsum import Cascade
from accelsim.workload.load import load_workload, read_workload
from accelsim.workload.tiles import share_of_tiles
from tests.workload.random_conditions import random_condition


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
    visited = {
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
    return sum(weight("P", i) * weight("M", j) for i, j in visited) / every


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


def test_blocks_of_64_and_2_global_ones_leave_22_of_64_tiles_of_64() -> None:
    # Two rows and two columns of 8 tiles, 28 in all, and 6 more on the diagonal.
    cascade = scores("p // 64 == m // 64 or p < 128 or m < 128", 512, 512)
    assert share_of_tiles(cascade, "S", {"P": 64, "M": 64}) == (28 + 6) / 64


def test_a_stride_of_512_reaches_every_second_tile_of_256() -> None:
    cascade = scores("(p - m) % 512 == 0", 2**20, 2**20)
    assert share_of_tiles(cascade, "S", {"P": 256, "M": 256}) == 1 / 2


def test_a_checkerboard_of_64_is_half_of_tiles_of_64_and_all_of_128() -> None:
    cascade = scores("(p // 64 + m // 64) % 2 == 0", 2**20, 2**20)
    assert share_of_tiles(cascade, "S", {"P": 64, "M": 64}) == 1 / 2
    assert share_of_tiles(cascade, "S", {"P": 128, "M": 128}) == 1


def test_blocks_and_tiles_that_share_no_factor_are_counted_exactly() -> None:
    # Tiles of 4 over blocks of 5: of 8 x 8 tiles, those whose blocks meet.
    share = share_of_tiles(scores("p // 5 == m // 5", 30, 30), "S", {"P": 4, "M": 4})
    assert share == by_enumeration(scores("p // 5 == m // 5", 30, 30), 4, 4, ())


def test_a_window_with_sinks_over_a_million_keys_has_its_diagonals_and_a_column() -> None:
    # Of 4096 x 4096 tiles of 256: two diagonals of the window, one column of sinks.
    cascade = scores("m <= p and (m < 4 or p - m < 256)", 2**20, 2**20)
    share = share_of_tiles(cascade, "S", {"P": 256, "M": 256})
    assert share == (4096 + 4095 + 4094) / 4096**2


def test_what_is_too_much_to_count_is_bounded_from_above(monkeypatch: pytest.MonkeyPatch) -> None:
    cascade = scores("p // 5 == m // 5 and m <= p", 30, 30)
    exact = share_of_tiles(cascade, "S", {"P": 4, "M": 4}, ("P",))
    tiles._share.cache_clear()
    tiles._weight.cache_clear()
    monkeypatch.setattr(regions, "MOST_STEPS", 12)
    bound = share_of_tiles(cascade, "S", {"P": 4, "M": 4}, ("P",))
    tiles._share.cache_clear()
    tiles._weight.cache_clear()
    assert exact < bound < 0.7


@pytest.mark.parametrize(
    ("size", "keys", "reaches"),
    [
        (1000, 100, {"M1": (1,), "M0": (1, 3, 23), "P": (171,)}),
        (1000, 341, {"M1": (1, 3, 57), "M0": (23,), "P": (1, 4, 128)}),
    ],
)
def test_tiles_of_odd_sizes_that_leave_too_many_remainders_are_counted_one_by_one(
    size: int, keys: int, reaches: dict[str, tuple[int, ...]]
) -> None:
    sizes = {f"ranks.{rank}": str(number) for rank, number in [("P", size), ("M", size)]}
    cascade = load_workload("attention/one_pass_causal", sizes).with_ranks(M0=keys)
    p, m = (index.ravel() for index in np.indices((size, size)))
    places = {"M1": m // keys, "M0": m % keys, "P": p}
    numbers = np.stack([_number(places[rank], own) for rank, own in reaches.items()])
    visited = len(np.unique(numbers[:, m <= p], axis=1).T)
    every = 1
    for rank, own in reaches.items():
        every *= len(np.unique(_number(np.arange(cascade.ranks[rank]), own)))
    assert share_of_tiles(cascade, "BQK", reaches) == pytest.approx(visited / every)


def _number(index: np.ndarray, reaches: tuple[int, ...]) -> np.ndarray:
    """Of the tile: (elements,), or (1, steps, elements)."""
    if len(reaches) == 1:
        return index // reaches[0]
    _, steps, elements = reaches
    return index // (steps * elements) * steps + index % steps


@pytest.mark.parametrize("seed", range(40))
def test_shares_under_any_condition_equal_enumeration(seed: int) -> None:
    random = Random(seed)
    for _ in range(5):
        p, m, tile_p, tile_m = (random.randint(1, n) for n in (20, 20, 7, 7))
        cascade = scores(f"{random_condition(random)} and m <= m + p", p, m)
        for weighed in ((), ("M", "P")):
            share = share_of_tiles(cascade, "S", {"P": tile_p, "M": tile_m}, weighed)
            assert share == pytest.approx(by_enumeration(cascade, tile_p, tile_m, weighed))


def test_a_tile_of_every_second_query_sees_keys_up_to_its_last() -> None:
    # Queries 0, 2, 4, 6 see 7 keys, queries 1, 3, 5, 7 see 8; queries 0 to 3 and 4 to 7, 4 and 8.
    cascade = scores("m <= p", 8, 8)
    assert share_of_tiles(cascade, "S", {"P": (1, 2, 4), "M": 1}) == 15 / 16
    assert share_of_tiles(cascade, "S", {"P": 4, "M": 1}) == 12 / 16


@pytest.mark.parametrize("seed", range(10))
def test_shares_of_cut_tiles_equal_enumeration(seed: int) -> None:
    random = Random(seed)
    for _ in range(5):
        p, m = random.randint(1, 20), random.randint(1, 20)
        elements, steps, again = (random.randint(1, 3) for _ in range(3))
        cascade = scores(f"{random_condition(random)} and m <= m + p", p, m)
        tile = [(q // (elements * steps * again), q // elements % steps) for q in range(p)]
        conditions = cascade.einsum("S").conditions
        visited = {
            (tile[query], key // 2)
            for query, key in product(range(p), range(m))
            if all(c.holds({"P": query, "M": key}, cascade.ranks) for c in conditions)
        }
        every = len(set(tile)) * ceil(m / 2)
        share = share_of_tiles(cascade, "S", {"P": (elements, steps, again), "M": 2})
        assert share == pytest.approx(len(visited) / every)


def test_a_ragged_partition_under_sinks_and_window_equals_enumeration() -> None:
    for keys, part, tile in ((10, 4, 2), (13, 5, 3), (9, 2, 2), (12, 4, 4)):
        text = f"""
word: 2 B
ranks: {{P: 11, M: {keys}, M0: {part}}}
inputs: {{Q: [P], K: [M]}}
cascade: |
  m -> m1, m0
  S[p,m1,m0] = Q[p] * K[m1,m0] where m1*M0 + m0 <= p and (m1*M0 + m0 < 2 or p - m1*M0 - m0 < 3)
"""
        cascade = read_workload(parse_yaml(text), "ragged")
        points = [(p, m) for p in range(11) for m in range(min(keys, p + 1)) if m < 2 or p - m < 3]
        visited = {(p // 2, m // part // tile, m % part) for p, m in points}
        every = 6 * ceil(ceil(keys / part) / tile) * part
        share = share_of_tiles(cascade, "S", {"P": 2, "M1": tile, "M0": 1})
        assert share == pytest.approx(len(visited) / every)


def test_sweeps_that_share_a_size_do_not_stand_in_each_others_way() -> None:
    for length in (2048, 4096):
        cascade = scores("m <= p", 1024, 1024).with_ranks(P=np.array([1024, length]))
        shares = share_of_tiles(cascade, "S", {"P": 1024, "M": 1024})
        assert shares.tolist() == [1, 1]
