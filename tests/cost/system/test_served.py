"""What an engine's work comes to, held against requests that are served one event at a time."""

import pytest

from accelsim.base.errors import WorkloadError
from accelsim.cost.system.buckets import Exact
from accelsim.cost.system.iteration import Batch
from accelsim.cost.system.served import decoding, prompt
from accelsim.sim.request import Request
from accelsim.sim.system.serve import Options, serve
from tests.cost.system.systems import APART, PROMPTS, TOGETHER, with_room

ROOM = 4000
SYSTEMS = {
    "one": (TOGETHER, {}),
    "in chunks": (TOGETHER, {"chunk": 64}),
    "pipeline": (TOGETHER, {"count": 4, "tensor": 2, "pipeline": 2, "chunk": 64}),
    "offload": (APART, {"workers": 2, "batches": 2}),
    "prompts apart": (PROMPTS, {"workers": 2, "count": 2}),
}


def system(name):
    text, changed = SYSTEMS[name]
    return with_room(ROOM, text, **changed)


@pytest.mark.parametrize("name", [name for name in SYSTEMS if name != "prompts apart"])
def test_a_prompt_that_comes_alone_has_its_first_token_then(name):
    plan = system(name)
    told = []
    serve(plan, [Request(0, 0.0, 300, 1)], Options(nodes=Exact(), took=told.append))
    assert prompt(plan, 300).seconds == pytest.approx(told[0].first_token_s, rel=1e-9)


@pytest.mark.parametrize("name", ["one", "offload"])
def test_a_batch_decodes_as_fast_and_for_as_much_energy_as_it_is_served(name):
    text, changed = SYSTEMS[name]
    plan = with_room(ROOM, text, prefill="elsewhere", **changed)
    requests = [Request(number, 0.0, 200, 1) for number in range(6)]
    summary = serve(plan, requests, Options(nodes=Exact())).summary
    found = decoding(plan, Batch(6, 6 * 201))
    assert found.tokens_per_s == pytest.approx(summary.tokens_per_s, rel=1e-2)
    assert found.energy_j == pytest.approx(summary.energy_j, rel=1e-2)
    assert found.power_w == pytest.approx(found.energy_j / found.seconds)


def test_replicas_make_as_many_more_tokens_for_the_price_of_all():
    one, two = system("one"), with_room(ROOM, TOGETHER, count=2)
    batch = Batch(4, 400)
    alone, both = decoding(one, batch), decoding(two, batch)
    assert both.seconds == alone.seconds
    assert both.tokens_per_s == pytest.approx(2 * alone.tokens_per_s)
    assert both.joules_per_token == pytest.approx(alone.joules_per_token)


def test_dollars_are_rent_times_seconds_over_tokens():
    found = decoding(system("one"), Batch(4, 400))
    rent = found.usd_per_hour
    per_token = rent / 3600 * found.seconds / 4
    assert rent and found.usd_per_million_tokens == pytest.approx(1e6 * per_token)


def test_a_prompt_that_is_worked_on_nowhere_is_refused():
    plan = with_room(ROOM, TOGETHER, prefill="elsewhere")
    with pytest.raises(WorkloadError, match="works on no prompts"):
        prompt(plan, 100)
    with pytest.raises(WorkloadError, match="room for"):
        prompt(system("one"), ROOM + 100)
