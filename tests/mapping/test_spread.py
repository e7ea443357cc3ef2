"""Which ranks lie on which axis, with factors one can check by hand."""

import pytest

from accelsim.base.errors import MappingError
from accelsim.mapping.spread import (
    even_part,
    fastest_spread,
    largest_divisor,
    refuse_impossible,
)

WIDE = {
    "rows: 4": "rows: 256",
    "columns: 8\n  operations: {mac": "columns: 256\n  operations: {mac",
}


def spread_of(cascade, arch, name="Z", sizes=None, whole=()):
    einsum = cascade.einsum(name)
    sizes = sizes or {rank: cascade.ranks[rank] for rank in einsum.ranks}
    return fastest_spread(einsum, arch, sizes, frozenset(whole))


def test_1000_on_256_columns_are_4_rounds_of_250():
    assert even_part(1000, 256) == 250


def test_the_most_of_1000_that_divides_it_and_fits_256_is_250():
    assert largest_divisor(1000, 256) == 250
    assert largest_divisor(127, 64) == 1


def test_64_features_leave_room_for_4_of_12_heads_beside_them(cascade_of, toy):
    text = "Z[h,p,e] += X[p,d] * Y[h,d,e]"
    ranks = "{H: 12, P: 4096, D: 768, E: 64}"
    cascade = cascade_of(text, ranks, "{X: [P, D], Y: [H, D, E]}")
    found = spread_of(cascade, toy(**WIDE))
    assert found.columns == {"P": 256}
    assert found.rows == {"E": 64, "H": 4}


def test_ranks_that_an_operand_lacks_come_before_a_batch(cascade_of, toy):
    cascade = cascade_of(
        "Z[b,m,n] += X[b,m,k] * Y[b,k,n]",
        "{B: 256, M: 64, N: 64, K: 8}",
        "{X: [B, M, K], Y: [B, K, N]}",
    )
    found = spread_of(cascade, toy(**WIDE))
    assert found.columns == {"M": 64, "N": 4}
    assert found.rows == {"N": 16, "B": 16}


def test_of_two_tiles_of_keys_and_queries_the_axes_get_one_each(cascade_of, toy):
    # Keys in tiles of M0: K has both M1 and M0, Q neither.
    cascade = cascade_of(
        "Z[m1,m0,p] += Q[p,e] * K[m1,m0,e]",
        "{M1: 256, M0: 256, P: 256, E: 8}",
        "{Q: [P, E], K: [M1, M0, E]}",
    )
    found = spread_of(cascade, toy(**WIDE))
    assert (found.columns, found.rows) == ({"M1": 256}, {"P": 256})


def test_a_sum_spreads_only_where_outputs_leave_room(cascade_of, toy):
    cascade = cascade_of("Z[m] += X[m,k] * Y[k]", "{M: 8, K: 100}", "{X: [M, K], Y: [K]}")
    found = spread_of(cascade, toy())
    assert (found.columns, found.rows) == ({"M": 8}, {"K": 4})


def test_one_rank_alone_fills_both_axes(cascade_of, toy):
    found = spread_of(cascade_of("Z[p] = X[p] * X[p]", "{P: 64}", "{X: [P]}"), toy())
    assert (found.columns, found.rows) == ({"P": 8}, {"P": 4})
    assert found.factor("P") == 32


def test_factors_of_whole_ranks_divide_their_size(cascade_of, toy):
    cascade = cascade_of("Z[p] = X[p] * X[p]", "{P: 21}", "{X: [P]}")
    assert spread_of(cascade, toy(), sizes={"P": 21}).columns == {"P": 7}
    assert spread_of(cascade, toy(), sizes={"P": 20}).columns == {"P": 7}
    assert spread_of(cascade, toy(), sizes={"P": 20}, whole=["P"]).columns == {"P": 5}


def test_the_array_with_more_processing_elements_takes_what_both_can_do(product, toy):
    assert spread_of(product(), toy()).array == "Array"
    assert spread_of(product(m=1, n=8, k=64), toy(**{"rows: 4": "rows: 1"})).array == "Array"
    assert (
        spread_of(
            product(m=1, n=8, k=1), toy(**{"{mac: {energy": "{mac: {cycles: 2, energy"})
        ).array
        == "Lanes"
    )


def test_a_machine_that_can_do_everything_is_not_refused(product, toy):
    assert refuse_impossible(product(), toy()) is None


def test_an_operation_that_lacks_everywhere_is_named_with_its_einsum(cascade_of, toy):
    cascade = cascade_of("Z[p] = relu(X[p])", "{P: 4}", "{X: [P]}")
    with pytest.raises(
        MappingError, match="\n  Z: Array cannot do 'relu'; Lanes cannot do 'relu'$"
    ):
        refuse_impossible(cascade, toy())
