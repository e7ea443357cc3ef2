from dataclasses import replace

import numpy as np
import pytest

from accelsim.workload.counts import counts, einsum_counts
from accelsim.workload.extent import elements_touched, iteration_points, tensor_elements
from accelsim.workload.load import load_workload


def small(name, **sizes):
    return load_workload(name).with_ranks(B=1, H=1, **sizes)


def test_a_product_of_2_by_3_and_3_by_4_takes_24_macs_and_52_bytes(cascade_of):
    cascade = cascade_of(
        "Z[m,n] += A[k,m] * B[k,n]", "{M: 2, N: 4, K: 3}", "{A: [K, M], B: [K, N]}"
    )
    found = counts(cascade)
    assert found.operations == {"mac": 24}
    assert found.compulsory_bytes == 2 * (6 + 12 + 8)
    assert found.intensity == 48 / 52


def test_three_pass_over_4_queries_and_6_keys_counts_each_score_once_per_operation():
    # 24 scores; E = F = 2: two products of 48 macs.
    found = counts(small("three_pass", P=4, M=6, E=2, F=2))
    assert found.operations == {"mac": 96, "max": 24, "exp": 24, "sub": 24, "add": 24, "div": 24}
    assert found.by_class == {
        "mac": 96, "compare": 24, "transcendental": 24, "add": 48, "divide": 24
    }  # fmt: skip
    assert found.flop == 2 * 96 + 5 * 24


def test_numbers_and_sizes_alone_are_computed_before_anything_runs(cascade_of):
    cascade = cascade_of(
        "Y[m,e] = X[m,e] / sqrt(E) * (2 - log(1 / M))", "{M: 4, E: 6}", "{X: [M, E]}"
    )
    assert counts(cascade).operations == {"mul": 4 * 6, "div": 4 * 6}


def test_deferring_the_division_takes_p_times_f_divisions():
    assert counts(small("deferred_division", P=4, M=6, E=2, F=2)).operations["div"] == 4 * 2


def test_a_cascade_moves_its_ends_and_an_einsum_by_itself_its_intermediates_too():
    cascade = small("three_pass", P=4, M=6, E=2, F=2)
    assert counts(cascade).read_bytes == 2 * (4 * 2 + 6 * 2 + 6 * 2)
    assert counts(cascade).written_bytes == 2 * (4 * 2)
    assert einsum_counts(cascade, "GM").compulsory_bytes == 2 * (4 * 6 + 4)


def test_causal_scores_are_p_times_p_plus_1_over_2():
    cascade = small("three_pass_causal", P=4, M=4, E=2, F=2)
    assert tensor_elements(cascade, "QK") == 10
    assert iteration_points(cascade, "QK") == 20
    assert counts(cascade).operations["exp"] == 10


def test_two_queries_never_touch_the_third_and_later_keys():
    cascade = small("three_pass_causal", P=2, M=10, E=1, F=1)
    assert elements_touched(cascade, "K") == 2
    assert tensor_elements(cascade, "K") == 10
    assert counts(cascade).read_bytes == 2 * (2 + 2 + 2)


def test_one_pass_in_ragged_tiles_has_the_macs_of_three_pass():
    # 10 keys in tiles of 4: the last tile holds 2.
    tiled = counts(small("one_pass", P=3, M=10, M0=4, E=2, F=2))
    assert tiled.operations["mac"] == 2 * (3 * 10 * 2)
    assert tiled.operations["div"] == 3 * 2


def test_one_pass_corrects_denominator_and_numerator_once_a_tile():
    cascade = small("one_pass", P=3, M=8, M0=4, E=2, F=2)
    assert einsum_counts(cascade, "SPD").operations == {"mul": 3 * 2}
    assert einsum_counts(cascade, "SPNV").operations == {"mul": 3 * 2 * 2}
    assert einsum_counts(cascade, "RD").written_bytes == 2 * (3 * 2)


def test_causal_one_pass_skips_tiles_that_no_query_sees():
    # 8 queries, tiles of 4: queries 0-3 take 1 step, 4-7 take 2.
    cascade = small("one_pass_causal", P=8, M=8, M0=4, E=1, F=1)
    assert iteration_points(cascade, "RM") == 12
    assert iteration_points(cascade, "BQK") == 36
    assert tensor_elements(cascade, "AV") == 8


def test_a_word_of_four_bytes_counts_four():
    found = einsum_counts(small("flash_attention_2", P=4, M=8, M0=4, E=1, F=1), "L")
    assert found.written_bytes == 4 * 4
    assert found.read_bytes == 2 * (4 + 4)


def test_a_running_value_reads_its_operands_but_not_itself():
    found = einsum_counts(small("one_pass", P=3, M=8, M0=4, E=2, F=2), "RM")
    assert found.read_bytes == 2 * (3 * 2)
    assert found.written_bytes == 2 * (3 * 2)


@pytest.mark.parametrize("name", ["three_pass_causal", "two_pass_causal", "one_pass_causal"])
def test_a_billion_queries_and_keys_have_half_a_square_of_scores(name):
    found = counts(small(name, P=2**30, M=2**30))
    scores = 2**30 * (2**30 + 1) // 2
    assert found.operations["mac"] == 2 * 64 * scores


def test_a_shift_out_of_its_rank_has_no_point_although_a_running_value_has(cascade_of):
    cascade = cascade_of("R[0] = 0\nY[p] = X[p+1] * 2\nR[p+1] = R[p] + X[p]", "{P: 4}", "{X: [P]}")
    assert iteration_points(cascade, "Y") == 3
    assert iteration_points(cascade, "R") == 4


def test_outer_tiles_of_ragged_tiles_are_those_that_begin_inside(cascade_of):
    # 10 keys: 5 tiles of 2, in 3 groups of 2; the last group holds one tile.
    cascade = cascade_of(
        "m -> m2, m1, m0\nL[m2,m1] max= X[m2,m1,m0]\nG[m2] max= L[m2,m1]",
        "{M: 10, M1: 2, M0: 2}",
        "{X: [M]}",
    )
    assert [iteration_points(cascade, name) for name in ("L", "G")] == [10, 5]


def test_a_window_that_begins_behind_the_last_query_has_no_point_and_no_intensity(cascade_of):
    cascade = cascade_of(
        "S[p,m] = Q[p] * K[m] where p - m >= W", "{P: 4, M: 4, W: 9}", "{Q: [P], K: [M]}"
    )
    assert iteration_points(cascade, "S") == 0
    assert counts(cascade).intensity == 0


def test_ranks_in_an_array_give_counts_in_an_array():
    cascade = small("three_pass_causal", P=np.array([1, 2, 3]), M=np.array([1, 2, 3]))
    assert iteration_points(cascade, "SN").tolist() == [1, 3, 6]
    assert counts(cascade).operations["exp"].tolist() == [1, 3, 6]


def test_sweeps_that_share_a_size_do_not_stand_in_each_others_way():
    # Causal scores: 1 + 2 + ... + P.
    for lengths, words in (([1, 2], [1, 2]), ([1, 3], [1, 4]), ([1, 2, 4], [1, 2, 4])):
        cascade = small("three_pass_causal", P=np.array(lengths), M=np.array(lengths), E=1)
        tensors = {n: t._replace(word_bytes=np.array(words)) for n, t in cascade.tensors.items()}
        points = iteration_points(replace(cascade, tensors=tensors), "QK")
        assert points.tolist() == [length * (length + 1) / 2 for length in lengths]
