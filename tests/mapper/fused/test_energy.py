"""No plan takes less than the bounds of its tiling and assignment say."""

from itertools import islice

import pytest

from accelsim.arch.load import load_arch
from accelsim.arch.spatial import point_cost
from accelsim.mapper.bound import least_figures
from accelsim.mapper.fused.energy import counting_bytes
from accelsim.mapper.fused.group import fused_groups
from accelsim.mapper.fused.ordered import Queue
from accelsim.mapper.fused.search import judge_of, mapping_of, plans
from accelsim.mapper.question import Question, quiet
from accelsim.mapping.fusion import units
from accelsim.workload.load import load_workload

TILINGS = 6


@pytest.mark.parametrize(
    ("machine", "minimise"),
    [("fusemax_cloud", "energy"), ("flat_cloud", "energy"), ("tpu_v4i", "latency")],
)
@pytest.mark.parametrize("workload", ["attention/one_pass", "attention/three_pass"])
def test_no_plan_takes_less_than_its_bounds(workload, machine, minimise):
    sizes = {"ranks.P": "1000", "ranks.M": "1000", "ranks.H": "2"}
    cascade, arch = load_workload(workload, sizes), load_arch(machine)
    bound = least_figures(cascade, arch)
    question = Question(cascade, arch, minimise, bound, quiet)
    judge, seen = judge_of(question), 0
    for group in fused_groups(cascade, units(cascade)):
        queue = Queue(group, question, bound)
        for _ in range(min(TILINGS, len(queue.heap))):
            _, tiling, assignments = queue.next()
            for plan in islice(plans(tiling, assignments, arch, bound), 4):
                answer = judge(mapping_of(plan, arch), tiling.group.cascade)
                value, energy_pj = queue.least(tiling, plan.assignment)
                if answer is not None:
                    seen += 1
                    assert answer.value >= value * (1 - 1e-9)
                    assert answer.cost.energy_pj >= energy_pj * (1 - 1e-9)
    assert seen


def test_what_counts_bytes_has_no_other_energy():
    arch = load_arch("tpu_v4i")
    counting = counting_bytes(arch, "GlobalBuffer")
    for array in counting.compute:
        for name in array.operations:
            assert point_cost(counting, array.name, {name: 1}).energy_pj == 0
    vector = point_cost(counting, "Array1D", {"exp": 1, "sub": 1, "sigmoid": 1})
    assert vector.energy_pj == 0
