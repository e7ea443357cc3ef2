"""Mappings as Timeloop v4 writes them: factors multiplied out again, structure by its manual."""

from math import prod

import pytest

from accelsim import bind, default_mapping, load_arch, load_workload
from accelsim.base.errors import MappingError
from accelsim.base.yamlfile import parse_yaml
from accelsim.interop.timeloop_mapping import timeloop_mapping
from accelsim.mapping.mapping import Mapping

SMALL = """\
word: 2 B
ranks: {M: 10, N: 12, K: 8}
inputs: {A: [M, K], B: [K, N]}
cascade: |
  Z[m,n] += A[m,k] * B[k,n]
"""
MACHINE = """\
about: Made up.
clock: 1 GHz
memories:
- {name: DRAM, bandwidth: 128 B/cycle, read: 1 pJ/B, write: 1 pJ/B}
- {name: Buffer, capacity: 1 MiB, read: 1 pJ/B, write: 1 pJ/B}
- {name: Registers, per: Array, under: Buffer, capacity: 8 B, read: 1 pJ/B, write: 1 pJ/B}
compute:
- {name: Array, rows: 4, columns: 2, operations: {mac: {energy: 1 pJ}}}
"""
LEVELS = (
    {"memory": "DRAM", "keep": ("A", "B", "Z"), "loops": {"N": 3, "M": 4}},
    {"memory": "Buffer", "keep": ("A", "B"), "loops": {"K": 8, "N": 2}},
    {"array": "Array", "spatial": {"rows": {"M": 3}, "columns": {"N": 2}}},
    {"memory": "Registers", "keep": ("Z",)},
)


def bound(tmp_path, levels=LEVELS):
    (tmp_path / "w.yaml").write_text(SMALL)
    (tmp_path / "m.yaml").write_text(MACHINE)
    mapping = Mapping(
        about="",
        source="",
        nests=({"einsums": ("Z",), "array": "Array", "levels": levels},),
        schedule=({"name": "all", "phases": ({"run": {"Array": "Z"}},)},),
    )
    return bind(mapping, load_workload(tmp_path / "w.yaml"), load_arch(tmp_path / "m.yaml"))


def written(bound_mapping, einsum):
    return parse_yaml(timeloop_mapping(bound_mapping, einsum)).to_plain()


def factors(directive):
    """{rank: (factor, what the last tile is left with)}"""
    pairs = (text.split("=") for text in directive["factors"])
    numbers = {rank: [int(number) for number in text.split(",")] for rank, text in pairs}
    return {rank: (own[0], own[-1]) for rank, own in numbers.items()}


def test_a_small_product_is_written_as_the_manual_says(tmp_path):
    """M = 10 in 4 tiles of 3: the last has 1."""
    assert written(bound(tmp_path), "Z") == {
        "problem": {
            "version": "0.4",
            "shape": {
                "name": "Z",
                "dimensions": ["N", "M", "K"],
                "data_spaces": [
                    {"name": "A", "projection": [[["M"]], [["K"]]]},
                    {"name": "B", "projection": [[["K"]], [["N"]]]},
                    {"name": "Z", "projection": [[["M"]], [["N"]]], "read_write": True},
                ],
            },
            "instance": {"N": 12, "M": 10, "K": 8},
        },
        "mapping": [
            {"target": "DRAM", "type": "dataspace", "keep": ["A", "B", "Z"], "bypass": []},
            {
                "target": "DRAM",
                "type": "temporal",
                "factors": ["N=3", "M=4", "K=1"],
                "permutation": ["M", "N", "K"],
            },
            {"target": "Buffer", "type": "dataspace", "keep": ["A", "B"], "bypass": ["Z"]},
            {
                "target": "Buffer",
                "type": "temporal",
                "factors": ["N=2", "M=1", "K=8"],
                "permutation": ["N", "K", "M"],
            },
            {
                "target": "Buffer",
                "type": "spatial",
                "factors": ["N=2", "M=3,1", "K=1"],
                "permutation": ["N", "M", "K"],
                "split": 1,
            },
            {"target": "Registers", "type": "dataspace", "keep": ["Z"], "bypass": ["A", "B"]},
            {
                "target": "Registers",
                "type": "temporal",
                "factors": ["N=1", "M=1", "K=1"],
                "permutation": ["N", "M", "K"],
            },
        ],
    }


