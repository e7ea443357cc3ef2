"""The scheduler, which keeps sums, against one that counts everything anew in every iteration."""

import random
from collections import deque
from dataclasses import dataclass, field
from math import inf

import pytest

from accelsim.arch.system import Serving
from accelsim.cost.system.iteration import Batch, Chunk
from accelsim.sim.request import Request
from accelsim.sim.system.scheduler import Scheduler, Sequence


@dataclass
class Slow:
    """A sequence as the slow scheduler sees it: what was done with it, nothing kept."""

    request: Request
    tokens: int = 0
    keys: int = 0
    state: str = "waiting"
    admitted_with: int = 0
    grown: int = 0
    preempted: int = 0
    recomputed: int = 0


@dataclass
class SlowScheduler:
    serving: Serving
    room: int
    page: int
    here: bool
    window: float = inf
    waiting: deque = field(default_factory=deque)
    running: list = field(default_factory=list)

    def own_room(self, one):
        whole = one.request.prompt_tokens + one.request.output_tokens
        if self.serving.admit == "whole":
            return min(whole, self.window) + self.page / 2
        grown = min(one.grown, max(0, self.window - one.admitted_with))
        return min(one.admitted_with + 1, self.window) + grown + self.page / 2

    def taken(self):
        return sum(self.own_room(one) for one in self.running)

    def step(self):
        """One iteration: its batch, and those that ended and that gave way."""
        while self.waiting and len(self.running) < self.serving.most_sequences:
            if self.here and self.prompt_tokens_left() >= self.serving.chunk:
                break
            one = self.waiting[0]
            one.admitted_with, one.grown = one.request.prompt_tokens + one.tokens, 0
            if self.taken() + self.own_room(one) > self.room:
                break
            self.waiting.popleft()
            one.state = "prompt" if self.here else "decode"
            one.keys = 0 if self.here else one.admitted_with
            self.running.append(one)
        gone = []
        if self.serving.admit == "prompt":
            while (own := self.decoding()) and self.taken() + self.growing(own) > self.room:
                one = own[-1]
                one.state, one.preempted = "waiting", one.preempted + 1
                one.recomputed += one.keys
                one.keys = 0
                self.running.remove(one)
                self.waiting.appendleft(one)
                gone.append(one)
        decoding = self.decoding()
        chunks, left = [], self.serving.chunk - len(decoding)
        for one in self.running:
            if one.state == "prompt" and left > 0:
                missing = one.request.prompt_tokens + one.tokens - one.keys
                chunks.append((one, min(missing, left), one.keys))
                left -= min(missing, left)
        keys = sum(min(one.keys + 1, self.window) for one in decoding)
        batch = Batch(len(decoding), keys, tuple(Chunk(*each[1:]) for each in chunks))
        for one in decoding:
            one.tokens, one.keys, one.grown = one.tokens + 1, one.keys + 1, one.grown + 1
        for one, tokens, _ in chunks:
            one.keys += tokens
            if one.keys == one.request.prompt_tokens + one.tokens:
                one.state, one.tokens = "decode", one.tokens + 1
                # Who came last to decoding is the first to give way.
                self.running.remove(one)
                self.running.append(one)
        ended = [one for one in self.running if one.tokens == one.request.output_tokens]
        for one in ended:
            self.running.remove(one)
        return batch, {one.request.number for one in ended}, [one.request.number for one in gone]

    def growing(self, decoding):
        return sum(one.keys < self.window for one in decoding)

    def prompt_tokens_left(self):
        """Of those that were let in."""
        return sum(
            one.request.prompt_tokens + one.tokens - one.keys
            for one in self.running
            if one.state == "prompt"
        )

    def decoding(self):
        return [one for one in self.running if one.state == "decode"]


def step(scheduler: Scheduler):
    for sequence in scheduler.admitted(0.0):
        scheduler.join(sequence)
    gone = scheduler.make_way()
    scheduler.waiting.extendleft(gone)
    batch = scheduler.batch()
    ended, prompted = scheduler.advance(batch)
    assert all(sequence.had <= sequence.request.output_tokens for sequence in prompted)
    numbers = [sequence.request.number for sequence in ended]
    assert len(numbers) == len(set(numbers))
    return batch, set(numbers), [sequence.request.number for sequence in gone]


def requests(rng, number, longest=60):
    return [
        Request(n, 0.0, rng.randint(1, longest), rng.choice((1, 2, rng.randint(1, longest))))
        for n in range(number)
    ]


def serving(**values):
    return Serving(**{"prefill": "here", "chunk": 64, "admit": "prompt", **values})


