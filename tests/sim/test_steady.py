"""The steady part of a run: by hand, and as what a system does that is kept full."""

import pytest

from accelsim.arch.load_system import load_system, machines_of
from accelsim.cost.system.costs import costs_of
from accelsim.cost.system.iteration import Batch
from accelsim.cost.system.plan import Plan, plan_of
from accelsim.sim.request import Outcome, Request
from accelsim.sim.steady import SteadyPart
from accelsim.sim.system.ledger import Ledger
from accelsim.sim.system.serve import Options, serve
from accelsim.workload.model_load import load_model


@pytest.fixture(scope="module")
def plan() -> Plan:
    system = load_system("vllm_4h100", {"serving.prefill": "elsewhere"})
    return plan_of(system, load_model("llama3_70b"), machines_of(system))


def outcome(started_s: float, finished_s: float) -> Outcome:
    return Outcome(Request(0, 0.0, 1, 1), started_s, None, finished_s, None, None)


def test_it_lies_between_an_answer_and_the_last_beginning(plan: Plan) -> None:
    ledger = Ledger(plan, took=lambda outcome: None)
    ledger.produced(10, 0.0, 1.0)
    ledger.produced(40, 1.0, 2.0)
    ledger.batch.hold(10, 0.0, 1.0)
    ledger.batch.hold(20, 1.0, 2.0)
    part = SteadyPart(warm_up=2)
    for each in (outcome(0.0, 0.3), outcome(0.0, 0.5), outcome(1.5, 2.0)):
        part.took(each)
    found = part.of(ledger)
    assert found is not None
    assert (found.start_s, found.end_s) == (0.5, 1.5)
    # Half a second of 10 tokens a second, half of 40.
    assert found.tokens_per_s == pytest.approx(25, rel=0.01)
    assert found.mean_batch == pytest.approx(15, rel=0.01)


def test_without_enough_answers_there_is_none(plan: Plan) -> None:
    part = SteadyPart(warm_up=2)
    part.took(outcome(0.0, 0.3))
    assert part.of(Ledger(plan, took=lambda outcome: None)) is None
    part.took(outcome(0.1, 0.4))
    assert part.of(Ledger(plan, took=lambda outcome: None)) is None


def test_equal_requests_keep_the_system_as_full_as_the_formula_says(plan: Plan) -> None:
    prompt, output = 4096, 256
    requests = [Request(n, 0.0, prompt, output) for n in range(500)]
    part = SteadyPart(warm_up=125)
    served = serve(plan, requests, Options(took=part.took))
    found = part.of(served.ledger)
    assert found is not None
    assert 0 < found.start_s < found.end_s < served.summary.seconds
    context = prompt + output / 2
    # All begin at once, so that their keys grow together and the batch swings around the mean.
    batch = plan.kv_tokens / (context + 8)
    assert found.mean_batch == pytest.approx(batch, rel=0.05)
    tbt_s = costs_of(plan)(Batch(round(batch), round(batch * context))).seconds
    assert found.tokens_per_s == pytest.approx(batch / tbt_s, rel=0.05)
