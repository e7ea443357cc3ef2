"""What runs where no mapping is named: the fastest legal one at hand."""

import numpy as np
import pytest

from accelsim.arch.load import load_arch
from accelsim.arch.spatial import with_values
from accelsim.base.catalogue import names
from accelsim.base.errors import MappingError
from accelsim.cost.default import _automatic_bound, _Case, default_mapping, default_of_each
from accelsim.cost.evaluate import evaluate
from accelsim.mapping.at_point import arch_at, cascade_at
from accelsim.mapping.automatic import automatic_mapping
from accelsim.mapping.load import load_mapping, select, select_each
from accelsim.workload.load import load_workload


def three_pass(length):
    return load_workload("attention/three_pass").with_ranks(P=length, M=length)


def default_name(workload, machine):
    return default_mapping(load_workload(workload), load_arch(machine), machine).name


@pytest.mark.parametrize(
    ("workload", "machine", "name"),
    [
        ("attention/one_pass", "fusemax_cloud", "fusemax_binding"),
        ("attention/one_pass", "cascade_cloud", "fusemax_cascade"),
        ("attention/three_pass", "flat_edge", "flat"),
        ("attention/three_pass", "unfused_cloud", "unfused"),
        ("transformer/linear_layers", "flat_cloud", "linear_layers"),
    ],
)
def test_a_shipped_mapping_for_both_workload_and_machine_comes_first(workload, machine, name):
    assert default_name(workload, machine) == name


@pytest.mark.parametrize(
    ("workload", "machine", "name"),
    [
        ("attention/one_pass", "flat_cloud", "fusemax_cascade"),
        ("attention/three_pass", "tpu_v3", "flat"),
        ("transformer/linear_layers", "tpu_v4i", "linear_layers"),
    ],
)
def test_next_come_the_shipped_ones_that_are_legal_on_this_machine(workload, machine, name):
    assert default_name(workload, machine) == name


@pytest.mark.parametrize(
    ("workload", "machine"),
    [
        ("attention/two_pass", "fusemax_cloud"),
        ("attention/two_pass_causal", "tpu_v3"),
        ("transformer/linear_layers", "eyeriss"),
    ],
)
def test_where_none_of_these_is_legal_or_as_fast_one_is_made_by_rules(workload, machine):
    cascade, arch = load_workload(workload), load_arch(machine)
    found = default_mapping(cascade, arch, machine)
    assert found == ("automatic", automatic_mapping(cascade, arch))


def test_a_machine_by_its_file_is_the_machine_of_that_name():
    cascade, arch = load_workload("attention/one_pass"), load_arch("fusemax_cloud")
    assert default_mapping(cascade, arch, "some/where/fusemax_cloud.yaml").name == "fusemax_binding"


def test_a_workload_that_the_machine_cannot_do_is_refused():
    with pytest.raises(MappingError, match="\n  GM: Array2D cannot do 'max'\n"):
        default_name("attention/three_pass", "eyeriss")


def test_a_sweep_under_a_shipped_default_needs_no_mapping_of_its_own():
    lengths = np.array([1024, 65536])
    found = default_of_each(three_pass(lengths), load_arch("flat_cloud"), "flat_cloud", 2)
    listed = select_each(load_mapping("flat"), three_pass(lengths), load_arch("flat_cloud"), 2)
    assert [default.mapping for default, _ in found] == [mapping for mapping, _ in listed]


def test_a_sweep_without_a_shipped_default_gets_a_mapping_made_for_each_point():
    lengths = np.array([1024, 2048, 1024])
    cascade = load_workload("attention/two_pass").with_ranks(P=lengths, M=lengths)
    arch = load_arch("flat_edge")
    first, second = default_of_each(cascade, arch, "flat_edge", 3)
    assert (first[1].tolist(), second[1].tolist()) == ([0, 2], [1])
    alone = load_workload("attention/two_pass").with_ranks(P=2048, M=2048)
    assert second[0].mapping == automatic_mapping(alone, arch)


