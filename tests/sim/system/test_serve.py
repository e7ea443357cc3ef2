import random
import tracemalloc
from itertools import pairwise

import pytest

from accelsim.base.errors import WorkloadError
from accelsim.cost.system.buckets import Exact
from accelsim.cost.system.costs import costs_of
from accelsim.cost.system.effort import idle_w
from accelsim.cost.system.iteration import Batch, Chunk
from accelsim.sim.arrivals import ClosedLoop, at_once, poisson
from accelsim.sim.request import Request
from accelsim.sim.system import serve as door
from accelsim.sim.system.caveats import caveats
from accelsim.sim.system.serve import Options, serve
from accelsim.sim.timeline import Window
from tests.cost.system.systems import (
    APART,
    KV_TOKEN_BYTES,
    PROMPTS,
    TINY,
    TOGETHER,
    plan,
    with_room,
)

ROOM = 900
SYSTEMS = {
    "one": (TOGETHER, {}),
    "two replicas": (TOGETHER, {"count": 2}),
    "replicas on a shared link": (TOGETHER, {"count": 4, "tensor": 2, "shared": "true"}),
    "tensor and pipeline": (TOGETHER, {"count": 4, "tensor": 2, "pipeline": 2}),
    "context": (TOGETHER, {"count": 2, "context": 2, "overhead": "100 us"}),
    "whole": (TOGETHER, {"admit": "whole"}),
    "decode only": (TOGETHER, {"prefill": "elsewhere"}),
    "offload": (APART, {"workers": 2, "batches": 3, "count": 2, "chunk": 64}),
    "offload, decode only": (APART, {"prefill": "elsewhere", "split": "sequence", "workers": 3}),
    "offload, shared link": (APART, {"workers": 2, "shared": "true", "bandwidth": "1 GB/s"}),
    "prompts apart": (PROMPTS, {"workers": 2, "count": 2}),
    "prompts apart in twos": (PROMPTS, {"workers": 4, "count": 2, "tensor": 2}),
}
SEEDS = range(3)


def system(name):
    text, changed = SYSTEMS[name]
    return with_room(ROOM, text, **changed)


def drawn(seed, number=80, rate_per_s=4000.0):
    rng = random.Random(seed)
    lengths = (
        (rng.randint(1, 300), rng.choice((1, 2, rng.randint(1, 200)))) for _ in range(number)
    )
    made = [Request(n, 0.0, *each) for n, each in enumerate(lengths)]
    return list(poisson(made, rate_per_s, seed))


def run(of, requests, **options):
    outcomes = []
    served = serve(of, requests, Options(took=outcomes.append, **options))
    return served, outcomes


# --- what is kept whatever happens ----------------------------------------------------------------


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", SYSTEMS)
def test_nothing_is_lost_and_nothing_is_made_twice(name, seed):
    requests = drawn(seed)
    served, outcomes = run(system(name), requests)
    summary, ledger = served.summary, served.ledger
    assert sorted(each.request.number for each in outcomes) == list(range(len(requests)))
    assert summary.requests == summary.finished == len(requests)
    assert summary.tokens == sum(request.output_tokens for request in requests)
    assert ledger.made.total == pytest.approx(summary.tokens)
    assert ledger.sent_bytes == ledger.received_bytes
    # A first token that is made here has no token before it.
    firsts = summary.ttft.weight if summary.ttft is not None else 0
    assert firsts == (0 if "decode only" in name else len(requests))
    assert summary.tbt.weight == summary.tokens - firsts
    assert summary.preempted == sum(each.preempted for each in outcomes)
    assert summary.recomputed_tokens == sum(each.recomputed_tokens for each in outcomes)
    assert summary.notes == tuple(caveats(served.ledger.plan))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", SYSTEMS)
def test_nobody_is_busy_for_longer_than_the_run(name, seed):
    served, outcomes = run(system(name), drawn(seed))
    summary = served.summary
    assert summary.seconds == pytest.approx(max(each.finished_s for each in outcomes))
    shares = {**summary.utilization, **summary.link_utilization}
    assert set(summary.utilization) == {str(each) for each in served.ledger.plan.system.workers()}
    assert all(0 <= share <= 1 + 1e-9 for share in shares.values()), shares
    assert max(summary.utilization.values()) > 0.1