@pytest.mark.parametrize(
    ("workload", "machine", "length"),
    [
        ("attention/three_pass", "flat_cloud", 4096),
        ("attention/three_pass", "flat_cloud", 1000),
        ("transformer/linear_layers", "fusemax_cloud", 4096),
    ],
)
def test_factors_multiply_to_the_ranks_and_keep_within_the_array(workload, machine, length):
    """(n - 1) · factor + rest, level by level from the outside, is the size of the rank."""
    cascade = load_workload(workload, {"ranks.P": str(length)})
    arch = load_arch(machine)
    mapping = bind(default_mapping(cascade, arch, machine).mapping, cascade, arch)
    for name, nest in mapping.nests.items():
        file = written(mapping, name)
        loops = [each for each in file["mapping"] if each["type"] != "dataspace"]
        for rank, size in file["problem"]["instance"].items():
            reached = 1
            for directive in loops:
                factor, rest = factors(directive)[rank]
                reached = (reached - 1) * factor + rest
            assert reached == size == mapping.sizes[rank]
        for directive in (each for each in loops if each["type"] == "spatial"):
            along_x = directive["permutation"][: directive["split"]]
            own = {rank: factor for rank, (factor, _) in factors(directive).items()}
            x = prod(own[rank] for rank in along_x)
            assert x <= arch.array(nest.array).columns
            assert prod(own.values()) // x <= arch.array(nest.array).rows
            assert sorted(directive["permutation"]) == sorted(own)
        stored = {t for each in nest.storages for t in each.tensors}
        kept = {t for each in file["mapping"] for t in each.get("keep", ())}
        assert kept == stored


def test_loops_that_follow_each_other_become_one(tmp_path):
    outer = {"memory": "DRAM", "keep": ("A", "B", "Z"), "loops": {"N": 3, "M": 2}}
    again = {"memory": "DRAM", "keep": (), "loops": {"M": 2}}
    file = written(bound(tmp_path, (outer, again, *LEVELS[1:])), "Z")
    assert factors(file["mapping"][1])["M"] == (4, 4)


@pytest.mark.parametrize(
    ("levels", "complaint"),
    [
        (
            (LEVELS[0], {"memory": "Buffer", "keep": ("A",), "loops": {"K": 2}},
             {"memory": "Buffer", "keep": ("B",), "loops": {"K": 4, "N": 2}}, *LEVELS[2:]),
            "Z: Buffer holds tensors at 2 depths of the loops",
        ),
        (
            (LEVELS[0], {"memory": "Buffer", "keep": ("A", "B"), "loops": {"N": 2}}, LEVELS[2],
             {"memory": "Buffer", "keep": (), "loops": {"K": 8}}, LEVELS[3]),
            "Z: Buffer has a loop over K inside the array",
        ),
        (
            ({"memory": "DRAM", "keep": ("A", "B", "Z"), "loops": {"M": 2, "N": 3}},
             {"memory": "DRAM", "keep": (), "loops": {"M": 2}}, *LEVELS[1:]),
            "one level has the loops M, M, N",
        ),
    ],
)  # fmt: skip
def test_what_timeloop_cannot_say_is_refused(tmp_path, levels, complaint):
    with pytest.raises(MappingError, match=complaint):
        timeloop_mapping(bound(tmp_path, levels), "Z")


def test_running_values_have_no_place_in_timeloop():
    cascade, arch = load_workload("attention/one_pass"), load_arch("fusemax_cloud")
    mapping = default_mapping(cascade, arch, "fusemax_cloud").mapping
    with pytest.raises(
        MappingError, match=r"SLN: Timeloop has no position like that of RM\[b,h,m1"
    ):
        timeloop_mapping(bind(mapping, cascade, arch), "SLN")
