"""Unions of regions and of their shadows, against every point of a small box looked at."""

import random
from itertools import product

import pytest

from accelsim.workload.projections import HolesError, projected
from accelsim.workload.regions import UncountableError
from accelsim.workload.unions import shadow_size, union_size

SIDE = 6
NAMES = ("a", "b", "c")
BOX = [each for n in NAMES for each in ({n: 1, "": 0}, {n: -1, "": SIDE - 1})]


def a_region(draw):
    """Within the box, on two planes or close to them, whose factors leave holes; perhaps empty."""
    return [*BOX, *close_to_a_plane(draw), *close_to_a_plane(draw)]


def close_to_a_plane(draw):
    factors = {name: draw.choice((0, 2, 3, -3, 5)) for name in NAMES}
    linear = {name: factor for name, factor in factors.items() if factor}
    low, width = draw.randint(-4, 12), draw.choice((0, 1, 4))
    upper = {name: -factor for name, factor in linear.items()}
    return [{**linear, "": -low}, {**upper, "": low + width}]


def points(of):
    """Settings of the names for which some region's functions are all at least 0."""
    for values in product(range(SIDE), repeat=len(NAMES)):
        at = {"": 1, **dict(zip(NAMES, values, strict=True))}
        if any(all(sum(f * at[n] for n, f in g.items()) >= 0 for g in each) for each in of):
            yield at


def shadows(of, keep):
    return {tuple(at[name] for name in keep) for at in points(of)}


def has_holes(of, keep):
    try:
        for region in of:
            projected(region, keep)
    except HolesError:
        return True
    return False


def test_unions_and_shadows_have_the_points_that_a_walk_of_the_box_finds():
    draw, holes = random.Random(7), 0
    for _ in range(250):
        of = [a_region(draw) for _ in range(draw.randint(1, 3))]
        keep = tuple(draw.sample(NAMES, draw.randint(1, 2)))
        assert union_size(of) == len(list(points(of)))
        assert shadow_size(of, keep) == len(shadows(of, keep))
        holes += has_holes(of, keep)
    assert holes > 30, "as many are split by remainders"


def test_multiples_seen_through_tiles_are_split_and_counted():
    """x = 3a + 5b with a, b < 100 hits all of 0 … 792 but 8 numbers (1 2 4 7 and their mirrors)."""
    ends = [each for n in "ab" for each in ({n: 1, "": 0}, {n: -1, "": 99})]
    same = [{"a": 3, "b": 5, "x": -1, "": 0}, {"a": -3, "b": -5, "x": 1, "": 0}]
    assert shadow_size([[*ends, *same]], ("x",)) == 793 - 8


def test_what_would_take_too_many_pieces_is_refused_before_they_are_made():
    """Of a and b with factors 30011 and 30013 one would be split by as many remainders."""
    large = [each for n in "ab" for each in ({n: 1, "": 0}, {n: -1, "": 10**6})]
    same = {"a": 30011, "b": 30013, "x": -1, "": 0}
    region = [*large, same, {name: -factor for name, factor in same.items()}]
    with pytest.raises(UncountableError):
        shadow_size([region], ("x",))
