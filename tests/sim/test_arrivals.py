import math
from itertools import count, islice

import numpy as np
import pytest

from accelsim.base.errors import AccelsimError, CatalogueError, InputError
from accelsim.sim.arrivals import (
    ClosedLoop,
    Request,
    at_once,
    first,
    poisson,
    read_arrival_rate,
    read_trace,
)


def endless():
    return (Request(number, 7.0 * number, 100 + number, 10) for number in count())


def test_poisson_changes_when_requests_arrive_and_nothing_else():
    made = list(islice(poisson(endless(), 4.0, seed=1), 5000))
    assert [r._replace(arrived_s=7.0 * r.number) for r in made] == list(first(endless(), 5000))
    gaps = np.diff([r.arrived_s for r in made])
    assert gaps.mean() == pytest.approx(1 / 4, rel=0.05)
    assert gaps.std() == pytest.approx(1 / 4, rel=0.05)
    assert gaps.min() >= 0


def test_poisson_is_the_same_for_a_seed_and_however_many_are_asked_for():
    long = list(islice(poisson(endless(), 4.0, seed=1), 3000))
    assert list(poisson(first(endless(), 2000), 4.0, seed=1)) == long[:2000]
    assert list(poisson(first(endless(), 2000), 4.0, seed=2)) != long[:2000]


def test_a_rate_without_bound_is_all_at_once():
    asked = list(first(endless(), 3))
    assert list(poisson(asked, math.inf)) == list(at_once(asked))
    assert [request.arrived_s for request in at_once(asked)] == [0, 0, 0]


def test_the_first_of_a_shorter_trace_are_all_it_has():
    assert len(list(first(first(endless(), 3), 10))) == 3
    assert len(list(first(first(endless(), 3), None))) == 3


def test_clients_ask_again_when_they_have_thought_about_their_answer():
    loop = ClosedLoop(first(endless(), 4), clients=2, think_s=0.5)
    assert [(r.number, r.arrived_s) for r in loop.begin()] == [(0, 0.0), (1, 0.0)]
    assert loop.next_after(3.0) == Request(2, 3.5, 102, 10)
    assert loop.next_after(4.0) == Request(3, 4.5, 103, 10)
    assert loop.next_after(9.0) is None


def test_with_fewer_requests_than_clients_some_ask_nothing():
    assert len(ClosedLoop(first(endless(), 3), clients=8).begin()) == 3


@pytest.mark.parametrize(
    ("text", "rate"),
    [("4/s", 4), ("240/min", 4), (" 1.8e4 / h ", 5), ("inf", math.inf), ("0.5/s", 0.5)],
)
def test_rates_are_read_in_requests_a_second(text, rate):
    assert read_arrival_rate(text) == pytest.approx(rate)


@pytest.mark.parametrize("text", ["4", "4/d", "0/s", "-1/s", "nan/s", "1e999/s", "fast", "", "-/s"])
def test_other_rates_are_refused(text):
    with pytest.raises(InputError) as caught:
        read_arrival_rate(text)
    assert str(caught.value) == (
        f"{text!r} is no rate of arrivals; write it like '4/s', '240/min' or 'inf', above 0"
    )


def test_a_trace_is_a_shelf_name_or_a_file(tmp_path):
    file = tmp_path / "mine.csv"
    file.write_text("arrived_at,num_prefill_tokens,num_decode_tokens\n1,2,3\n2,3,4\n")
    assert list(read_trace(file)) == [Request(0, 1.0, 2, 3), Request(1, 2.0, 3, 4)]
    assert list(read_trace(file, requests=1)) == [Request(0, 1.0, 2, 3)]
    assert len(list(read_trace("azure_code"))) == 8819
    assert len(list(read_trace("azure_code", requests=10_000))) == 10_000


def test_what_is_neither_is_refused():
    with pytest.raises(CatalogueError) as caught:
        read_trace("azure_con")
    assert str(caught.value) == (
        "there is no trace 'azure_con', and no such file. Did you mean 'azure_conv'?"
    )
    with pytest.raises(AccelsimError, match="mine.csv: cannot be read: No such file"):
        read_trace("mine.csv")
