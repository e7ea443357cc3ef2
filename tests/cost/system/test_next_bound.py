"""Who binds next, held against the iteration asked again on both sides of the place."""

import pytest

from accelsim.arch.load_system import load_system, machines_of
from accelsim.cost.system.buckets import Exact
from accelsim.cost.system.costs import costs_of
from accelsim.cost.system.explained import bound_of
from accelsim.cost.system.iteration import Batch
from accelsim.cost.system.next_bound import LEVERS, runner_up
from accelsim.cost.system.plan import plan_of
from accelsim.workload.model_load import load_model


def asked(plan, batch):
    return costs_of(plan, Exact())(batch)


def planned(system, **settings):
    at = load_system(system, settings)
    return plan_of(at, load_model("llama3_8b"), machines_of(at))


def found_of(plan, batch):
    now = asked(plan, batch)
    bound = bound_of(now)
    return bound, runner_up(plan, batch, now, bound, lambda *at: bound_of(asked(*at)))


@pytest.mark.parametrize(
    ("context", "settings", "bound", "second"),
    [
        (1024, {}, "model", "attention"),
        (4096, {}, "attention", "model"),
        (1024, {"serving.overhead": "2 ms"}, "model", "host"),
        (1024, {"serving.overhead": "9 ms"}, "host", "model"),
    ],
)
def test_at_the_factor_and_no_sooner_something_else_binds(context, settings, bound, second):
    plan, batch = planned("eight_h100", **settings), Batch(64, 64 * context)
    today, found = found_of(plan, batch)
    assert (today, found.name) == (bound, second)
    lever = LEVERS["host" if settings else "attention"]
    assert lever.of == found.of
    # 2 % towards today, and 2 % beyond.
    towards = 1 / 1.02 if found.at > 1 else 1.02
    assert bound_of(asked(*lever.at(plan, batch, found.at * towards))) == bound
    assert bound_of(asked(*lever.at(plan, batch, found.at / towards))) == second


def test_an_overhead_binds_at_what_the_model_takes():
    plan, batch = planned("eight_h100", **{"serving.overhead": "2 ms"}), Batch(64, 64 * 1024)
    _, found = found_of(plan, batch)
    assert found.at == pytest.approx(asked(plan, batch).way_s["model"] / 2e-3, rel=0.03)


def test_what_nothing_makes_bind_is_told_by_its_share():
    plan, batch = planned("eight_h100", **{"links.nvlink.latency": "0 us"}), Batch(1, 16)
    _, found = found_of(plan, batch)
    assert found.at is None
    assert found.text.startswith(f"next: {found.name}, {found.share:.0%} as long, and no ")
