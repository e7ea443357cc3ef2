"""Regions made smaller, against the same rules written out plainly and against all points."""

import random
from itertools import product
from math import gcd, inf

from accelsim.workload import unions
from accelsim.workload.regions import Effort, UncountableError, count_points, functions_of
from accelsim.workload.tightening import ROUNDS, bounding_box, extremes, tightened
from accelsim.workload.unions import union_size

NAMES = ("a", "b", "c", "d")


def a_region(draw, size=9):
    region = [f for n in NAMES for f in ({n: 1, "": draw.randint(-2, 1)}, {n: -1, "": size})]
    if not draw.randrange(4):
        region = region[: draw.randrange(len(region))]
    for _ in range(draw.randint(1, 5)):
        some = draw.sample(NAMES, draw.randint(1, 3))
        linear = {name: draw.choice((-6, -3, -2, -1, 1, 1, 2, 4, 0)) for name in some}
        region.append({**linear, "": draw.randint(-12, 12)})
        if draw.randrange(2):
            opposite = {name: -factor for name, factor in linear.items()}
            region.append({**opposite, "": draw.randint(-4, 9) - region[-1][""]})
    draw.shuffle(region)
    return region


def plainly_tightened(region):
    """Every function looked at in every round, its own bounds included."""
    strongest = {}
    for linear in region:
        factors = sorted((n, f) for n, f in linear.items() if n and f)
        if not factors:
            if linear.get("", 0) < 0:
                return None
            continue
        divisor = gcd(*(f for _, f in factors))
        key = tuple((n, f // divisor) for n, f in factors)
        strongest[key] = min(strongest.get(key, inf), linear.get("", 0) // divisor)
    for key, constant in strongest.items():
        if constant + strongest.get(tuple((n, -f) for n, f in key), inf) < 0:
            return None
    found = [{**dict(key), "": constant} for key, constant in strongest.items()]
    box = bounding_box(found)
    kept = [each for each in found if len(each) <= 2 or extremes(each, box)[0] < 0]
    for _ in range(ROUNDS):
        for linear in kept:
            most = extremes(linear, box)[1]
            if most < 0:
                return None
            for name in (name for name in linear if name and most < inf):
                factor, (low, high) = linear[name], box[name]
                if factor > 0:
                    low = max(low, -((most - factor * high) // factor))
                else:
                    high = min(high, (factor * low - most) // factor)
                box[name] = (low, high)
                if low > high:
                    return None
    return kept


def test_regions_are_tightened_as_the_rules_say_and_once_is_enough():
    draw, empty = random.Random(11), 0
    for _ in range(4000):
        region = a_region(draw)
        tight = tightened(region)
        plain = plainly_tightened(region)
        assert (tight is None) == (plain is None)
        empty += tight is None
        if tight is not None:
            assert functions_of(tight) == functions_of(plain)
            assert functions_of(tightened(tight)) == functions_of(tight)
    assert 500 < empty < 3500


def test_a_tightened_region_has_the_same_points():
    draw = random.Random(12)
    values = [
        dict(zip((*NAMES, ""), (*each, 1), strict=True)) for each in product(range(-2, 7), repeat=4)
    ]
    for _ in range(30):
        region = a_region(draw, size=6)
        for at in draw.sample(values, 200):
            assert holds(region, at) == holds(tightened(region), at)


def holds(region, at):
    return region is not None and all(sum(f * at[n] for n, f in g.items()) >= 0 for g in region)


# --- meetings of regions -------------------------------------------------------------------------


def plain_terms(regions, sign, effort):
    """Every intersection tightened anew at each level."""
    before = []
    for region in plain_maximal(regions, effort):
        yield sign, region
        yield from plain_terms([[*region, *other] for other in before], -sign, effort)
        before.append(region)


def plain_maximal(regions, effort):
    def same(one, other):
        return one is not None and {frozenset(f.items()) for f in one} == {
            frozenset(f.items()) for f in other
        }

    kept = []
    for region in (tight for each in regions if (tight := tightened(each)) is not None):
        effort.step()
        if not any(same(tightened([*region, *other]), region) for other in kept):
            kept = [o for o in kept if not same(tightened([*region, *o]), o)]
            kept.append(region)
    return kept


def a_band(draw):
    """A part of the box, between two planes with factors of 1 or 2: bands often meet."""
    region = [f for n in NAMES for f in ({n: 1, "": -draw.randint(0, 3)}, {n: -1, "": 7})]
    some = draw.sample(NAMES, 2)
    linear = {name: draw.choice((-2, -1, 1, 1)) for name in some}
    low = draw.randint(-6, 2)
    upper = {name: -factor for name, factor in linear.items()}
    return [*region, {**linear, "": -low}, {**upper, "": low + draw.randint(4, 12)}]


def test_unions_are_made_of_the_same_terms_in_as_many_steps_as_where_all_is_tightened_anew():
    draw, steps = random.Random(13), 0
    for _ in range(60):
        regions = [a_band(draw) for _ in range(draw.randint(2, 5))]
        own, plain = Effort(), Effort()
        tight = [t for each in regions if (t := tightened(each)) is not None]
        found = [(s, functions_of(r)) for s, r in unions._terms(tight, 1, own)]
        wanted = list(plain_terms(regions, 1, plain))
        assert found == [(sign, functions_of(region)) for sign, region in wanted]
        assert own.taken == plain.taken
        steps = max(steps, own.taken)
        try:
            assert union_size(regions) == sum(sign * count_points(r) for sign, r in wanted)
        except UncountableError:
            continue
    assert steps > 20
