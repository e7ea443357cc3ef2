"""Energy of iterations: what links carry, done on paper; boards between idle and their limit."""

from dataclasses import replace

import pytest

from accelsim.arch.load_system import load_system, machines_of
from accelsim.cost.system.buckets import Exact
from accelsim.cost.system.costs import costs_of
from accelsim.cost.system.effort import idle_w
from accelsim.cost.system.energy import iteration_j, not_counted, parts_without_energy
from accelsim.cost.system.iteration import Batch
from accelsim.cost.system.plan import plan_of
from accelsim.mapping.values import with_values
from accelsim.workload.model_load import load_model

BATCH = Batch(sequences=8, keys=8 * 1024)


def planned(system, **settings):
    at = load_system(system, settings)
    return plan_of(at, load_model("llama3_8b"), machines_of(at))


def iteration(plan):
    return costs_of(plan, Exact())(BATCH)


@pytest.mark.parametrize("system", ["eight_h100", "two_h100"])
def test_boards_draw_more_than_idle_and_less_than_their_limit(system):
    plan = planned(system)
    now = iteration(plan)
    count = plan.holder.count if plan.holder == plan.attender else 2
    gpu = plan.machines[plan.holder.name]
    watts = plan.engines * iteration_j(plan, now) / now.seconds / count
    assert idle_w(gpu) < watts < gpu.power.limit_w


def test_a_link_takes_its_picojoules_for_each_bit():
    base, more = planned("two_h100"), planned("two_h100", **{"links.nvlink.energy": "1005 pJ/bit"})
    now = iteration(base)
    # The file says 5 pJ/bit: 1,000 more.
    expected = now.link_bytes["nvlink"] * 8 * 1000e-12
    assert iteration_j(more, iteration(more)) - iteration_j(base, now) == pytest.approx(expected)


def test_what_waits_takes_its_idle_power_over_the_whole_iteration():
    plan = planned("eight_h100")
    now = replace(iteration(plan), joules={})
    # Two engines of four boards each.
    assert iteration_j(plan, now) == pytest.approx(4 * (70 + 61) * now.seconds)


def test_what_is_not_counted_is_said():
    assert not_counted(planned("eight_h100")) == "hosts, switches, fans and power supplies"
    silent = planned("h100_fusemax", **{"links.pcie.energy": "0 pJ/bit"})
    told = not_counted(silent)
    assert "link pcie, which gives none" in told
    assert told.endswith("the board of FuseMax beyond its modelled parts")
    assert "Prefill, which only reads prompts" in not_counted(planned("h100_prefill_apart"))


def test_parts_that_do_not_say_what_they_take_are_named():
    plan = planned("h100_fusemax")
    assert parts_without_energy(plan) == ()
    array = plan.machines["FuseMax"]
    free = {"memories.DRAM.read": 0, "memories.DRAM.write": 0}
    silent = replace(plan, machines={**plan.machines, "FuseMax": with_values(array, free)})
    assert parts_without_energy(silent) == ("memories.DRAM of FuseMax",)
