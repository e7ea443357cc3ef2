"""The bound of products: on paper, against every order of a tiny product, against schedules counted
word by word, and below every mapping that is found."""

from itertools import product as every
from math import inf, sqrt

import pytest

from accelsim.arch.load import load_arch
from accelsim.arch.spatial import with_values
from accelsim.mapper.find import find_mapping
from accelsim.mapper.question import Budget
from accelsim.study.buffer import in_step, on_chip_bytes
from accelsim.study.least_traffic import least_traffic_bytes
from accelsim.study.product_traffic import Product, product_bytes, products, products_bytes
from accelsim.workload.counts import counts
from accelsim.workload.load import load_workload

GEMM = """
about: A product.
source: by hand
word: 1 B
ranks: {{M: {m}, N: {n}, K: {k}}}
inputs: {{A: [M, K], B: [K, N]}}
cascade: |
  C[m,n] += A[m,k] * B[k,n]
"""


@pytest.fixture
def gemm(tmp_path):
    def load(m, n, k, then=""):
        file = tmp_path / f"gemm_{m}_{n}_{k}_{len(then)}.yaml"
        file.write_text(GEMM.format(m=m, n=n, k=k) + then, encoding="utf-8")
        return load_workload(str(file))

    return load


def test_a_product_on_paper(gemm):
    """1024 cubed with 4096 words: 2 * 2^30 / 64 - 2 * 4096, in words of a byte."""
    cascade = gemm(1024, 1024, 1024)
    (found,) = products(cascade)
    assert (found.points, found.result_words, found.is_output) == (2**30, 2**20, True)
    assert product_bytes(found, 4096) == pytest.approx(2**31 / 64 - 8192)
    assert least_traffic_bytes(cascade, 4096) == pytest.approx(2**31 / 64 - 8192)
    # Where all fits, what moves once.
    assert least_traffic_bytes(cascade, 2**30) == 3 * 2**20
    # What 1000 PEs hold makes the room larger.
    assert product_bytes(found, 4096, 1000) == pytest.approx(2**31 / sqrt(7096) - 2 * 7096)


def test_a_result_that_is_used_on_the_chip_may_stay_there(gemm):
    """Of 4096 x 4096 scores over 16, S = 4096: t = S gives V / F = 2^28 / (2^20 + 2^12
    sqrt(3 * 2^12)) phases of 4096 words; the product itself is not written."""
    cascade = gemm(4096, 4096, 16, "  D[m] max= C[m,n]\n")
    (found,) = products(cascade)
    assert not found.is_output and found.ends_bytes == 2 * 4096 * 16
    by_hand = 4096 * (2**28 / (8192**2 / 64 + 4096 * sqrt(3 * 4096)) - 1)
    assert product_bytes(found, 4096) >= by_hand > 5 * found.ends_bytes
    # (2): 2 V / sqrt(S) - 2 S - |Z| would say nothing here.
    assert 2**29 / 64 - 8192 - 2**24 < 0


def test_products_with_a_tensor_in_common_do_not_add_up(gemm):
    both = load_workload("attention/three_pass", {"ranks.P": "65536", "ranks.M": "65536"})
    (scores,) = products(both)
    assert scores.tensors == ("Q", "K", "QK")
    layers = load_workload("transformer/linear_layers", shape="bert")
    shared = [each for each in products(layers) if "X" in each.tensors]
    beyond = [product_bytes(each, 2**17) - each.ends_bytes for each in products(layers)]
    assert len(shared) == 3
    apart = max(beyond[:3]) + max(0, beyond[3])
    assert products_bytes(layers, 2**17) == pytest.approx(apart)


@pytest.mark.parametrize("name", ["attention/three_pass_causal", "attention/sliding_window_sinks"])
def test_masks_and_windows_are_left_out(name):
    assert products(load_workload(name)) == []


