"""The shipped mapping `two_phase`: at sizes that it knows nothing of, what a search finds there."""

import pytest

from accelsim.arch.load import load_arch
from accelsim.cost.evaluate import evaluate
from accelsim.mapper.find import find_mapping
from accelsim.mapping.binding import bind
from accelsim.mapping.check import check
from accelsim.mapping.load import load_mapping, select
from accelsim.workload.load import load_workload

BERT = {"ranks.B": "64", "ranks.H": "12", "ranks.E": "64", "ranks.F": "64"}


@pytest.mark.parametrize("narrow", [1, 2, 4])
@pytest.mark.parametrize("length", [4096, 262144])
@pytest.mark.parametrize("buffer", ["1 MiB", "16 MiB"])
def test_it_is_legal_and_no_slower_than_what_is_found_where_tiles_divide(
    narrow: int, length: int, buffer: str
) -> None:
    settings = {
        "compute.Array1D.columns": str(256 // narrow),
        "memories.GlobalBuffer.capacity": buffer,
    }
    arch = load_arch("fusemax_cloud", settings)
    lengths = {"ranks.P": str(length), "ranks.M": str(length)}
    cascade = load_workload("attention/one_pass", BERT | lengths)
    mapping = select(load_mapping("two_phase"), cascade, arch)
    assert check(bind(mapping, cascade, arch)) == ()
    found = find_mapping(cascade, arch, strategies=("fused",))
    latency_s = evaluate(cascade, arch, mapping).latency_s
    assert found.bound.latency_s <= latency_s <= found.value * 1.001


@pytest.mark.parametrize(("length", "keeps"), [(4096, ["K"]), (262144, ["Q"])])
def test_the_buffer_keeps_keys_of_a_head_where_it_can_else_queries(
    length: int, keeps: list[str]
) -> None:
    arch = load_arch("fusemax_cloud")
    lengths = {"ranks.P": str(length), "ranks.M": str(length)}
    cascade = load_workload("attention/one_pass", BERT | lengths)
    mapping = select(load_mapping("two_phase"), cascade, arch)
    assert list(mapping.nests[0].levels[1].keep) == keeps