@pytest.mark.parametrize("name", SYSTEMS)
def test_times_of_a_request_are_in_order(name):
    _, outcomes = run(system(name), drawn(5))
    for each in outcomes:
        request = each.request
        assert request.arrived_s <= each.started_s * (1 + 1e-12) < each.finished_s
        if each.first_token_s is not None:
            assert each.started_s < each.first_token_s <= each.finished_s
            if each.tbt_max_s is not None:
                assert each.tbt_mean_s <= each.tbt_max_s * (1 + 1e-9)


@pytest.mark.parametrize("name", SYSTEMS)
def test_the_longest_gap_of_all_requests_is_that_of_the_histogram(name):
    served, outcomes = run(system(name), drawn(2))
    longest = max(each.tbt_max_s for each in outcomes if each.tbt_max_s is not None)
    assert served.summary.tbt.most == pytest.approx(longest)


@pytest.mark.parametrize("name", SYSTEMS)
def test_the_mean_gap_of_all_tokens_is_that_of_the_histogram(name):
    served, outcomes = run(system(name), drawn(3))
    if served.summary.ttft is None:
        return
    gaps = [each.finished_s - each.first_token_s for each in outcomes]
    assert served.summary.tbt.total == pytest.approx(sum(gaps))


@pytest.mark.parametrize("name", SYSTEMS)
def test_a_run_is_the_same_when_it_is_played_again(name):
    one, other = (run(system(name), drawn(4)) for _ in range(2))
    assert one[0].summary.figures() == other[0].summary.figures()
    assert one[1] == other[1]


def test_these_systems_are_short_of_memory():
    """Or nobody would have given way above."""
    preempted = {name: run(system(name), drawn(0))[0].summary.preempted for name in SYSTEMS}
    assert preempted.pop("whole") == 0
    assert min(preempted.values()) > 0, preempted


# --- by hand --------------------------------------------------------------------------------------


def test_one_request_alone_is_its_prompt_and_its_tokens():
    of = plan()
    costs = costs_of(of, Exact())
    iterations = [costs(Batch(0, 0, (Chunk(100, 0),)))]
    iterations += [costs(Batch(1, 101 + n)) for n in range(4)]
    served, (outcome,) = run(of, [Request(0, 2.0, 100, 5)], nodes=Exact())
    assert outcome.first_token_s == pytest.approx(2.0 + iterations[0].seconds)
    assert outcome.finished_s == pytest.approx(2.0 + sum(each.seconds for each in iterations))
    assert outcome.tbt_max_s == pytest.approx(max(each.seconds for each in iterations[1:]))
    busy_s = sum(each.busy_s["A"] for each in iterations)
    assert served.ledger.busy_s == {("A", 0): pytest.approx(busy_s)}
    joules = sum(each.joules["A"] for each in iterations)
    waited = idle_w(of.machines["A"]) * outcome.finished_s
    assert served.summary.energy_by_part_j == {
        "A.0": pytest.approx(joules),
        "A.0 waiting": pytest.approx(waited),
    }


def test_a_prompt_that_is_longer_than_a_chunk_takes_several_iterations():
    of = plan(chunk=40)
    costs = costs_of(of, Exact())
    parts = (Chunk(40, 0), Chunk(40, 40), Chunk(20, 80))
    _, (outcome,) = run(of, [Request(0, 0.0, 100, 1)], nodes=Exact())
    assert outcome.finished_s == pytest.approx(
        sum(costs(Batch(0, 0, (part,))).seconds for part in parts)
    )
    assert (outcome.tbt_mean_s, outcome.tbt_max_s) == (None, None)


