"""Every way to break a mapping of a matrix product, each with its sentence."""

from itertools import product as product_of

import pytest

from accelsim.arch.load import load_arch
from accelsim.base.catalogue import names
from accelsim.mapping.binding import bind
from accelsim.mapping.check import check
from accelsim.mapping.load import load_mapping, select
from accelsim.workload.load import load_workload


def test_the_mapping_itself_is_legal(violations):
    assert violations() == []


@pytest.mark.parametrize(
    ("replaced", "sentence"),
    [
        (("ceil(M / 2)", "M / 4"), "Z: 2.5 is no factor for rank M"),
        (
            ("name: product,", "name: product, tile: {M: 0},"),
            "product: 0 is no size for tiles of rank M",
        ),
        (
            ("name: product,", "name: product, tile: {M: M / 4},"),
            "product: 2.5 is no size for tiles of rank M",
        ),
        (("loops: {M: ceil(M / 2)", "loops: {M: 4"), "Z: the loops cover 8 of rank M's 10"),
        (("rows: {M: 2}", "rows: {M: 5}"), "Z: 5 tiles side by side on the 4 rows of Array"),
        (("rows: {M: 2}", "rows: {M: 2, K: 3}"), "Z: 6 tiles side by side on the 4 rows of Array"),
        (("rows: {M: 2}", "lanes: {M: 2}"), "Z: Array has rows and columns, no 'lanes'"),
        (
            ("{memory: DRAM, keep: [X, Y, Z]", "{memory: DRAM, keep: [X, Y]"),
            "Z: Z is not kept in DRAM",
        ),
        (
            ("{memory: DRAM, keep: [X, Y, Z]", "{memory: DRAM, keep: [Y, Z]"),
            "Z: X is not kept in DRAM",
        ),
        (
            ("memory: Buffer", "memory: Bufer"),
            "Z: the machine has no memory 'Bufer'. Did you mean 'Buffer'?",
        ),
        (
            ("memory: Buffer", "memory: LaneRegisters"),
            "Z: LaneRegisters is not next on the way to Array, DRAM → Buffer → Registers",
        ),
        (("schedule:", "share: [[X, W]]\nschedule:"), "share: 'W' is no tensor."),
        (
            ("schedule:", "spill: [{memory: Buffer, tensors: ZZ, fraction: 1}]\nschedule:"),
            "Buffer: 'ZZ' is no tensor. Did you mean 'Z'?",
        ),
        (
            ("schedule:", "spill: [{memory: Buffer, tensors: Z, fraction: K / 2}]\nschedule:"),
            "Buffer: 2.5 is no share that could be spilled",
        ),
    ],
)
def test_a_broken_law_is_named_with_its_place_and_numbers(violations, replaced, sentence):
    assert sentence in violations(replaced)


def test_an_array_that_is_not_there_is_named_with_a_hint(violations):
    found = violations(("array: Array\n", "array: Aray\n"))
    assert "Z: the machine has no array 'Aray'. Did you mean 'Array'?" in found


def test_no_memory_keeps_a_tensor_that_no_level_names(violations):
    assert violations(("[X, Y, Z]", "[Y, Z]"))[0] == "Z: no memory keeps X"


def test_an_einsum_without_a_nest_is_all_that_is_said(violations, cascade_of):
    text = "Z[m,n] += X[m,k] * Y[k,n]\nW[m] += Z[m,n]"
    cascade = cascade_of(text, "{M: 99, N: 8, K: 3}", "{X: [M, K], Y: [K, N]}")
    assert violations(cascade=cascade) == ["W: has no loop nest in this mapping"]


def test_an_operation_that_the_array_cannot_do_is_named(violations, cascade_of):
    text = "Z[m,n] += exp(X[m,k] - Y[k,n])"
    cascade = cascade_of(text, "{M: 10, N: 20, K: 5}", "{X: [M, K], Y: [K, N]}")
    assert violations(cascade=cascade) == [
        "Z: Array cannot do 'exp'",
        "Z: Array cannot do 'sub'",
        "Z: Array cannot do 'add'",
    ]


def test_a_full_memory_says_what_it_must_hold_and_can(violations, toy):
    # 2 x 5 X, 5 x 8 Y and 2 x 8 Z of 2 B; three words in a register file.
    assert violations(arch=toy(buffer="132 B")) == []
    assert violations(arch=toy(buffer="131 B")) == ["Buffer: needs 132 B but holds 131 B"]
    assert violations(arch=toy(registers="5 B")) == ["Registers: needs 6 B but holds 5 B"]


def test_a_violation_carries_what_is_needed_and_available(mapping_of, product, toy):
    (found,) = check(bind(mapping_of(), product(10, 20, 5), toy(buffer="100 B")))
    assert (found.where, found.needed, found.available) == ("Buffer", 132, 100)


@pytest.mark.parametrize("name", names("mappings"))
@pytest.mark.parametrize("length", ["1024", "65536", "1048576"])
def test_shipped_mappings_are_legal_on_the_machines_that_they_name(name, length):
    found = load_mapping(name)
    for workload, machine in product_of(found.workload, found.machines):
        cascade = load_workload(workload, {"ranks.P": length}, "bert")
        if "M" in cascade.ranks:
            cascade = cascade.with_ranks(M=int(length))
        arch = load_arch(machine)
        violations = check(bind(select(found, cascade, arch), cascade, arch))
        # What a whole DRAM cannot hold is no mapping's fault.
        assert [each for each in violations if each.where != "DRAM"] == []