def test_a_sweep_of_bandwidths_has_one_mapping_for_all_points():
    arch = with_values(
        load_arch("flat_edge"), {"memories.DRAM.bandwidth": np.array([1e9, 2e9, 3e9])}
    )
    ((_, points),) = default_of_each(load_workload("attention/two_pass"), arch, "flat_edge", 3)
    assert points.tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("workload", "machine", "name"),
    [
        ("attention/three_pass", "unfused_cloud", "unfused"),
        ("attention/three_pass", "flat_cloud", "flat"),
        ("attention/one_pass", "cascade_cloud", "fusemax_cascade"),
        ("attention/one_pass", "fusemax_cloud", "fusemax_binding"),
        ("transformer/linear_layers", "fusemax_cloud", "linear_layers"),
        ("transformer/linear_layers", "flat_cloud", "linear_layers"),
    ],
)
def test_defaults_are_those_of_the_fusemax_study_at_all_its_points(workload, machine, name):
    for shape in ("bert", "trxl", "t5", "xlm"):
        lengths = np.array([1024, 4096, 16384, 65536, 262144, 1048576])
        cascade = load_workload(workload, shape=shape)
        swept = cascade.with_ranks(**{r: lengths for r in "PM" if r in cascade.ranks})
        found = default_of_each(swept, load_arch(machine), machine, 6)
        assert {default.name for default, _ in found} == {name}


def seconds(found, cascade, arch):
    """Latency at each point of a sweep under its default."""
    times = np.empty(sum(len(points) for _, points in found))
    for default, points in found:
        here = cascade_at(cascade, points), arch_at(arch, points)
        times[points] = evaluate(*here, default.mapping).latency_s
    return times


def test_a_mapping_of_the_machine_that_does_not_fit_makes_room_for_one_that_does():
    cascade = load_workload("transformer/linear_layers")
    capacities = 2**20 * np.array([1, 2, 4, 8, 16, 32])
    arch = with_values(load_arch("fusemax_cloud"), {"memories.GlobalBuffer.capacity": capacities})
    found = default_of_each(cascade, arch, "fusemax_cloud", 6)
    taken = {point: default.name for default, points in found for point in points.tolist()}
    assert taken == {p: "automatic" if p < 3 else "linear_layers" for p in range(6)}
    assert (np.diff(seconds(found, cascade, arch)) <= 0).all()


def test_one_made_by_rules_is_taken_where_it_is_faster_than_that_of_the_machine():
    # 2^20 keys leave FLAT no room for one row of scores in 512 KiB.
    arch = load_arch("flat_edge")
    times = [
        float(evaluate(three_pass(length), arch, mapping).cycles)
        for length in (2**18, 2**20)
        for mapping in (
            select(load_mapping("flat"), three_pass(length), arch),
            automatic_mapping(three_pass(length), arch),
        )
    ]
    assert times[0] < times[1]
    assert times[2] > times[3]
    ((small, _), (large, _)) = default_of_each(
        three_pass(np.array([2**18, 2**20])), arch, "flat_edge", 2
    )
    assert (small.name, large.name) == ("flat", "automatic")


@pytest.mark.parametrize("workload", [n for n in names("workloads") if n.startswith("attention/")])
def test_the_automatic_mapping_is_never_faster_than_what_it_is_said_to_take(workload):
    for machine in ("flat_edge", "fusemax_cloud", "tpu_v4i"):
        for sizes in ({"P": 1, "M": 300}, {"P": 300, "M": 1000}, {"P": 4096, "M": 4096}):
            case = _Case(
                load_workload(workload).with_ranks(**sizes), load_arch(machine), machine, 1
            )
            mapping = automatic_mapping(case.cascade, case.arch)
            least = evaluate(case.cascade, case.arch, mapping).latency_s
            assert _automatic_bound(case) <= least * (1 + 1e-12)


