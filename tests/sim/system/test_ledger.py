import random

from accelsim.sim.system.ledger import Longest


def test_the_longest_since_any_iteration_is_that_of_looking_at_all():
    rng, found, all_s = random.Random(0), Longest(), []
    for number in range(500):
        seconds = rng.choice((1.0, 2.0, rng.random() * 3))
        found.add(number, seconds)
        all_s.append(seconds)
        since = rng.randint(0, number)
        assert found.since(since) == max(all_s[since:])
    assert found.since(500) == 0.0


def test_what_is_outlasted_is_not_kept():
    found = Longest()
    for number in range(10_000):
        found.add(number, random.Random(number).random())
    assert len(found.seconds) < 40
