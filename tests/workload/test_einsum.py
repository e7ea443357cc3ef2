import pytest

from accelsim.base.errors import WorkloadError
from accelsim.workload.einsum import Constant
from accelsim.workload.parse import parse_einsum


def test_a_product_under_plus_is_one_mac_a_point():
    assert parse_einsum("QK[p,m] += Q[p,e] * K[m,e]").operations == {"mac": 1}


def test_a_product_of_three_is_a_multiplication_and_a_mac():
    assert parse_einsum("Z[p] += A[p,e] * B[e] * C[e]").operations == {"mac": 1, "mul": 1}


def test_a_sum_over_an_exponential_is_an_exponential_and_an_addition():
    assert parse_einsum("Z[p] += exp(A[p,e])").operations == {"exp": 1, "add": 1}


def test_a_maximum_over_plain_values_is_one_max():
    assert parse_einsum("GM[p] max= QK[p,m]").operations == {"max": 1}


def test_a_map_counts_each_of_its_operations():
    einsum = parse_einsum("A[p] = (X[p] - Y[p]) * rsqrt(V[p] + 1e-5) - exp(-Y[p]) / X[p]")
    assert einsum.operations == {
        "sub": 2,
        "mul": 1,
        "rsqrt": 1,
        "add": 1,
        "div": 1,
        "exp": 1,
        "neg": 1,
    }


def test_the_ranks_are_the_outputs_then_those_of_the_right_in_order():
    einsum = parse_einsum("AV[p,f] += A[p,m] * V[m,f]")
    assert einsum.ranks == ("P", "F", "M")
    assert einsum.reduced_ranks == ("M",)


def test_a_tensor_read_twice_at_one_place_is_read_once_and_at_two_places_twice():
    einsum = parse_einsum("Z[p] = X[p] * X[p] + X[p-1]")
    assert [str(access) for access in einsum.reads] == ["X[p]", "X[p-1]"]


def test_minus_infinity_is_a_number_and_costs_nothing():
    einsum = parse_einsum("Z[p] = max(X[p], -inf)")
    assert einsum.expression.args[1] == Constant(float("-inf"))
    assert einsum.operations == {"max": 1}


def test_k_over_m_accessed_by_tiles_is_at_m1_times_m0_plus_m0(cascade_of):
    cascade = cascade_of(
        "m -> m1, m0\nZ[m1,m0] = K[m1,m0] * 2", "{M: 10, M0: 4}", inputs="{K: [M]}"
    )
    (access,) = cascade.einsum("Z").reads
    (position,) = cascade.positions(access)
    assert str(position) == "m1*M0 + m0"
    assert position.value({"M1": 2, "M0": 1}, cascade.ranks) == 9


def test_ten_keys_in_tiles_of_four_make_three_tiles_and_follow_every_change(cascade_of):
    cascade = cascade_of(
        "m -> m1, m0\nZ[m1,m0] = K[m1,m0] * 2", "{M: 10, M0: 4}", inputs="{K: [M]}"
    )
    assert cascade.ranks["M1"] == 3
    assert cascade.with_ranks(M=100).ranks["M1"] == 25
    assert cascade.with_ranks(M0=1).ranks["M1"] == 10


def test_inputs_are_what_nobody_produces_and_outputs_what_no_other_einsum_reads(cascade_of):
    cascade = cascade_of(
        "R[0] = 0\nY[p] = X[p] * 2\nR[p+1] = R[p] + Y[p]", "{P: 4}", inputs="{X: [P]}"
    )
    assert cascade.inputs == ("X",)
    assert cascade.outputs == ("R",)
    assert cascade.iterative_ranks("R") == ("P",)


def test_a_declared_output_is_one_although_it_is_read(cascade_of):
    cascade = cascade_of(
        "Y[p] = X[p] * 2\nZ[p] = Y[p] + 1", "{P: 4}", "{X: [P]}", more="outputs: {Y: [P]}\n"
    )
    assert cascade.outputs == ("Y", "Z")


def test_the_text_of_a_cascade_reads_back_as_the_same_cascade(cascade_of):
    text = "m -> m1, m0\nR[0] = -inf\nL[m1] max= X[m1,m0]\nR[m1+1] = max(R[m1], L[m1])"
    assert str(cascade_of(text, "{M: 10, M0: 4}", "{X: [M]}")) == text


def test_an_unknown_einsum_is_named_with_the_nearest_one(cascade_of):
    cascade = cascade_of("SLNV[p] = X[p] * 2", "{P: 4}", inputs="{X: [P]}")
    with pytest.raises(WorkloadError) as error:
        cascade.einsum("SNLV")
    assert str(error.value) == "w.yaml:1: w has no Einsum 'SNLV'. Did you mean 'SLNV'?"


def test_an_unknown_rank_is_named_with_those_there_are(cascade_of):
    cascade = cascade_of("Z[p] = X[p] * 2", "{P: 4}", inputs="{X: [P]}")
    with pytest.raises(WorkloadError) as error:
        cascade.with_ranks(Q=3)
    assert str(error.value) == "w.yaml:1: w has no rank 'Q'. Its ranks are P"
