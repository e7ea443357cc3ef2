import pytest

from accelsim.base.errors import ArchError, InputError
from accelsim.base.yamlfile import parse_yaml
from accelsim.sim.arrivals import ClosedLoop, at_once
from accelsim.sim.request import Request
from accelsim.sim.system.faults import Fault, at, changes, concerns, factors, read_faults
from tests.cost.system.systems import APART, PROMPTS, TOGETHER, plan, system_of, with_room
from tests.sim.system.test_serve import SYSTEMS, drawn, run, system

FILE = """\
about: A bad hour.
faults:
- {at: 100 s, what: B.1, kind: slows, by: 2, for: 60 s}
- {at: 200 s, what: A.0, kind: dies, for: 300 s}
- {at: 50 s, what: net, kind: degrades, by: 4}
"""


def fault(at_s, what, kind="dies", **more):
    return Fault(at_s=at_s, what=what, kind=kind, **more)


def read(text):
    return read_faults(parse_yaml(text, "f.yaml"), system_of(APART, workers=2))


# --- a file of them -------------------------------------------------------------------------------


def test_faults_are_read_with_their_units():
    slows, dies, degrades = read(FILE)
    assert (slows.at_s, slows.until_s, slows.by) == (100, 160, 2)
    assert (dies.kind, dies.what, dies.until_s) == ("dies", "A.0", 500)
    assert degrades.until_s == float("inf")


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("B.1", "B.2", "f.yaml:3: nothing called 'B.2' slows. Did you mean 'B.1'?"),
        ("what: net", "what: A.0", "f.yaml:5: nothing called 'A.0' degrades. There are own, net"),
        ("A.0", "net", "f.yaml:4: nothing called 'net' dies. There are A.0, B.0, B.1"),
        ("by: 4", "by: 1", "f.yaml:5: faults: by: give a factor above 1"),
        ("by: 2, ", "", "f.yaml:3: faults: by: give a factor above 1"),
        ("kind: dies", "kind: dies, by: 2", "f.yaml:4: faults: by: what dies is no slower"),
    ],
)
def test_a_fault_of_nothing_gets_one_line(old, new, text):
    with pytest.raises(InputError) as error:
        read(FILE.replace(old, new))
    assert text in str(error.value)


def test_what_is_in_force_when():
    faults = read(FILE)
    assert list(changes(faults)) == [50, 100, 160, 200, 500]
    assert [each.kind for each in at(faults, 100)] == ["slows", "degrades"]
    assert [each.kind for each in at(faults, 160)] == ["degrades"]
    assert [each.kind for each in at(faults, 499.9)] == ["dies", "degrades"]


def test_factors_of_one_thing_multiply_and_a_death_has_none():
    faults = (fault(0, "B.1", "slows", by=2), fault(0, "B.1", "slows", by=3), fault(0, "A.0"))
    assert factors(faults) == {"B.1": 6.0}


def test_a_link_s_fault_concerns_all_and_a_device_s_only_its_own():
    engine = {"A": tuple(system_of().workers())}
    assert concerns(fault(0, "A.0"), engine)
    assert not concerns(fault(0, "A.1"), engine)
    assert concerns(fault(0, "own", "degrades", by=2), engine)


# --- whatever happens, nothing is lost ------------------------------------------------------------

DEATHS = {
    "one": "A.0",
    "two replicas": "A.1",
    "replicas on a shared link": "A.3",
    "tensor and pipeline": "A.2",
    "whole": "A.0",
    "decode only": "A.0",
    "offload": "B.1",
    "offload, decode only": "B.1",
    "prompts apart": "A.1",
    "prompts apart in twos": "P.3",
}


@pytest.mark.parametrize("share", [0.13, 0.5, 0.77])
@pytest.mark.parametrize("name", DEATHS)
def test_a_device_that_dies_for_a_while_loses_no_request(name, share):
    requests, of = drawn(0), system(name)
    whole, _ = run(of, requests)
    end_s = whole.summary.seconds
    served, outcomes = run(of, requests, faults=(fault(share * end_s, DEATHS[name], for_s=end_s),))
    summary = served.summary
    assert sorted(each.request.number for each in outcomes) == list(range(len(requests)))
    assert summary.tokens == sum(request.output_tokens for request in requests)
    firsts = summary.ttft.weight if summary.ttft is not None else 0
    assert summary.tbt.weight == summary.tokens - firsts
    assert served.ledger.sent_bytes == served.ledger.received_bytes
    assert summary.seconds >= end_s
    assert served.ledger.lost_s > 0 or DEATHS[name].startswith("P")
    shares = {**summary.utilization, **summary.link_utilization}
    assert all(0 <= share <= 1 + 1e-9 for share in shares.values())
    if summary.ttft is not None:
        gaps = [each.finished_s - each.first_token_s for each in outcomes]
        assert summary.tbt.total == pytest.approx(sum(gaps))


