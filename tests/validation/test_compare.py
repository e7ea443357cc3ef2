"""Verdicts on tables of two points, with numbers one can do in the head."""

import math

import pytest

from accelsim.base.errors import AccelsimError
from accelsim.base.record import read_record
from accelsim.base.yamlfile import parse_yaml
from accelsim.study.table import Table
from accelsim.validation.compare import AGREES, DIFFERS, NOT_RUN, compare, failures
from accelsim.validation.published import Published, PublishedFile

SLOW_AND_FAST = Table.of(
    {
        "config": ["slow", "slow", "fast", "fast"],
        "size": [1, 2, 1, 2],
        "latency_s": [8.0, 8.0, 4.0, 1.0],
    }
)
"""Speedups of 2 and 8: arithmetic mean 5, geometric mean 4."""


def published(**changes: object) -> Published:
    claim = {
        "name": "speedup",
        "value": 5,
        "over": "{table: results, series: config}",
        "at": "{size: [1, 2]}",
        "of": "slow.latency_s / fast.latency_s",
        "because": "made up",
        "tolerance": "1 %",
        **changes,
    }
    lines = "\n".join(f"  {key}: {value}" for key, value in claim.items())
    text = f"about: x\nsource: y\nstudy: z\nclaims:\n-\n{lines}\n"
    return Published(name="x", files=(read_record(parse_yaml(text), PublishedFile),))


def judge(**changes: object) -> dict[str, object]:
    return compare({"results": SLOW_AND_FAST}, published(**changes)).rows()[0]


def test_a_mean_of_ratios_is_arithmetic_over_the_points() -> None:
    assert judge()["ours"] == (8 / 4 + 8 / 1) / 2


def test_other_ways_to_take_one_number_of_many_points() -> None:
    taken = {take: judge(take=take)["ours"] for take in ("geomean", "least", "most")}
    assert taken == pytest.approx({"geomean": 4, "least": 2, "most": 8})


def test_an_error_is_a_share_of_the_published_value() -> None:
    row = judge(value=4)
    assert (row["error"], row["verdict"]) == (0.25, DIFFERS)


def test_an_error_is_a_difference_where_the_tolerance_is_a_number() -> None:
    row = judge(value=4.75, tolerance=0.25)
    assert (row["error"], row["verdict"]) == (0.25, AGREES)


def test_ours_may_lie_below_a_bound_and_not_above_it() -> None:
    assert judge(value=6, at_most="true")["verdict"] == AGREES
    assert judge(value=6)["verdict"] == DIFFERS
    assert judge(value=4, at_most="true")["verdict"] == DIFFERS


def test_columns_of_the_points_may_stand_in_the_formula() -> None:
    assert judge(of="slow.latency_s * size")["ours"] == (8 * 1 + 8 * 2) / 2


def test_points_that_are_not_in_the_table_are_not_run() -> None:
    row = judge(at="{size: [1, 2, 3]}")
    assert row["verdict"] == NOT_RUN
    assert math.isnan(float(str(row["ours"])))


def test_a_table_that_was_not_made_is_not_run() -> None:
    row = compare({}, published()).rows()[0]
    assert row["verdict"] == NOT_RUN


def test_points_beyond_the_published_ones_do_not_count() -> None:
    assert judge(at="{size: 2}", value=8)["verdict"] == AGREES


def test_a_formula_beside_is_shown_and_not_judged() -> None:
    row = judge(beside="{label: the other way round, of: fast.latency_s / slow.latency_s}")
    assert (row["beside"], row["ours_beside"]) == ("the other way round", (0.5 + 0.125) / 2)
    assert row["verdict"] == AGREES


def test_only_a_difference_without_an_explanation_is_a_failure() -> None:
    tables = {"results": SLOW_AND_FAST}
    assert failures(compare(tables, published(value=4))) == ["speedup"]
    assert failures(compare(tables, published(value=4, differs_because="known"))) == []


def test_pandas_frames_are_compared_like_our_tables() -> None:
    frames = {"results": SLOW_AND_FAST.frame()}
    assert compare(frames, published()).rows()[0]["ours"] == 5


def test_a_claim_about_a_series_that_never_was_is_an_error() -> None:
    with pytest.raises(
        AccelsimError, match="claim speedup: .* no config 'fats'. Did you mean 'fast'"
    ):
        judge(of="slow.latency_s / fats.latency_s")
