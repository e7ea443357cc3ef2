"""Expressions of a mapping become numbers, for one workload on one machine."""

import numpy as np
import pytest

from accelsim.arch.load import load_arch
from accelsim.arch.spatial import with_values
from accelsim.base.errors import ArchError, ExpressionError, MappingError
from accelsim.mapping.binding import bind
from accelsim.mapping.check import check
from accelsim.mapping.load import load_mapping, select
from accelsim.mapping.loops import Loop, Storage
from accelsim.workload.load import load_workload


def refusal(mapping, cascade, arch, error=MappingError):
    with pytest.raises(error) as caught:
        bind(mapping, cascade, arch)
    return str(caught.value)


def test_loops_come_level_by_level_and_inside_an_axis_before_the_levels_own(
    mapping_of, product, toy
):
    bound = bind(mapping_of(), product(m=10, n=20, k=5), toy())
    assert bound.nests["Z"].loops == (
        Loop("M", 5),
        Loop("N", 3),
        Loop("K", 5),
        Loop("N", 8, "columns"),
        Loop("M", 2, "rows"),
    )


def test_a_storage_stands_outside_the_loops_of_its_level(mapping_of, product, toy):
    bound = bind(mapping_of(), product(m=10, n=20, k=5), toy())
    all_three = frozenset({"X", "Y", "Z"})
    assert bound.nests["Z"].storages == (
        Storage("DRAM", all_three, 0),
        Storage("Buffer", all_three, 2),
        Storage("Registers", all_three, 5),
    )


def test_tiles_are_computed_in_order_each_over_those_before(mapping_of, product, toy):
    assert bind(mapping_of(), product(n=20), toy()).tiles == {"N0": 8, "N1": 3}


def test_a_factor_of_1_is_no_loop(mapping_of, product, toy):
    bound = bind(mapping_of(), product(m=2, n=8, k=1), toy())
    assert [loop.rank for loop in bound.nests["Z"].loops] == ["N", "M"]


def test_an_einsum_leaves_out_ranks_and_tensors_it_does_not_have(mapping_of, cascade_of, toy):
    text = "Z[m,n] += X[m,k] * Y[k,n]\nW[m] += X[m,k] * G[k]"
    inputs = "{X: [M, K], Y: [K, N], G: [K]}"
    cascade = cascade_of(text, "{M: 4, N: 8, K: 3}", inputs)
    both = bind(mapping_of(("[Z]\n  array", "[Z, W]\n  array")), cascade, toy())
    assert both.nests["W"].ranks == ("M", "K")
    assert {storage.tensors for storage in both.nests["W"].storages} == {frozenset({"X"})}


def test_expressions_know_ranks_the_machine_and_bytes_of_elements(mapping_of, product, toy):
    text = "Buffer.capacity / (K * X.word) + Array.rows"
    mapping = mapping_of(("ceil(N / N0)", text))
    assert bind(mapping, product(k=64), toy(buffer="1 KiB")).tiles["N1"] == 1024 / (64 * 2) + 4


def test_a_rank_that_the_mapping_sizes_changes_the_cascade(cascade_of, mapping_of, toy):
    text = "m -> m1, m0\nZ[m1] += X[m1,m0] * Y[m0]"
    cascade = cascade_of(text, "{M: 20, M0: 5}", "{X: [M], Y: [M0]}")
    mapping = mapping_of(
        ("tiles:", "ranks: {M0: Array.columns}\ntiles:"),
        ("ceil(N / N0)", "M1"),
        ("loops: {M: ceil(M / 2), N: N1}", "loops: {M1: M1}"),
        ("{K: K}", "{M0: M0}"),
        ("{columns: {N: N0}, rows: {M: 2}}", "{}"),
    )
    bound = bind(mapping, cascade, toy())
    assert (bound.sizes["M0"], bound.sizes["M1"]) == (8, 3)
    assert bound.nests["Z"].loops == (Loop("M1", 3), Loop("M0", 8))


def test_arrays_bind_at_once_as_floats(mapping_of, product, toy):
    cascade = product().with_ranks(N=np.array([8, 20]))
    bound = bind(mapping_of(), cascade, toy())
    assert bound.tiles["N1"].tolist() == [1.0, 3.0]
    assert bound.tiles["N1"].dtype == float


def test_a_step_has_its_tile_sizes_and_einsums(mapping_of, product, toy):
    mapping = mapping_of(("name: product,", "name: product, tile: {N: N0, M: 2},"))
    (step,) = bind(mapping, product(), toy()).steps
    assert dict(step.tile) == {"N": 8, "M": 2}
    assert step.einsums == ("Z",)


def test_what_is_spilled_goes_to_the_memory_above(mapping_of, product, toy):
    spill = "spill: [{memory: Buffer, tensors: Z, fraction: 1 - 48 / K}]\nschedule:"
    (bound,) = bind(mapping_of(("schedule:", spill)), product(k=64), toy()).spills
    assert (bound.above, bound.fraction) == ("DRAM", 0.25)


def test_the_outermost_memory_has_nothing_to_spill_to(mapping_of, product, toy):
    mapping = mapping_of(
        ("schedule:", "spill: [{memory: DRAM, tensors: Z, fraction: 1}]\nschedule:")
    )
    assert refusal(mapping, product(), toy()) == (
        "DRAM is the outermost memory and has nothing to spill to; spill from a memory below it"
    )