def test_a_death_in_the_middle_of_an_iteration_by_hand():
    """Of one request: the keys of its prompt and of the tokens it has are computed again."""
    of, requests = plan(), [Request(0, 0.0, 100, 10)]
    _, (whole,) = run(of, requests)
    step_s = (whole.finished_s - whole.first_token_s) / 9
    at_s = whole.first_token_s + 4.5 * step_s
    served, (found,) = run(of, requests, faults=(fault(at_s, "A.0", for_s=1.0),))
    assert found.recomputed_tokens == 100 + 4
    assert served.ledger.lost_s == pytest.approx(0.5 * step_s, rel=0.05)
    # From its fifth token to the end of the second computation of its prompt.
    gap_s = at_s + 1.0 - (whole.first_token_s + 4 * step_s) + whole.first_token_s
    assert found.tbt_max_s == pytest.approx(gap_s, rel=1e-3)
    assert served.summary.tbt.most == found.tbt_max_s
    assert served.summary.tbt.weight == 9


def test_when_a_replica_dies_the_other_takes_over():
    requests = list(at_once(drawn(0)))
    of = system("two replicas")
    whole, _ = run(of, requests)
    at_s = whole.summary.seconds / 2
    served, _ = run(of, requests, faults=(fault(at_s, "A.0"),))
    assert served.summary.finished == len(requests)
    assert served.summary.recomputed_tokens > whole.summary.recomputed_tokens
    busy_s = {worker.number: seconds for worker, seconds in served.ledger.busy_s.items()}
    assert busy_s[0] <= at_s < busy_s[1]


def test_when_all_die_for_good_the_run_ends_and_says_what_is_left():
    requests = drawn(0)
    whole, _ = run(plan(), requests)
    served, outcomes = run(plan(), requests, faults=(fault(whole.summary.seconds / 2, "A.0"),))
    summary = served.summary
    assert summary.requests == len(requests) > summary.finished == len(outcomes) > 0
    assert summary.notes == (
        f"{len(requests) - len(outcomes)} of {len(requests)} requests that came are not answered: "
        "no device is left that could, or none has the room",
    )


def test_clients_whose_system_dies_wait_for_ever():
    served, _ = run(plan(), ClosedLoop(iter(drawn(0)), clients=5), faults=(fault(1e-3, "A.0"),))
    assert served.summary.requests - served.summary.finished == 5


def test_with_heads_split_workers_that_do_not_divide_them_stop_all_and_sequences_go_on():
    """Four heads lie on two workers or on one, and not on three; keys do."""
    requests = list(at_once(drawn(0, 20)))
    for split, workers, finished in (("heads", 2, 20), ("heads", 4, 0), ("sequence", 4, 20)):
        of = plan(APART, split=split, workers=workers)
        served, _ = run(of, requests, faults=(fault(1e-9, "B.0"),))
        assert served.summary.finished == finished


def test_a_request_for_which_too_little_room_is_left_is_not_answered():
    """Room for 400 tokens on two workers is 200 on one; the second request needs 309."""
    of = with_room(400, APART, workers=2)
    requests = [Request(0, 0.0, 100, 5), Request(1, 0.0, 250, 50)]
    served, outcomes = run(of, requests, faults=(fault(1e-9, "B.0"),))
    assert [each.request.number for each in outcomes] == [0]
    assert "1 of 2 requests that came are not answered" in served.summary.notes[0]
    again, _ = run(of, requests, faults=(fault(1e-9, "B.0", for_s=3.0),))
    assert again.summary.finished == 2
    assert again.summary.seconds > 3


# --- slower is slower -----------------------------------------------------------------------------

SLOW = [
    ("one", "A.0"),
    ("two replicas", "A.1"),
    ("tensor and pipeline", "A.3"),
    ("offload", "A.0"),
    ("offload", "B.1"),
    ("prompts apart", "P.1"),
    ("prompts apart", "A.0"),
]


@pytest.mark.parametrize(("name", "what"), SLOW)
def test_a_slow_device_never_makes_the_run_shorter(name, what):
    """All requests are there from the start and have room: who must give way may well be spared
    it by who comes late."""
    text, changed = SYSTEMS[name]
    requests, of = list(at_once(drawn(0))), plan(text, **changed)
    whole, _ = run(of, requests)
    before_s = whole.summary.seconds
    for by in (1.5, 3):
        served, _ = run(of, requests, faults=(fault(0, what, "slows", by=by),))
        assert served.summary.finished == len(requests)
        assert served.summary.seconds > before_s * 0.999
        before_s = served.summary.seconds
    assert before_s > whole.summary.seconds


