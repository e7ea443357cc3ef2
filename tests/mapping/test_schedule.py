"""Every way to break a schedule, each with its sentence.

The product is 10 x 20 x 5, two rows and eight columns at a time: M in 5, N in 3 and K in 5 around
tiles of M 2 and N 8.
"""

import pytest

from accelsim.arch.load import load_arch
from accelsim.mapping.binding import bind
from accelsim.mapping.check import check
from accelsim.mapping.load import load_mapping
from accelsim.workload.load import load_workload


@pytest.mark.parametrize(
    ("replaced", "sentence"),
    [
        (("{Array: [Z]}", "{Lanes: [Z]}"), "product: runs Z on Lanes, but its nest is on Array"),
        (("{Array: [Z]}", "{Array: [Z, Z]}"), "product: runs Z twice"),
        (("{Array: [Z]}", "{}"), "Z: is in no step of the schedule"),
        (
            ("{Array: [Z]}", "{Array: [Z]}, drain: [X]"),
            "product: waits for X in a phase that does not run it",
        ),
        (
            ("name: product,", "name: product, tile: {M: 3},"),
            "product: its tiles are 3 of M, but the loops of Z make 2, 10",
        ),
        (
            ("name: product,", "name: product, tile: {M: 1},"),
            "product: its tiles are 1 of M, but the loops of Z make 2, 10",
        ),
        (
            ("name: product,", "name: product, tile: {K: 1},"),
            "product: Z's loop over M, inside a tile, runs around its loop over tiles of K",
        ),
        (
            ("name: product,", "name: product, lag: {Z: -1},"),
            "product: Z lags -1 tiles, but cannot run ahead",
        ),
        (
            ("name: product,", "name: product, tile: {M: 2, N: 8}, lag: {Z: 16},"),
            "product: Z lags 16 tiles, but there are 15",
        ),
    ],
)
def test_a_broken_law_is_named_with_its_place_and_numbers(violations, replaced, sentence):
    assert violations(replaced) == [sentence]


@pytest.mark.parametrize(
    "tile", ["{M: 2}", "{M: 2, N: 8}", "{M: 2, N: 8, K: 1}", "{M: 10}", "{M: 16}"]
)
def test_tiles_that_the_loops_make_are_legal(violations, tile):
    assert violations(("name: product,", f"name: product, tile: {tile}, lag: {{Z: 1}},")) == []


def binding(*replaced):
    """What is wrong with FuseMax's binding if its step is changed."""
    step, *others = (mapping := load_mapping("fusemax_binding")).schedule
    assert not others
    changed = mapping.model_copy(update={"schedule": (step.model_copy(update=dict(replaced)),)})
    cascade = load_workload("attention/one_pass", {"ranks.H": "1"})
    return [str(each) for each in check(bind(changed, cascade, load_arch("fusemax_cloud")))]


def test_a_tile_that_is_overwritten_before_it_is_read_is_named():
    # RNV comes in the first of 4 phases. Two rounds later it reads what the last one made, 5 phases
    # after; the SPNV that needs it is a round too early.
    assert binding(("lag", {"RD": 1, "RNV": 1, "AV": 1})) == []
    assert binding(("lag", {"RD": 1, "RNV": 2, "AV": 2})) == [
        "attention: runs SPNV before RNV, which it reads",
        "attention: runs RNV 2 tiles after SLNV, but RegisterFile2D holds 1",
        "attention: runs RNV 2 tiles after SPNV, but RegisterFile1D holds 1",
    ]


SECOND_NEST = """
- einsums: [W]
  array: Array
  levels:
  - {memory: DRAM, keep: [Z, G, W], loops: {M: M, N: N}}
schedule:
- {name: first, phases: [{run: {Array: [FIRST]}}]}
- {name: second, phases: [{run: {Array: [SECOND]}}]}
"""


def in_two_steps(mapping_of, first, second):
    """Z is made by one step, W by another."""
    schedule = SECOND_NEST.replace("FIRST", first).replace("SECOND", second)
    alone = "schedule:\n- {name: product, phases: [{run: {Array: [Z]}}]}\n"
    return mapping_of((f"\n{alone}", schedule))


def test_what_is_read_must_be_made_before(mapping_of, cascade_of, toy):
    text = "Z[m,n] += X[m,k] * Y[k,n]\nW[m,n] = Z[m,n] * G[m]"
    cascade = cascade_of(text, "{M: 10, N: 20, K: 5}", "{X: [M, K], Y: [K, N], G: [M]}")
    assert check(bind(in_two_steps(mapping_of, "Z", "W"), cascade, toy())) == ()
    found = check(bind(in_two_steps(mapping_of, "W", "Z"), cascade, toy()))
    assert [str(each) for each in found] == ["first: runs W before Z, which it reads"]
