"""What a kernel may compute: grids, passes, what is held, loops that stay together."""

from dataclasses import replace

import pytest

from accelsim.mapping.fusion import fusion, part_of, stepwise, units
from accelsim.mapping.in_place import added_into, is_in_place
from accelsim.workload.budget import budgeted
from accelsim.workload.load import load_workload
from accelsim.workload.passes import einsums_by_pass


@pytest.fixture
def whole():
    def of(name, *names, **ranks):
        cascade = load_workload(name, {f"ranks.{rank}": str(size) for rank, size in ranks.items()})
        groups = units(cascade)
        chosen = [g for g in groups if not names or set(g.einsums) & set(names)]
        return fusion(cascade, tuple(chosen))

    return of


def test_one_pass_attention_is_one_kernel_that_steps_over_tiles_of_keys(whole):
    found = whole("attention/one_pass")
    assert (found.grid, found.main, found.held) == (("B", "H", "P"), ("M1",), frozenset())
    assert [str(access) for access in found.reads] == [
        "Q[b,h,p,e]",
        "K[b,h,m1,m0,e]",
        "V[b,h,m1,m0,f]",
    ]
    assert found.written == ("AV",)


def test_three_passes_over_the_keys_hold_the_scores(whole):
    found = whole("attention/three_pass")
    assert found.main == ("M",) and {"QK", "SN"} <= found.held
    assert not {"K", "V", "Q"} & found.held


def test_a_first_pass_holds_nothing_and_writes_what_the_second_reads(whole):
    found = whole("attention/three_pass", "QK", "GM")
    assert found.held == frozenset() and found.written == ("QK", "GM")


def test_blocks_share_no_sums(whole):
    # AV has no E, so that E is no rank of the grid; what P and M divide depends on the Einsums.
    assert whole("attention/three_pass", "QK").grid == ("B", "H", "P", "M")
    assert whole("attention/three_pass", "QK", "GM").grid == ("B", "H", "P")
    assert whole("transformer/encoder_layer", "K", "QK").grid == ("B", "H", "M")


def test_a_rank_that_is_cut_by_some_only_is_no_kernel(cascade_of):
    text = "m -> m1, m0\nA[m] = X[m]\nB[m1] += A[m1,m0]"
    cascade = cascade_of(text, "{M: 8, M0: 2}", "{X: [M]}")
    assert fusion(cascade, units(cascade)) is None


def test_a_shifted_read_of_an_intermediate_holds_it(cascade_of):
    text = "A[p,m] = X[p,m] * X[p,m]\nB[p,m] += A[p,m - w] * K[w]"
    cascade = cascade_of(text, "{P: 4, M: 8, W: 3}", "{X: [P, M], K: [W]}")
    found = fusion(cascade, units(cascade))
    assert found.grid == ("P",) and found.main == ("M",) and found.held == {"A"}


def test_units_are_in_the_order_of_the_text_and_loops_stay_together():
    groups = [group.einsums for group in units(load_workload("attention/one_pass"))]
    assert groups[:3] == [("BQK",), ("LM",), ("RM",)]
    assert ("SPD", "RD") in groups and groups[-1] == ("AV",)


def test_a_loop_step_by_step_is_launched_as_often_as_there_are_steps(cascade_of):
    text = "H[0,n] = 0\nZ[t,n] += W[n,k] * H[t,k]\nH[t+1,n] = tanh(Z[t,n])\nY[n] = H[T,n]"
    cascade = cascade_of(text, "{T: 7, N: 8, K: N}", "{W: [N, K]}")
    loop = units(cascade)[0]
    found = stepwise(cascade, loop)
    assert [each.einsums for each in found] == [("Z",), ("H",)]
    assert all(each.launches == 7 and each.cascade.ranks["T"] == 1 for each in found)
    assert "H" in {access.tensor for access in found[0].reads}


def test_exponentials_take_the_place_of_scores_and_products_are_added_into_the_result(whole):
    found = whole("attention/one_pass")
    einsum = found.cascade.einsum
    assert is_in_place(found, einsum("SLN")) and is_in_place(found, einsum("SPNV"))
    assert not is_in_place(found, einsum("BQK"))
    assert added_into(found, einsum("SLNV")) == einsum("RNV")
    assert added_into(found, einsum("BQK")) is None


@pytest.mark.parametrize(
    "name", ["attention/one_pass_causal", "recurrent/rwkv_6", "retrieval/sea", "linear/lara"]
)
def test_what_is_kept_for_all_sizes_is_the_same_at_all_sizes(name):
    """Which pass each Einsum of each run of units is in, at the workload's size and at all 1."""
    cascade = budgeted(load_workload(name))
    ones = replace(cascade, ranks=dict.fromkeys(cascade.ranks, 1), declared={})
    groups = units(cascade)
    for last in range(1, len(groups) + 1, 3):
        names = tuple(name for group in groups[:last] for name in group.einsums)
        here, there = part_of(cascade, names), part_of(ones, names)
        for rank in {rank for einsum in here.einsums for rank in einsum.ranks}:
            assert einsums_by_pass(here, rank) == einsums_by_pass(there, rank)