def test_a_sum_over_tiles_is_left_out_for_a_mapping_may_choose_the_tiles(tmp_path):
    """With tiles of one m, a row of A and one of B come, 32 words each, and 1024 sums are used one
    by one: 64 * 64 words and the result, on a chip with room for 100."""
    file = tmp_path / "tiles.yaml"
    file.write_text(
        """
about: The largest sum over a tile.
source: by hand
word: 1 B
ranks: {M: 64, M0: 64, I: 32, J: 32}
inputs: {A: [M, I], B: [M, J]}
cascade: |
  m -> m1, m0
  C[m1,i,j] += A[m1,m0,i] * B[m1,m0,j]
  D[] max= C[m1,i,j]
""",
        encoding="utf-8",
    )
    assert least_traffic_bytes(load_workload(str(file)), 100) == 64 * 64 + 1


def test_scores_of_tiles_are_a_product_whatever_the_tiles():
    (scores,) = products(load_workload("attention/one_pass"))
    assert scores.tensors == ("Q", "K", "BQK")


def test_no_bound_but_the_ends_where_a_memory_on_the_chip_is_unbounded(gemm, small):
    big = small.model_copy(update={"memories": (*small.memories, small.memories[0])})
    assert on_chip_bytes(big) == inf
    cascade = gemm(64, 64, 64)
    assert least_traffic_bytes(cascade, on_chip_bytes(big)) == 3 * 64 * 64


# --- every order of a tiny product ----------------------------------------------------------------


def fewest_moves(m, n, k, room, *, is_output):
    """Words that move, by a search for the cheapest way over what is held, what is multiplied and
    which sums are as they lie outside. Multiplying and beginning a sum cost nothing."""
    left = [("x", i, p) for i, p in every(range(m), range(k))]
    right = [("y", p, j) for p, j in every(range(k), range(n))]
    sums = [("z", i, j) for i, j in every(range(m), range(n))]
    words = {word: 1 << place for place, word in enumerate([*left, *right, *sums])}
    points = list(every(range(m), range(n), range(k)))
    needs = [words["x", i, p] | words["y", p, j] | words["z", i, j] for i, j, p in points]
    of_sum = {words["z", i, j]: sum(1 << t for t, q in enumerate(points) if q[:2] == (i, j))
              for i, j in every(range(m), range(n))}  # fmt: skip
    whole = (1 << len(points)) - 1

    def multiplied(held, done, fresh):
        for place, need in enumerate(needs):
            if not done >> place & 1 and held & need == need:
                done |= 1 << place
                fresh &= ~need
        return done, fresh

    level, seen, cost = {(0, 0, 0)}, set(), 0
    while True:
        following = set()
        while level:
            state = level.pop()
            if state in seen:
                continue
            seen.add(state)
            held, done, fresh = state
            if done == whole and (not is_output or all(w & fresh for w in of_sum)):
                return cost
            for word in words.values():
                is_sum = word in of_sum
                begun = is_sum and done & of_sum[word]
                if held & word:
                    kept = is_sum and begun and not word & fresh
                    if kept and (is_output or done & of_sum[word] != of_sum[word]):
                        following.add((held, done, fresh | word))
                    else:
                        level.add((held & ~word, done, fresh))
                elif held.bit_count() < room and not (
                    is_sum and done & of_sum[word] == of_sum[word]
                ):
                    to = following if not is_sum or begun else level
                    to.add((held | word, *multiplied(held | word, done, fresh)))
        level, cost = following, cost + 1


@pytest.mark.parametrize("is_output", [True, False])
@pytest.mark.parametrize(
    ("m", "n", "k", "room"), [(2, 2, 2, 3), (3, 2, 1, 3), (3, 2, 1, 4), (2, 2, 1, 5)]
)
def test_no_order_of_a_tiny_product_moves_less(m, n, k, room, is_output):
    ends = m * k + k * n + (m * n if is_output else 0)
    tiny = Product(("X", "Y", "Z"), m * n * k, m * n, is_output, 1.0, ends)
    fewest = fewest_moves(m, n, k, room, is_output=is_output)
    assert fewest >= max(ends, product_bytes(tiny, room))