def test_nor_where_a_result_ends_before_its_tensor_does():
    cascade = load_workload("linear/lightning_2", {"ranks.M": "64", "ranks.P": "6144"})
    case = _Case(cascade, load_arch("fusemax_cloud"), "fusemax_cloud", 1)
    least = evaluate(cascade, case.arch, automatic_mapping(cascade, case.arch)).latency_s
    assert _automatic_bound(case) <= least * (1 + 1e-12)


def test_a_hundred_thousand_bandwidths_are_judged_together_and_like_each_alone():
    cascade, bandwidths = three_pass(16384), np.linspace(1e9, 4e11, 100_000)
    arch = with_values(load_arch("flat_edge"), {"memories.DRAM.bandwidth": bandwidths})
    found = default_of_each(cascade, arch, "flat_edge", 100_000)
    assert sum(len(points) for _, points in found) == 100_000
    for default, points in found:
        for point in points[[0, -1]].tolist():
            alone = default_mapping(cascade, arch_at(arch, point), "flat_edge")
            assert alone == default


def test_where_nothing_fits_it_is_said_what_each_mapping_needs():
    arch = load_arch("fusemax_cloud")
    memories = (arch.memories[0].model_copy(update={"capacity_bytes": 1000}), *arch.memories[1:])
    with pytest.raises(MappingError) as caught:
        default_mapping(
            load_workload("attention/one_pass", {"ranks.P": 256, "ranks.M": 256}),
            arch.model_copy(update={"memories": memories}),
            "fusemax_cloud",
        )
    # Q, K, V and AV of 12 heads x 256 x 64 elements of 2 B; unfused, BQK and SLN of 256 x 256 and
    # RM of 256 as well, while SLN is made.
    assert str(caught.value) == (
        "no mapping of attention/one_pass fits fusemax_cloud; give it more of what it lacks, or "
        "take smaller ranks:\n"
        "  fusemax_binding: DRAM: needs 1,572,864 B but holds 1,000 B\n"
        "  automatic: DRAM: needs 4,724,736 B but holds 1,000 B"
    )


def test_a_sweep_has_no_one_default():
    machine = with_values(load_arch("flat_cloud"), {"clock": np.array([1e9, 2e9])})
    with pytest.raises(MappingError, match="the points of a sweep may have different defaults"):
        default_mapping(load_workload("attention/three_pass"), machine, "flat_cloud")


def decoding(sequences, heads, group, keys):
    ranks = {"B": sequences, "H": heads, "P": group, "M": keys, "E": 128, "F": 128}
    return load_workload("attention/one_pass").with_ranks(**ranks)


@pytest.mark.parametrize("machine", ["cpu_epyc_7763", "attacc_bg", "fusemax_cloud"])
@pytest.mark.parametrize("sequences", [1, 8, 64])
@pytest.mark.parametrize("keys", [1024, 4096, 65536])
def test_decoding_takes_as_long_as_keys_and_values_take_to_read(machine, sequences, keys):
    """Eight queries share keys and values, of 128 words of two bytes each, which pass once."""
    cascade, arch = decoding(sequences, 8, 8, keys), load_arch(machine)
    cost = evaluate(cascade, arch, default_mapping(cascade, arch, "").mapping)
    read = 2 * sequences * 8 * keys * (128 + 128)
    seconds = read / arch.memory("DRAM").bandwidth.per_second(arch.clock_hz)
    assert seconds < cost.latency_s < 1.05 * seconds


def test_sixteen_queries_of_a_group_are_more_than_attacc_multiplies():
    # 16 FLOP a byte of keys and values, of which it does 10.9; and their exponents.
    cascade, arch = decoding(8, 8, 16, 8192), load_arch("attacc_bg")
    cost = evaluate(cascade, arch, default_mapping(cascade, arch, "").mapping)
    read_s = 2 * 8 * 8 * 8192 * 256 / arch.memory("DRAM").bandwidth.per_second(arch.clock_hz)
    assert 16 / 10.9 * read_s < cost.latency_s < 1.15 * 16 / 10.9 * read_s
