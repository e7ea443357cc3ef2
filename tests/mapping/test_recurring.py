"""Einsums that must take turns, and the ranks whose loops may stand around them."""

from accelsim.mapping.recurring import Group, groups
from accelsim.workload.load import load_workload


def test_without_running_values_every_einsum_is_by_itself():
    found = groups(load_workload("attention/three_pass"))
    assert found == tuple(Group((name,)) for name in ("QK", "GM", "SN", "SD", "A", "AV"))


def test_one_pass_attention_takes_three_kinds_of_turns_over_its_tiles_of_keys():
    stepped = [group for group in groups(load_workload("attention/one_pass")) if group.stepped]
    assert stepped == [
        Group(("RM",), ("M1",), ("B", "H", "P")),
        Group(("SPD", "RD"), ("M1",), ("B", "H", "P")),
        Group(("SPNV", "RNV"), ("M1",), ("B", "H", "P", "F")),
    ]


def test_readers_of_a_running_value_do_not_take_turns_with_it(cascade_of):
    text = "C[0] = 0\nC[m+1] = C[m] + X[m]\nY[m] = C[m+1] * X[m]"
    cascade = cascade_of(text, "{M: 4}", "{X: [M]}")
    assert groups(cascade) == (Group(("C",), ("M",), ()), Group(("Y",)))


def test_a_rank_that_one_reads_by_another_index_is_not_shared(cascade_of):
    text = """
    H[b,0,n] = 0
    Z[b,t,n] += W[n,k] * H[b,t,k]
    H[b,t+1,n] = max(Z[b,t,n], X[b,t,n])
    """
    inputs = "{W: [N, K], X: [B, T, N]}"
    cascade = cascade_of(text, "{B: 2, T: 3, N: 4, K: N}", inputs)
    assert groups(cascade) == (Group(("Z", "H"), ("T",), ("B",)),)


def test_a_value_over_two_ranks_is_stepped_over_both(cascade_of):
    text = "D[0,j] = 0\nD[i,0] = 0\nD[i+1,j+1] = max(D[i,j+1], D[i+1,j]) + X[i,j]"
    cascade = cascade_of(text, "{I: 2, J: 3}", "{X: [I, J]}")
    assert groups(cascade) == (Group(("D",), ("I", "J"), ()),)
