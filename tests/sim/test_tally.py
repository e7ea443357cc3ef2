import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelsim.sim.tally import LogHistogram, OverTime, Point

HALF_A_BUCKET = 0.0025


def histogram(values, weights=None):
    made = LogHistogram()
    for place, value in enumerate(values):
        made.add(value, 1.0 if weights is None else weights[place])
    return made


def samples(seed, count=20_011):
    return np.random.default_rng(seed).lognormal(-3, 1.2, count)


@pytest.mark.parametrize("q", [0, 1, 50, 90, 99, 99.9, 100])
def test_percentiles_are_those_of_numpy_within_half_a_bucket(q):
    values = samples(0)
    exact = np.percentile(values, q, method="inverted_cdf")
    assert histogram(values).percentile(q) == pytest.approx(exact, rel=HALF_A_BUCKET)


@given(
    st.lists(st.tuples(st.floats(1e-6, 1e6), st.integers(1, 50)), min_size=1, max_size=40),
    st.integers(0, 100),
)
def test_a_weight_counts_a_value_as_often(pairs, q):
    values, weights = zip(*pairs, strict=True)
    exact = np.percentile(np.repeat(values, weights), q, method="inverted_cdf")
    assert histogram(values, weights).percentile(q) == pytest.approx(exact, rel=HALF_A_BUCKET)


def test_the_mean_is_exact():
    assert histogram([1.0, 2.0, 4.0], [1, 1, 2]).mean == 11 / 4
    assert histogram(samples(1)).mean == pytest.approx(samples(1).mean(), rel=1e-12)


def test_merged_histograms_are_the_histogram_of_all():
    one, other = samples(2), samples(3) * 10
    merged = histogram(one)
    merged.merge(histogram(other))
    whole = histogram([*one, *other])
    assert merged.buckets == whole.buckets
    assert [merged.percentile(q) for q in (0, 50, 100)] == [
        whole.percentile(q) for q in (0, 50, 100)
    ]
    assert merged.mean == pytest.approx(whole.mean)


def test_zeros_are_values_too():
    made = histogram([0.0, 0.0, 0.0, 5.0])
    assert (made.percentile(50), made.percentile(75), made.percentile(100)) == pytest.approx(
        (0, 0, 5), rel=HALF_A_BUCKET
    )
    assert made.mean == 1.25
    assert histogram([0.0]).percentile(0) == 0


def test_one_value_is_every_percentile_exactly():
    assert {histogram([0.3]).percentile(q) for q in (0, 50, 99, 100)} == {0.3}


def test_of_nothing_there_is_no_percentile_and_no_mean():
    nothing = LogHistogram()
    nothing.add(3.0, weight=0.0)
    assert (nothing.percentile(50), nothing.mean) == (None, None)


@pytest.mark.parametrize("value", [-1.0, float("nan"), float("inf")])
def test_what_is_no_duration_is_refused(value):
    with pytest.raises(ValueError, match="negative or infinite"):
        LogHistogram().add(value)


def test_ten_orders_of_magnitude_are_under_5000_buckets():
    made = histogram(np.geomspace(1e-6, 1e4, 100_000))
    assert len(made.buckets) <= 4618


# --- over time ------------------------------------------------------------------------------------


def test_the_mean_of_a_step_function_weighs_values_with_their_time():
    batch = OverTime()
    batch.hold(4, 0.0, 1.0)
    batch.hold(10, 1.0, 1.5)
    batch.hold(0, 1.5, 2.0)
    assert batch.mean == pytest.approx((4 * 1 + 10 * 0.5) / 2)


def test_time_of_which_nothing_is_said_counts_as_0():
    batch = OverTime()
    batch.hold(6, 1.0, 2.0)
    assert batch.mean == 3
    assert batch.curve()[0].value == 0


def test_a_curve_of_whole_steps_is_what_was_held():
    curve = OverTime(points=4, width_s=1.0)
    for start, value in enumerate([3, 5, 7, 9]):
        curve.hold(value, start, start + 1)
    assert curve.curve() == [Point(0, 1, 3), Point(1, 2, 5), Point(2, 3, 7), Point(3, 4, 9)]


def test_a_run_that_outgrows_its_points_is_seen_in_steps_twice_as_wide():
    curve = OverTime(points=4, width_s=1.0)
    for start, value in enumerate([3, 5, 7, 9, 1]):
        curve.hold(value, start, start + 1)
    assert curve.curve() == [Point(0, 2, 4), Point(2, 4, 8), Point(4, 5, 1)]


def test_what_is_spread_is_an_amount_a_second():
    tokens = OverTime(points=4, width_s=1.0)
    tokens.spread(30, 0.5, 3.5)
    assert [point.value for point in tokens.curve()] == pytest.approx([5, 10, 10, 10])
    tokens.spread(5, 1.25, 1.25)
    assert tokens.curve()[1].value == pytest.approx(15)


@given(
    st.lists(st.tuples(st.floats(0, 1e3), st.floats(0, 100)), min_size=1, max_size=60),
    st.sampled_from([2, 8, 64]),
)
def test_a_curve_covers_the_whole_run_with_few_points_and_loses_nothing(pieces, points):
    curve, now = OverTime(points=points), 0.0
    for duration, value in pieces:
        curve.hold(value, now, now + duration)
        now += duration
    shown = curve.curve()
    assert len(shown) <= points
    assert sum(p.value * (p.end_s - p.start_s) for p in shown) == pytest.approx(
        sum(duration * value for duration, value in pieces), rel=1e-6, abs=1e-9
    )
    assert [p.end_s for p in shown[:-1]] == [p.start_s for p in shown[1:]]
    if shown:
        assert (shown[0].start_s, shown[-1].end_s) == (0, now)
        assert max(p.value for p in shown) <= max(value for _, value in pieces) * (1 + 1e-6) + 1e-9


def test_a_long_run_uses_more_than_half_of_the_points():
    curve = OverTime(points=100)
    for step in range(10_000):
        curve.hold(step % 7, step * 0.03, (step + 1) * 0.03)
    assert 50 <= len(curve.curve()) <= 100
    assert curve.mean == pytest.approx(np.mean(np.arange(10_000) % 7))


def test_time_does_not_run_backwards():
    with pytest.raises(ValueError, match="time cannot run from 2 s to 1 s"):
        OverTime().hold(1, 2, 1)


def test_the_mean_of_a_part_takes_shares_of_its_first_and_last_step():
    curve = OverTime(points=4, width_s=1.0)
    for second, value in enumerate((1, 2, 4, 8)):
        curve.hold(value, second, second + 1)
    assert curve.mean_between(0, 4) == curve.mean == 15 / 4
    assert curve.mean_between(0.5, 2.5) == pytest.approx((0.5 * 1 + 2 + 0.5 * 4) / 2)