def test_the_search_finds_what_is_known():
    """With room for all, each word moves once; a 2 x 2 outer product in 3 words: with a row held,
    each column comes and each sum goes, 2 + 2 + 4, and one column comes again or stays: 7 reads or
    less."""
    assert fewest_moves(2, 2, 1, 8, is_output=True) == 8
    assert fewest_moves(2, 2, 1, 8, is_output=False) == 4
    assert fewest_moves(2, 2, 1, 3, is_output=True) == 2 + 2 + 4 + 1


# --- schedules, word by word ----------------------------------------------------------------------


def test_the_best_known_schedule_is_near_above(gemm):
    """Tiles of a x a sums stay while columns and rows pass: a^2 + 2 a words, 2 V / a + |Z|."""
    size, tile = 60, 6
    room = tile**2 + 2 * tile
    moved = 0
    for _ in every(range(size // tile), repeat=2):
        for _ in range(size):
            moved += 2 * tile
        moved += tile**2
    (found,) = products(gemm(size, size, size))
    assert found.ends_bytes < product_bytes(found, room) < moved < 1.3 * product_bytes(found, room)


def test_scores_on_the_chip_move_no_less_than_the_bound(gemm):
    """Rows of X stay while those of Y pass, a score is made and used at once: P M E^2 / S + P E."""
    rows, inner, held = 2048, 8, 63
    room = held * inner + inner + 1
    moved = rows * inner + -(-rows // held) * rows * inner
    (found,) = products(gemm(rows, rows, inner, "  D[m] max= C[m,n]\n"))
    assert found.ends_bytes < product_bytes(found, room) < moved


# --- mappings -------------------------------------------------------------------------------------


@pytest.mark.parametrize("capacity", [64, 128, 256, 1024])
@pytest.mark.parametrize(
    ("minimise", "strategy"), [("energy", "exact"), ("traffic.DRAM", "annealing")]
)
def test_no_mapping_of_a_product_moves_less(gemm, small, capacity, minimise, strategy):
    """The exact search is through all mappings; of this machine, energy is what DRAM moves. At the
    smallest sizes the bound is above what moves once."""
    cascade, arch = gemm(32, 32, 32), with_values(small, {"memories.Buffer.capacity": capacity})
    budget = Budget(candidates=2000)
    found = find_mapping(cascade, arch, minimise, strategies=(strategy,), budget=budget)
    bound = least_traffic_bytes(cascade, on_chip_bytes(arch), in_step(arch))
    assert found.cost.traffic_bytes["DRAM"] >= bound
    if capacity <= 128:
        assert bound > 1.4 * counts(cascade).compulsory_bytes


def test_no_mapping_of_attention_moves_less():
    cascade = load_workload("attention/one_pass", {"ranks.P": "65536", "ranks.M": "65536"})
    arch = with_values(load_arch("flat_cloud"), {"memories.GlobalBuffer.capacity": 2**17})
    bound = least_traffic_bytes(cascade, on_chip_bytes(arch), in_step(arch))
    found = find_mapping(cascade, arch, "traffic.DRAM", strategies=("rules",))
    assert found.cost.traffic_bytes["DRAM"] >= bound > counts(cascade).compulsory_bytes


@pytest.fixture
def small(tmp_path):
    file = tmp_path / "small.yaml"
    file.write_text(
        """
about: 2 x 2 PEs under a small buffer.
clock: 1 GHz
source: made up
memories:
- {name: DRAM, bandwidth: 8 B/cycle, read: 30 pJ/B, write: 30 pJ/B, source: made up}
- {name: Buffer, capacity: 1 KiB, bandwidth: 64 B/cycle, read: 0 pJ/B, write: 0 pJ/B, source: it}
compute:
- {name: Array, rows: 2, columns: 2, operations: {mac: {energy: 1 pJ}}, source: made up}
""",
        encoding="utf-8",
    )
    return load_arch(str(file))