def test_a_prompt_is_worked_on_then_its_keys_travel_then_it_decodes():
    of = plan(PROMPTS)
    costs = costs_of(of, Exact())
    prompt_s = costs(Batch(0, 0, (Chunk(100, 0),))).seconds
    travel_s = 100 * KV_TOKEN_BYTES / 100e9 + 2 * 5e-6
    decode_s = [costs(Batch(1, 101 + n)).seconds for n in range(3)]
    served, (outcome,) = run(of, [Request(0, 0.0, 100, 4)], nodes=Exact())
    assert outcome.first_token_s == pytest.approx(prompt_s)
    assert outcome.finished_s == pytest.approx(prompt_s + travel_s + sum(decode_s))
    assert outcome.tbt_max_s == pytest.approx(travel_s + decode_s[0])
    assert served.ledger.sent_bytes["up"] == pytest.approx(100 * KV_TOKEN_BYTES)
    assert served.ledger.busy_s["P", 0] == pytest.approx(prompt_s)
    assert served.summary.tbt.weight == 3


def test_a_request_for_one_token_is_done_where_its_prompt_is():
    served, outcomes = run(plan(PROMPTS), [Request(0, 0.0, 100, 1)])
    assert (served.summary.tokens, len(outcomes)) == (1, 1)
    assert ("A", 0) not in served.ledger.busy_s
    assert served.ledger.sent_bytes == {}


def test_what_gives_way_has_its_prompt_worked_on_again_where_prompts_are():
    """The room is for one and a half: the second comes back when the first is done."""
    of = with_room(230, PROMPTS)
    requests = list(at_once([Request(0, 0.0, 90, 60), Request(1, 0.0, 90, 60)]))
    served, outcomes = run(of, requests)
    (again,) = [each for each in outcomes if each.preempted]
    assert served.summary.recomputed_tokens == again.recomputed_tokens > 90
    # The last token that it had is computed for the first time.
    sent = served.ledger.sent_bytes["up"] / KV_TOKEN_BYTES
    assert sent == pytest.approx(90 + 90 + again.recomputed_tokens + 1)


def test_who_gave_way_waited_between_two_tokens():
    of = with_room(230)
    requests = list(at_once([Request(0, 0.0, 90, 60), Request(1, 0.0, 90, 60)]))
    served, outcomes = run(of, requests)
    (again,) = [each for each in outcomes if each.preempted]
    others = [each.tbt_max_s for each in outcomes if not each.preempted]
    assert again.tbt_max_s > 3 * max(others)
    assert served.summary.tbt.most == pytest.approx(again.tbt_max_s)


@pytest.mark.parametrize("text", [TOGETHER, APART, PROMPTS])
def test_no_first_token_comes_before_its_own_prompt_is_done(text):
    """Chunks of a prompt take at least as long as its weights and pairs; half of the prompt alone
    is a safe bound for prompts that share an iteration."""
    of = plan(text)
    costs = costs_of(plan())
    _, outcomes = run(of, drawn(1, 40))
    for each in outcomes:
        tokens = each.request.prompt_tokens
        assert each.ttft_s >= 0.5 * costs(Batch(0, 0, (Chunk(tokens, 0),))).seconds


# --- who comes, and when --------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["one", "two replicas", "offload", "prompts apart"])
def test_no_more_requests_are_under_way_than_there_are_clients(name):
    requests = drawn(6)
    served, outcomes = run(system(name), ClosedLoop(iter(requests), clients=7))
    assert served.summary.finished == len(requests)
    changes = [(each.request.arrived_s, 1) for each in outcomes]
    changes += [(each.finished_s, -1) for each in outcomes]
    under_way, most = 0, 0
    for _, change in sorted(changes):
        under_way += change
        most = max(most, under_way)
    assert most == 7
    assert sum(each.request.arrived_s == 0 for each in outcomes) == 7


def test_clients_think_before_they_ask_again():
    served, outcomes = run(plan(), ClosedLoop(iter(drawn(0, 3)), clients=1, think_s=5.0))
    first, second, third = outcomes
    assert second.request.arrived_s == first.finished_s + 5
    assert third.request.arrived_s == second.finished_s + 5
    assert served.summary.notes == ()


def test_with_fewer_requests_than_clients_all_are_answered():
    served, _ = run(plan(), ClosedLoop(iter(drawn(0, 3)), clients=50))
    assert (served.summary.requests, served.summary.finished) == (3, 3)


def test_of_nothing_nothing_comes():
    for source in ([], ClosedLoop(iter([]), clients=4)):
        served, outcomes = run(plan(), source)
        assert (served.summary.requests, served.summary.seconds, outcomes) == (0, 0.0, [])
        assert served.summary.tokens_per_s is None


