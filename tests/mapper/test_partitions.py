"""Which partitions a mapping may size."""

import pytest

from accelsim.arch.load import load_arch
from accelsim.cost.evaluate import evaluate
from accelsim.mapper.bound import least_figures
from accelsim.mapper.find import find_mapping
from accelsim.mapper.partitions import free_partitions, loose_partitions
from accelsim.mapping.automatic import automatic_mapping
from accelsim.workload.load import load_workload


def test_tiles_of_keys_are_free_unless_somebody_chose_them():
    assert free_partitions(load_workload("attention/one_pass")) == {"M": ("M1", "M0")}
    assert free_partitions(load_workload("attention/one_pass", {"ranks.M0": "128"})) == {}


def test_chunks_of_keys_that_must_match_chunks_of_queries_are_not():
    # Lightning attention reads queries at c*T + t beside keys of chunk c.
    cascade, arch = load_workload("linear/lightning_2"), load_arch("fusemax_cloud")
    assert free_partitions(cascade) == {}
    cost = evaluate(cascade, arch, automatic_mapping(cascade, arch))
    assert least_figures(cascade, arch).latency_s <= cost.latency_s


def workload(tmp_path, ranks, cascade, inputs="{Q: [P, E], K: [M, E]}"):
    file = tmp_path / "made_up.yaml"
    lines = [f"  {line}" for line in ("m -> m1, m0", *cascade)]
    file.write_text(
        f"about: a\nsource: made up\nword: 2 B\nranks: {{P: 8, E: 32, {ranks}}}\n"
        f"inputs: {inputs}\ncascade: |\n" + "\n".join(lines) + "\n"
    )
    return load_workload(file)


MEANS_OF_PAGES = ("C[m1,e] += K[m1,m0,e]", "S[p,m1] += Q[p,e] * C[m1,e]")
SUM = ("Z[p] += Q[p,e] * K[m1,m0,e]",)


@pytest.mark.parametrize(
    ("ranks", "cascade"),
    [
        ("M: 256, M0: 16", MEANS_OF_PAGES),  # as many results as pages
        ("M0: 16, M1: 16, M: M0 * M1", SUM),  # another tile, another number of keys
        ("M0: 16, M1: 16", SUM),
        ("M0: 16, M1: 16, M: 256", SUM),  # both given: no other tile makes 16 of them
        ("M: 256, M0: 16, W: M0 + 1", ("Z[p,w] += Q[p,e] * K[m1,m0,e] where w <= p",)),
        ("M: 256, M0: 16", ("Z[p] += Q[p,e] * K[m1,m0,e] / M0",)),
        ("M: 256, M0: 16", ("Z[p] += Q[p,e] * K[m1,m0,e] where m1 < 9",)),
        # The largest of sums depends on what is summed: only numbers tell.
        ("M: 256, M0: 16", (*MEANS_OF_PAGES, "Z[p] max= S[p,m1]")),
    ],
)
def test_tiles_that_are_part_of_the_question_are_not_free(tmp_path, ranks, cascade):
    assert free_partitions(workload(tmp_path, ranks, cascade)) == {}


def test_a_table_by_place_in_the_tile_fixes_the_tile(tmp_path):
    cascade = ("T[p,m1,m0] += Q[p,e] * K[m1,m0,e]", "Z[p] += T[p,m1,m0] * W[m0]")
    inputs = "{Q: [P, E], K: [M, E], W: [M0]}"
    assert loose_partitions(workload(tmp_path, "M: 256, M0: 16", cascade, inputs)) == {}


@pytest.mark.parametrize("cascade", [SUM, ("L[p,m1] += Q[p,e] * K[m1,m0,e]", "Z[p] += L[p,m1]")])
def test_tiles_of_a_sum_are_free(tmp_path, cascade):
    assert free_partitions(workload(tmp_path, "M: 256, M0: 16", cascade)) == {"M": ("M1", "M0")}


def test_a_search_does_not_shrink_what_is_made_of_its_tiles(tmp_path):
    cascade = workload(tmp_path, "M0: 16, M1: 16, M: M0 * M1", SUM)
    found = find_mapping(cascade, load_arch("fusemax_cloud"), strategies=["fused"])
    assert "M0" not in found.mapping.ranks
    assert found.value >= found.bound.latency_s


def test_blocks_of_a_mask_stay(tmp_path):
    # PowerAttention's blocks decide who attends to whom.
    assert free_partitions(load_workload("sparse/power_attention:decode")) == {}
