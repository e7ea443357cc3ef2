"""The closed forms against the walk, exactly, on random nests; and by hand where one can."""

from collections import Counter
from functools import cache
from itertools import combinations_with_replacement, permutations
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accelsim.arch.load import load_arch
from accelsim.base.yamlfile import parse_yaml
from accelsim.cost.coverage import everywhere
from accelsim.cost.flows import Flow, all_flows, handover_flows, walks_of
from accelsim.cost.walk import walk
from accelsim.cost.walk_tensors import Action
from accelsim.mapping.binding import bind
from accelsim.mapping.load import load_mapping
from accelsim.mapping.loops import Loop, LoopNest, Storage
from accelsim.workload.load import load_workload, read_workload
from tests.cost.strategies import Case, cascade_of, einsum_of, features, random_case

NESTS, BLOCKS = 4500, 10


def flows_of(cascade, nests):
    return all_flows(cascade, nests, cascade.ranks, everywhere)


def flows_alone(einsum, nest, sizes):
    return list(flows_of(cascade_of((einsum,), sizes), {einsum.name: nest}))


def by_formula(cascade, nests):
    counts = Counter()
    for flow in flows_of(cascade, nests):
        counts[Action(flow.einsum, flow.memory, flow.action, flow.tensor)] += flow.elements
    return {action: elements for action, elements in counts.items() if elements}


def differences(case):
    """What the formulas say and what the walk says, where they differ."""
    said = by_formula(case.cascade, case.nests)
    seen = walk(case.cascade, case.nests, case.shared_loops)
    return {
        action: (said.get(action, 0), seen[action])
        for action in {*said, *seen}
        if said.get(action, 0) != seen[action]
    }


def nest_of(einsum, loops, *storages):
    return LoopNest(einsum, "Array", tuple(Loop(*loop) for loop in loops), storages)


def storage(memory, tensors, depth):
    return Storage(memory, frozenset(tensors), depth)


# ---- random nests ------------------------------------------------------------------------------


@cache
def random_cases():
    return tuple(random_case(Random(seed)) for seed in range(NESTS))


@pytest.mark.parametrize("block", range(BLOCKS))
def test_formulas_count_what_the_walk_counts_in_4500_random_nests(block):
    for seed in range(block, NESTS, BLOCKS):
        case = random_cases()[seed]
        assert differences(case) == {}, f"seed {seed}: {case}"


@given(st.randoms(use_true_random=False))
@settings(max_examples=200, derandomize=True, deadline=None, database=None)
def test_formulas_count_what_the_walk_counts_where_hypothesis_looks(rng):
    assert differences(random_case(rng)) == {}


def test_sums_that_come_back_are_added_where_they_were_left():
    """256 sums over two rounds of 8 products, in a buffer under DRAM: of the second round each is
    added to the first in DRAM, a read and a write there; the buffer sees 512 sums come and go, and
    neither fetches an old sum nor reads one for its first update."""
    einsum = einsum_of("C", "MN", {"A": "MK", "B": "KN"})
    around = [("K", 2), ("M", 2), ("N", 2)]
    inside = [("M", 2), ("N", 2), ("M", 4, "rows"), ("N", 4, "columns"), ("K", 8)]
    nest = nest_of(
        "C",
        [*around, *inside],
        storage("DRAM", "ABC", 0),
        storage("Buffer", "ABC", 3),
        storage("Register", "C", 7),
        storage("Register", "AB", 8),
    )
    case = Case(cascade_of((einsum,), {"M": 16, "N": 16, "K": 16}), {"C": nest})
    assert differences(case) == {}
    counts = by_formula(case.cascade, case.nests)
    assert {each[1:3]: n for each, n in counts.items() if each.tensor == "C"} == {
        ("DRAM", "write"): 2 * 256,
        ("DRAM", "read"): 256,
        ("Buffer", "write"): 2 * 256,
        ("Buffer", "read"): 2 * 256,
        ("Register", "write"): 16 * 256,
        ("Register", "read"): 14 * 256 + 2 * 256,
    }


def test_every_feature_is_in_500_random_nests_and_half_have_no_factor_of_1():
    counts = Counter(feature for case in random_cases() for feature in features(case))
    assert {feature: n for feature, n in counts.items() if n < 500} == {}
    assert counts["every factor at least 2"] >= NESTS / 2
    assert set(counts) == {
        *(f"{n} ranks" for n in range(1, 5)),
        *(f"{n} memories" for n in range(1, 5)),
        "every factor at least 2",
        "a factor of 1",
        "imperfect factors",
        "perfect factors",
        "spatial loops",
        "several spatial loops",
        "bypass",
        "a memory at several depths",
        "storages with several instances",
        "reduction",
        "multicast",
        "spatial reduction",
        "partial sums return",
        "fused pair",
        "intermediate stays where it is made",
        "intermediate handed over",
    }