@pytest.mark.parametrize("here", [True, False], ids=["here", "elsewhere"])
@pytest.mark.parametrize("admit", ["prompt", "whole"])
@pytest.mark.parametrize("seed", range(12))
def test_batches_ends_and_preemptions_are_those_of_counting_anew(here, admit, seed):
    rng = random.Random(seed)
    rules = serving(admit=admit, chunk=rng.choice((7, 40, 500)), most_sequences=rng.choice((3, 99)))
    room, page = rng.randint(140, 700), rng.choice((1, 16))
    window = rng.choice((inf, 30, 70))
    fast = Scheduler(rules, room, page, here, window)
    slow = SlowScheduler(rules, room, page, here, window)
    mine = [Sequence(each) for each in requests(rng, 60)]
    theirs = [Slow(sequence.request) for sequence in mine]
    preempted, left = 0, len(mine)
    coming = list(zip(mine, theirs, strict=True))
    for _ in range(20_000):
        for _ in range(rng.choice((0, 0, 1, 4))):
            if coming:
                one, other = coming.pop(0)
                fast.waiting.append(one)
                slow.waiting.append(other)
        found = step(fast)
        assert found == slow.step()
        assert fast.room_taken == slow.taken()
        assert fast.room_taken <= room or admit == "whole"
        assert fast.keys == sum(min(one.keys, window) for one in slow.decoding())
        assert len(fast.decoding) + len(fast.prefilling) <= rules.most_sequences
        preempted, left = preempted + len(found[2]), left - len(found[1])
        if not left:
            break
    assert not left and not coming
    assert [each.had for each in mine if each.had != each.request.output_tokens] == []
    assert [each.preempted for each in mine] == [each.preempted for each in theirs]
    assert [each.recomputed_tokens for each in mine] == [each.recomputed for each in theirs]
    assert preempted == sum(each.preempted for each in mine)
    if admit == "whole":
        assert preempted == 0
    assert (fast.room_taken, fast.keys, fast.under_way) == (0, 0, 0)


def test_the_cases_above_preempt():
    """Or they would say nothing of it."""
    rng, found = random.Random(0), 0
    fast = Scheduler(serving(), 200, 16, True)
    fast.waiting.extend(Sequence(each) for each in requests(rng, 40))
    for _ in range(1000):
        found += len(step(fast)[2])
    assert found > 5


def test_no_more_tokens_go_through_the_model_than_a_chunk_unless_more_decode():
    rng = random.Random(1)
    fast = Scheduler(serving(chunk=20), 100_000, 16, True)
    fast.waiting.extend(Sequence(each) for each in requests(rng, 100))
    seen = set()
    while fast.waiting or fast.has_work:
        batch, *_ = step(fast)
        assert batch.tokens <= max(20, batch.sequences)
        seen.add(len(batch.chunks))
    assert max(seen) > 1


def test_several_prompts_may_end_in_one_iteration():
    fast = Scheduler(serving(), 1000, 16, True)
    fast.waiting.extend(Sequence(Request(n, 0.0, 10, out)) for n, out in enumerate((1, 2, 1, 3)))
    batch, ended, _ = step(fast)
    assert batch == Batch(0, 0, (Chunk(10, 0),) * 4)
    assert ended == {0, 2}
    # The prompt's keys, and one of the token that it made.
    assert fast.batch() == Batch(2, 2 * 11, ())


def test_the_last_to_come_gives_way_and_is_the_first_to_come_back():
    """Room for 29 + 29, of which 20 + 1 + 8 each are taken at once; the next key finds none."""
    fast = Scheduler(serving(prefill="elsewhere"), 58, 16, False)
    first, second = (Sequence(Request(n, 0.0, 20, 30)) for n in (0, 1))
    third = Sequence(Request(2, 0.0, 1, 1))
    fast.waiting.extend((first, second, third))
    batch, _, gone = step(fast)
    assert (batch.sequences, gone) == (1, [1])
    assert list(fast.waiting) == [second, third]
    assert (second.preempted, second.recomputed_tokens) == (1, 20)


def test_what_is_taken_away_may_come_to_another_engine_and_end_there_alone():
    """Both ends have the same number; each engine knows whom it has."""
    one, other = (Scheduler(serving(prefill="elsewhere"), 1000, 16, False) for _ in range(2))
    sequence, stays = Sequence(Request(0, 0.0, 20, 10)), Sequence(Request(1, 0.0, 20, 50))
    one.waiting.append(sequence)
    for _ in range(4):
        step(one)
    assert one.take_all() == [sequence]
    assert (one.room_taken, one.keys, sequence.had) == (0, 0, 4)
    other.iteration = one.iteration
    other.waiting.append(sequence)
    one.waiting.append(stays)
    ends = []
    for _ in range(6):
        assert step(one)[1] == set()
        ends += step(other)[1]
    assert ends == [0]
    assert sequence.had == 10


@pytest.mark.parametrize("page", [1, 16])
@pytest.mark.parametrize("here", [True, False])
def test_a_request_with_the_room_that_it_needs_at_most_never_gives_way(here, page):
    request = Request(0, 0.0, 20, 10)
    fast = Scheduler(serving(), 0, page, here)
    fast.room_tokens = fast.most_needed(request)
    fast.waiting.append(Sequence(request))
    for _ in range(10):
        _, ended, gone = step(fast)
        assert gone == []
        if ended:
            return
    pytest.fail("it did not end")
