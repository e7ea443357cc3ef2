"""Which partitions a mapping may size."""

from accelsim.arch.load import load_arch
from accelsim.cost.evaluate import evaluate
from accelsim.mapper.bound import least_figures
from accelsim.mapper.partitions import free_partitions
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