def test_on_one_device_twice_as_slow_is_twice_as_long():
    requests = list(at_once(drawn(0)))
    whole, _ = run(plan(), requests)
    served, _ = run(plan(), requests, faults=(fault(0, "A.0", "slows", by=2),))
    assert served.summary.seconds == pytest.approx(2 * whole.summary.seconds)


@pytest.mark.parametrize("order", [1, -1])
def test_of_two_slow_devices_the_slower_sets_the_pace(order):
    requests, of = list(at_once(drawn(0, 20))), plan(APART, workers=2)
    slow = (fault(0, "B.0", "slows", by=20), fault(0, "B.1", "slows", by=2))
    both, _ = run(of, requests, faults=slow[::order])
    alone, _ = run(of, requests, faults=slow[:1])
    assert both.summary.seconds == alone.summary.seconds


@pytest.mark.parametrize(
    ("text", "links"), [(APART, ["net"]), (PROMPTS, ["up", "down"]), (TOGETHER, ["own"])]
)
def test_a_degraded_link_slows_what_travels(text, links):
    layout = {"count": 2, "tensor": 2} if text is TOGETHER else {}
    requests, of = list(at_once(drawn(0, 20))), plan(text, **layout, bandwidth="5 GB/s")
    whole, _ = run(of, requests)
    for link in links:
        served, _ = run(of, requests, faults=(fault(0, link, "degrades", by=20),))
        assert served.summary.seconds > whole.summary.seconds
        assert served.summary.finished == len(requests)


def test_a_fault_that_passes_leaves_no_trace_on_what_comes_after():
    requests = [Request(n, 10.0 * n, 100, 20) for n in range(3)]
    _, whole = run(plan(), requests)
    _, found = run(plan(), requests, faults=(fault(9, "A.0", "slows", by=3, for_s=5.0),))
    for one, other in zip(whole, found, strict=True):
        longer = (other.finished_s - other.request.arrived_s) / (
            one.finished_s - one.request.arrived_s
        )
        assert longer == pytest.approx(3 if one.request.number == 1 else 1)


@pytest.mark.parametrize("hundredths", range(1, 60))
def test_times_that_binary_numbers_miss_are_no_excuse(hundredths):
    """0.1 + (0.3 - 0.1) is not 0.3; a fault after another one begins all the same."""
    at_s = hundredths / 100
    faults = (
        fault(at_s / 3, "A.0", "slows", by=2, for_s=at_s / 7),
        fault(at_s, "A.0", for_s=1e3),
    )
    served, _ = run(plan(), [Request(0, at_s + 1e-3, 10, 2)], faults=faults)
    assert served.summary.seconds > 1e3


def test_a_run_with_faults_is_the_same_when_it_is_played_again():
    text, changed = SYSTEMS["prompts apart"]
    of = with_room(900, text, **changed)
    whole, _ = run(of, drawn(1))
    end_s = whole.summary.seconds
    faults = (
        fault(end_s / 5, "P.0", for_s=end_s / 4),
        fault(end_s / 4, "A.1", for_s=end_s / 3),
        fault(end_s / 3, "up", "degrades", by=9, for_s=end_s / 3),
    )
    one, other = (run(of, drawn(1), faults=faults) for _ in range(2))
    assert one[0].summary.figures() == other[0].summary.figures()
    assert one[1] == other[1]
    assert one[0].summary.finished == 80


def test_a_fault_of_no_kind_is_refused():
    with pytest.raises(ArchError):
        read(FILE.replace("B.1", "C.0"))


def test_nobody_waits_for_a_worker_that_was_slow_before_it_died():
    requests, of = list(at_once(drawn(0, 20))), plan(APART, split="sequence", workers=4)
    died = fault(0, "B.0")
    slow = fault(0, "B.0", "slows", by=50)
    both, _ = run(of, requests, faults=(slow, died))
    alone, _ = run(of, requests, faults=(died,))
    assert both.summary.seconds == alone.summary.seconds


def test_a_worker_dies_once_however_often_it_is_said():
    requests, of = list(at_once(drawn(0, 20))), plan(APART, split="sequence", workers=4)
    once, _ = run(of, requests, faults=(fault(0.01, "B.0"),))
    middle_s = once.summary.seconds / 2
    assert middle_s > 0.01
    twice, _ = run(of, requests, faults=(fault(0.01, "B.0"), fault(middle_s, "B.0")))
    assert twice.summary.seconds == once.summary.seconds
    assert twice.summary.recomputed_tokens == once.summary.recomputed_tokens


def test_the_dead_do_no_work():
    requests, of = list(at_once(drawn(0, 20))), plan(APART, split="sequence", workers=4)
    served, _ = run(of, requests, faults=(fault(0, "B.3"),))
    assert served.summary.utilization["B.3"] == 0
    assert served.summary.utilization["B.0"] > 0
    assert served.summary.finished == 20