def test_a_mapping_for_another_workload_is_refused_by_the_names_of_both(
    mapping_of, cascade_of, toy
):
    cascade = cascade_of("Q[p] = X[p]", "{P: 4}", "{X: [P]}", name="copy")
    assert refusal(mapping_of(("workload: w", "workload: [w, v]")), cascade, toy()) == (
        "the mapping is for w and v; copy has no Einsum 'Z'. "
        "Name another mapping, or none for the default"
    )


@pytest.mark.parametrize("name", ["flat", "fusemax_binding"])
def test_a_shipped_mapping_for_another_workload_is_refused_alike(name):
    cascade, arch = load_workload("transformer/linear_layers"), load_arch("flat_cloud")
    with pytest.raises(MappingError, match="^the mapping is for attention/.* has no Einsum 'B?QK'"):
        bind(select(load_mapping(name), cascade, arch), cascade, arch)


def test_a_variant_with_the_same_einsums_may_use_a_mapping_for_another(mapping_of, cascade_of, toy):
    ranks, inputs = "{M: 8, N: 8, K: 4}", "{X: [M, K], Y: [K, N]}"
    cascade = cascade_of("Z[m,n] += X[m,k] * Y[k,n] where n <= m", ranks, inputs, name="causal")
    assert check(bind(mapping_of(), cascade, toy())) == ()


# --- ranks that the mapping decides ---------------------------------------------------------------


def one_pass_m0(cascade):
    """M0 and M1 under FuseMax's binding, which makes tiles of the array's 256 rows."""
    bound = bind(load_mapping("fusemax_binding"), cascade, load_arch("fusemax_cloud"))
    return bound.sizes["M0"], bound.sizes["M1"], [str(each) for each in check(bound)]


def test_a_mapping_decides_the_tile_that_the_file_has():
    arch = with_values(load_arch("fusemax_cloud"), {"compute.Array2D.rows": 64})
    bound = bind(load_mapping("fusemax_binding"), load_workload("attention/one_pass"), arch)
    assert (bound.sizes["M0"], bound.sizes["M1"]) == (64, 4096 // 64)


@pytest.mark.parametrize(
    "cascade",
    [
        load_workload("attention/one_pass", {"ranks.M0": "128"}),
        load_workload("attention/one_pass", {"ranks.M0": 128}),
        load_workload("attention/one_pass").with_ranks(M0=128),
    ],
)
def test_a_tile_that_was_chosen_stays(cascade):
    assert one_pass_m0(cascade) == (128, 32, [])


def test_a_chosen_tile_that_does_not_fit_is_a_violation():
    assert one_pass_m0(load_workload("attention/one_pass", {"ranks.M0": "512"}))[2][0] == (
        "BQK: 512 tiles side by side on the 256 rows of Array2D"
    )


def test_a_tile_without_a_value_is_named_with_a_remedy(mapping_of, product, toy):
    mapping = mapping_of(("ceil(N / N0)", "N / (N0 - 8)"))
    assert refusal(mapping, product(), toy()) == (
        "the mapping's N1 has no value: 'N / (N0 - 8)': division by zero. "
        "A tile may not fit; try a larger memory or smaller ranks"
    )


@pytest.mark.parametrize(
    ("replaced", "sentence"),
    [
        (("{K: K}", "{KK: K}"), "w has no rank 'KK'. Did you mean 'K'?"),
        (
            ("keep: [X, Y, Z], loops: {K", "keep: [XX], loops: {K"),
            "w has no tensor 'XX'. Did you mean 'X'?",
        ),
        (("name: product,", "name: product, tile: {Q: 1},"), "w has no rank 'Q'. It has M, N, K"),
        (("name: product,", "name: product, lag: {W: 1},"), "w has no Einsum 'W'. It has Z"),
        (("{Array: [Z]}", "{Array: [V]}"), "w has no Einsum 'V'. It has Z"),
    ],
)
def test_names_that_are_not_there_are_refused(mapping_of, product, toy, replaced, sentence):
    assert refusal(mapping_of(replaced), product(), toy()) == sentence


def test_an_einsum_with_two_nests_is_refused(mapping_of, product, toy):
    mapping = mapping_of(("[Z]\n  array", "[Z, Z]\n  array"))
    assert refusal(mapping, product(), toy()) == "Einsum Z has two nests; remove one of them"


def test_a_part_that_this_machine_lacks_is_an_unknown_name(mapping_of, product, toy):
    mapping = mapping_of(("rows: {M: 2}", "rows: {M: Arry.rows}"))
    assert refusal(mapping, product(), toy(), ExpressionError) == (
        "'Arry.rows': 'Arry.rows' is not known. Did you mean 'Array.rows'?"
    )


def test_a_spilling_memory_must_be_there(mapping_of, product, toy):
    mapping = mapping_of(
        ("schedule:", "spill: [{memory: Bufer, tensors: Z, fraction: 1}]\nschedule:")
    )
    assert refusal(mapping, product(), toy(), ArchError) == (
        "the machine has no part 'Bufer'. Did you mean 'Buffer'?"
    )


def test_a_mapping_of_another_workload_says_which_it_is_for():
    cascade, arch = load_workload("attention/three_pass"), load_arch("fusemax_cloud")
    with pytest.raises(MappingError) as error:
        bind(load_mapping("fusemax_binding"), cascade, arch)
    assert str(error.value) == (
        "the mapping is for attention/one_pass and attention/one_pass_causal; "
        "attention/three_pass has no Einsum 'BQK'. Name another mapping, or none for the default"
    )