def test_no_random_nest_asks_a_memory_for_less_than_nothing():
    negative = [
        flow
        for case in random_cases()[:1000]
        for flow in flows_of(case.cascade, case.nests)
        if flow.elements < 0
    ]
    assert negative == []


# ---- shifts ------------------------------------------------------------------------------------

SHIFTS = [(0, 1), (0, 2), (0, 3), (0, 1, 2), (-1, 0), (-1, 0, 1), (-2, 0, 3)]


def shifted_case(rng):
    """Y[p,q] = X[p] * X[p+1] * Z[q] and the like; loops over p are around B and inside it."""
    offsets, columns = rng.choice(SHIFTS), rng.choice((None, "columns"))
    outer, inner, deeper = rng.randint(1, 4), rng.randint(1, 5), rng.randint(1, 3)
    size = rng.randint((outer * inner * deeper + 1) // 2, outer * inner * deeper)
    reads = " * ".join(f"X[p + {offset}]".replace("+ -", "- ") for offset in offsets)
    cascade = read_workload(
        parse_yaml(
            f"word: 2 B\nranks: {{P: {size}, Q: 3}}\ninputs: {{X: [P], Z: [Q]}}\n"
            f"outputs: {{Y: [P, Q]}}\ncascade: |\n  Y[p,q] = {reads} * Z[q]\n"
        ),
        "shifts",
    )
    around = rng.sample([Loop("Q", 3), Loop("P", outer)], 2)
    loops = (*around, Loop("P", deeper), Loop("P", inner, columns))
    kept = [storage("A", "XYZ", 0), storage("B", "XYZ", 2)]
    return Case(cascade, {"Y": LoopNest("Y", "Array", loops, tuple(kept))})


@pytest.mark.parametrize("seed", range(10))
def test_shifts_of_one_tensor_come_once_as_the_walk_says(seed):
    rng = Random(seed)
    for _ in range(40):
        case = shifted_case(rng)
        found = {
            action: numbers for action, numbers in differences(case).items() if action.tensor == "X"
        }
        assert all(said == pytest.approx(seen) for said, seen in found.values()), case


def test_a_window_of_3_over_100_in_tiles_of_10_comes_as_118_elements():
    # 8 tiles of 12, and two at the ends of 11.
    cascade = read_workload(
        parse_yaml(
            "word: 2 B\nranks: {P: 100}\ninputs: {X: [P]}\n"
            "cascade: |\n  Y[p] = X[p - 1] + X[p] + X[p + 1]\n"
        ),
        "window",
    )
    loops = (Loop("P", 10), Loop("P", 10))
    nest = LoopNest("Y", "Array", loops, (storage("A", "XY", 0), storage("B", "XY", 1)))
    read = [
        f.elements for f in flows_of(cascade, {"Y": nest}) if f.memory == "A" and f.tensor == "X"
    ]
    assert read == [pytest.approx(118)]


# ---- all nests of a kind -----------------------------------------------------------------------


def every_nest(*loops):
    """Sums Z[a] in three memories: every order of the loops, every two depths, A of 3, 5 and 7."""
    einsum = einsum_of("Z", "A", {"X": "AB"})
    for order in dict.fromkeys(permutations(loops)):
        for second, inner in combinations_with_replacement(range(1, len(loops) + 1), 2):
            at = [storage("Outer", "XZ", 0), storage("Second", "XZ", second)]
            nest = nest_of("Z", order, *at, storage("Inner", "XZ", inner))
            for size in (3, 5, 7):
                yield Case(cascade_of((einsum,), {"A": size, "B": 2}), {"Z": nest})


@pytest.mark.parametrize(
    "loops",
    [
        [("B", 2, None), ("A", 2, None), ("A", 2, None), ("A", 2, "rows")],
        [("B", 2, None), ("A", 2, None), ("A", 2, "columns"), ("A", 2, "rows")],
        [("B", 2, "columns"), ("A", 2, None), ("A", 2, None), ("A", 2, "rows")],
        [("B", 2, None), ("B", 2, "columns"), ("A", 4, None), ("A", 2, "rows")],
    ],
)
def test_formulas_count_what_the_walk_counts_in_all_ragged_nests_of_4_loops(loops):
    for case in every_nest(*loops):
        assert differences(case) == {}, case


# ---- shipped mappings --------------------------------------------------------------------------

SMALL_ARRAYS = {
    "compute.Array2D.rows": "4",
    "compute.Array2D.columns": "4",
    "compute.Array1D.columns": "4",
}


@pytest.mark.parametrize(
    ("mapping", "workload", "machine", "sizes"),
    [
        ("fusemax_binding", "attention/one_pass", "fusemax_cloud", "B=1 H=2 P=6 M=12 E=3 F=3"),
        ("fusemax_cascade", "attention/one_pass", "cascade_cloud", "B=2 H=1 P=9 M=8 E=2 F=5"),
        ("unfused", "attention/three_pass", "unfused_cloud", "B=1 H=2 P=6 M=12 E=3 F=3"),
        ("flat_head", "attention/three_pass", "flat_cloud", "B=1 H=2 P=6 M=12 E=3 F=3"),
        ("flat_weight_stationary", "attention/three_pass", "flat_edge", "B=2 H=1 P=5 M=9 E=6 F=5"),
        ("linear_layers", "transformer/linear_layers", "fusemax_cloud", "H=2 P=6 D=5 E=3 F=3 S=7"),
    ],
)
def test_formulas_count_what_the_walk_counts_in_shipped_mappings(mapping, workload, machine, sizes):
    ranks = dict(f"ranks.{size}".split("=") for size in sizes.split())
    arch, cascade = load_arch(machine, SMALL_ARRAYS), load_workload(workload, ranks)
    bound = bind(load_mapping(mapping), cascade, arch)
    assert differences(Case(bound.cascade, bound.nests)) == {}


# ---- by hand -----------------------------------------------------------------------------------


def test_an_input_is_read_above_written_where_it_arrives_and_read_there_again():
    # 6 weights, each for 10 rows of the batch; what goes down between memories is not `inner`.
    einsum = einsum_of("Z", "MN", {"W": "KN"})
    loops = [("K", 2), ("N", 3), ("M", 10)]
    nest = nest_of("Z", loops, storage("DRAM", "W", 0), storage("Buffer", "W", 2))
    assert flows_alone(einsum, nest, {"K": 2, "N": 3, "M": 10}) == [
        Flow("Z", "DRAM", "read", "W", 6),
        Flow("Z", "Buffer", "write", "W", 6, inner=False),
        Flow("Z", "Buffer", "read", "W", 60),
    ]


def test_an_output_is_updated_read_back_but_for_its_first_time_and_sent_up():
    # 3 sums of 8 terms, in 2 visits: the buffer reads back 3 of 6, the register 18 of 24.
    einsum = einsum_of("Z", "M", {"X": "MK"})
    loops = [("K", 2), ("M", 3), ("K", 4)]
    nest = nest_of("Z", loops, storage("Buffer", "Z", 0), storage("Register", "Z", 2))
    assert flows_alone(einsum, nest, {"K": 8, "M": 3}) == [
        Flow("Z", "Register", "write", "Z", 24),
        Flow("Z", "Register", "read", "Z", 18),
        Flow("Z", "Register", "read", "Z", 6, inner=False),
        Flow("Z", "Buffer", "write", "Z", 6),
        Flow("Z", "Buffer", "read", "Z", 3),
    ]


def test_a_tensor_that_no_memory_keeps_moves_nowhere():
    einsum = einsum_of("Z", "M", {"X": "M"})
    assert flows_alone(einsum, nest_of("Z", [("M", 4)]), {"M": 4}) == []


CHAIN = (
    einsum_of("T", "P", {"X": "P"}),
    einsum_of("Y", "PN", {"T": "P"}),
    einsum_of("Z", "P", {"T": "P"}),
)


def chain_nests(y_memory, z_memory):
    columns = [("P", 3), ("N", 4, "columns")]
    return {
        "T": nest_of("T", [("P", 3)], storage("Accumulator", "T", 0)),
        "Y": nest_of("Y", columns, storage(y_memory, "T", 2)),
        "Z": nest_of("Z", [("P", 3)], storage(z_memory, "T", 1)),
    }


def handed_over(nests):
    sizes = {"P": 3, "N": 4}
    cascade = cascade_of(CHAIN, sizes)
    walks = walks_of(cascade, nests, sizes)
    return list(handover_flows(cascade, nests, walks, everywhere))


def test_an_intermediate_is_read_once_for_the_4_columns_that_take_it_over():
    assert handed_over(chain_nests("Register", "Accumulator")) == [
        Flow("Y", "Accumulator", "read", "T", 3),
        Flow("Y", "Register", "write", "T", 12),
    ]


def test_an_intermediate_that_stays_where_it_is_made_is_not_handed_over():
    assert handed_over(chain_nests("Accumulator", "Accumulator")) == []


def test_a_second_reader_finds_the_intermediate_where_the_first_one_had_it():
    both, one = handed_over(chain_nests("Register", "Register")), ("Register", "Accumulator")
    assert both == handed_over(chain_nests(*one))
    for memories in (("Register", "Register"), ("Register", "Side"), ("Side", "Register")):
        nests = chain_nests(*memories)
        assert differences(Case(cascade_of(CHAIN, {"P": 3, "N": 4}), nests)) == {}