def test_a_request_that_can_never_fit_is_refused_by_its_number():
    of = with_room(300)
    served, _ = run(of, [Request(0, 0.0, 200, 91)])
    assert served.summary.finished == 1
    with pytest.raises(WorkloadError) as error:
        run(of, [Request(0, 0.0, 10, 10), Request(8, 0.0, 200, 92)])
    assert str(error.value) == (
        "request 8 needs room for 301 tokens; A has room for 300. "
        "Take more devices, or leave such requests out"
    )


@pytest.mark.parametrize("name", ["two replicas", "prompts apart"])
def test_who_finds_long_queues_stays_in_the_source(name, monkeypatch):
    monkeypatch.setattr(door, "MOST_WAITING", 3)
    text, changed = SYSTEMS[name]
    of = with_room(ROOM, text, **changed)
    serving = of.system.serving.model_copy(update={"most_sequences": 2})
    of = type(of)(of.system.model_copy(update={"serving": serving}), TINY, of.machines)
    taken, requests = [], drawn(7, rate_per_s=1e9)
    most = 0

    def source():
        for request in requests:
            taken.append(request)
            yield request

    def took(outcome):
        nonlocal most
        most = max(most, len(taken) - len(done))
        done.append(outcome)

    done: list = []
    served = serve(of, source(), Options(took=took))
    assert served.summary.finished == len(requests)
    # Two engines of at most six, and what is at hand between them.
    assert most < 25


def test_a_run_that_is_stopped_says_so():
    requests = drawn(0, 200)
    whole, _ = run(system("one"), requests)
    served, outcomes = run(system("one"), requests, until_s=whole.summary.seconds / 2)
    assert served.summary.seconds == whole.summary.seconds / 2
    left = served.summary.requests - len(outcomes)
    assert served.summary.notes == (
        f"stopped at {whole.summary.seconds / 2:g} s, with {left} requests under way",
    )
    assert 0 < served.summary.tokens < whole.summary.tokens


def test_a_run_that_ends_before_it_is_stopped_is_as_long_as_it_was():
    whole, _ = run(system("one"), drawn(0))
    served, _ = run(system("one"), drawn(0), until_s=1e6)
    assert served.summary.figures() == whole.summary.figures()


def test_memory_does_not_grow_with_the_trace():
    """What Python holds at the most while ten times as many requests come and go."""
    of, peaks = plan(PROMPTS, workers=2, count=2), []
    for number in (1500, 150, 1500):
        tracemalloc.start()
        source = poisson(
            (Request(n, 0.0, 20 + n % 50, 1 + n % 30) for n in range(number)), rate_per_s=2000
        )
        served = serve(of, source)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert served.summary.finished == number
    # The first run has loaded what all need, and asked what is remembered of calls (`MOST_CALLS`).
    # CPython keeps 2,000 freed tuples of a length for later; simpy's events have four items, 72 B.
    assert peaks[2] < 1.5 * peaks[1] + 2000 * 72, peaks


# --- the window -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SYSTEMS)
def test_spans_reach_into_the_window_and_an_actor_does_one_thing_at_a_time(name):
    whole, _ = run(system(name), drawn(8))
    middle_s = whole.summary.seconds / 2
    window = Window(middle_s * 0.8, middle_s * 1.2)
    run(system(name), drawn(8), window=window)
    assert window.spans
    for span in window.spans:
        assert window.shows(span.start_s, span.end_s)
        assert 0 <= span.start_s <= span.end_s <= whole.summary.seconds * (1 + 1e-9)
    for actor, spans in window.lanes().items():
        for one, other in pairwise(spans):
            assert one.end_s <= other.start_s + 1e-12, actor
    actors = {span.actor for span in window.spans}
    assert "A.0" in actors
    if "offload" in name:
        assert {span.activity for span in window.spans if span.actor == "B.0"} == {"attention"}


def test_a_window_changes_nothing():
    plain, _ = run(system("one"), drawn(8))
    seen, _ = run(system("one"), drawn(8), window=Window(0.0, 1e9))
    assert seen.summary.figures() == plain.summary.figures()
