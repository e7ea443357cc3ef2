"""Studies of GPUs: every point has kernels of its own."""

import pytest

from accelsim.arch.load_gpu import load_gpu
from accelsim.base.errors import StudyError
from accelsim.cost.evaluate import evaluate
from accelsim.workload.load import load_workload

TWO_KERNELS = """\
question: How long do kernels by rules take, and how long the library's?
tables:
- name: results
  vary:
    workload.ranks.P: [256, 1024]
    bandwidth: {set: arch.memories.HBM.bandwidth, to: [1 TB/s, 2 TB/s]}
  derive: {workload.ranks.M: P}
  runs:
  - columns: {kernel: rules}
    parts: [{workload: attention/three_pass, arch: h100_sxm}]
  - columns: {kernel: cudnn}
    parts: [{workload: attention/three_pass, arch: h100_sxm, mapping: cudnn}]
  measures: {seconds: latency_s, bound: bound, hbm: traffic_bytes.HBM, busy: busy.tensor}
"""
ONE = """\
question: How long?
workload: kernels/gemm
arch: h100_sxm
vary: {workload.ranks.M: [64, 128]}
"""


def test_points_are_those_of_evaluate(run):
    table = run(TWO_KERNELS)
    assert len(table) == 8
    for row in range(4):
        size = str(table["workload.ranks.P"][row])
        cascade = load_workload("attention/three_pass", {"ranks.P": size, "ranks.M": size})
        gpu = load_gpu("h100_sxm", {"memories.HBM.bandwidth": str(table["bandwidth"][row])})
        cost = evaluate(cascade, gpu)
        assert (table["seconds"][row], table["bound"][row]) == (cost.latency_s, cost.bound)


def test_a_study_of_one_workload_has_every_measure(run):
    names = {"latency_s", "fits", "traffic_bytes.L2", "busy.tensor", "in_use.fp32"}
    assert names <= set(run(ONE).columns)


def test_only_ranks_can_be_derived(run):
    derived = TWO_KERNELS.replace("workload.ranks.M: P", "arch.sms: P")
    with pytest.raises(StudyError, match=r"arch\.sms cannot be derived where a machine is a GPU"):
        run(derived)
