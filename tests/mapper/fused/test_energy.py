"""No plan takes less than the bounds of its tiling and assignment say."""

from itertools import islice

import pytest

from accelsim.arch.load import load_arch
from accelsim.mapper.bound import least_figures
from accelsim.mapper.fused.group import fused_groups
from accelsim.mapper.fused.ordered import Queue
from accelsim.mapper.fused.search import judge_of, mapping_of, plans
from accelsim.mapping.fusion import units
from accelsim.workload.load import load_workload

TILINGS = 6


@pytest.mark.parametrize("machine", ["fusemax_cloud", "flat_cloud", "tpu_v4i"])
@pytest.mark.parametrize("workload", ["attention/one_pass", "attention/three_pass"])
def test_no_plan_takes_less_than_its_bounds(workload, machine):
    sizes = {"ranks.P": "1000", "ranks.M": "1000", "ranks.H": "2"}
    cascade, arch = load_workload(workload, sizes), load_arch(machine)
    bound = least_figures(cascade, arch)
    judge, seen = judge_of(arch, "energy"), 0
    for group in fused_groups(cascade, units(cascade)):
        queue = Queue(group, arch, "energy", bound)
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
