import json
from dataclasses import replace

import pytest

from accelsim.sim.summary import Summary
from accelsim.sim.tally import LogHistogram

KEYS = [
    "tokens_per_s",
    "tbt_p50_s",
    "tbt_p90_s",
    "tbt_p99_s",
    "ttft_p50_s",
    "ttft_p90_s",
    "ttft_p99_s",
    "mean_batch",
    "usd_per_hour",
    "usd_per_million_tokens",
    "tokens_per_usd",
    "utilization",
    "link_utilization",
    "iteration_way_s",
    "energy_j",
    "energy_by_part_j",
    "requests",
    "finished",
    "tokens",
    "seconds",
    "preempted",
    "recomputed_tokens",
    "notes",
]


def times(*values):
    made = LogHistogram()
    for value in values:
        made.add(value)
    return made


# Lamina (arXiv 2405.01814 v2), table 1: two H100 at 11.06 and four H20 at 4.63 dollars an hour.
SUMMARY = Summary(
    seconds=100.0,
    tokens=400_000,
    requests=2000,
    finished=1990,
    tbt=times(*[0.1] * 89, *[0.2] * 11),
    ttft=times(1.0, 2.0, 4.0),
    mean_batch=400.0,
    usd_per_hour=2 * 11.06 + 4 * 4.63,
    utilization={"H100 0": 0.9},
    link_utilization={"H100 0 > H20 0": 0.2},
    energy_by_part_j={"H100 0 compute": 30_000.0, "H20 0 HBM": 12_000.0},
    notes=("decode only",),
)


def test_the_keys_of_summary_json_are_these_in_this_order():
    assert list(SUMMARY.figures()) == KEYS
    assert json.loads(json.dumps(SUMMARY.figures())) == SUMMARY.figures()


def test_four_thousand_tokens_a_second_at_40_64_dollars_an_hour():
    figures = SUMMARY.figures()
    assert figures["tokens_per_s"] == 4000
    assert figures["usd_per_hour"] == pytest.approx(40.64)
    # 14.4 million tokens an hour for 40.64 dollars
    assert figures["usd_per_million_tokens"] == pytest.approx(40.64 / 14.4)
    assert figures["tokens_per_usd"] == pytest.approx(14.4e6 / 40.64)
    assert figures["tokens_per_usd"] * figures["usd_per_million_tokens"] == pytest.approx(1e6)


def test_percentiles_of_token_times_are_within_half_a_bucket():
    figures = SUMMARY.figures()
    found = [figures[f"tbt_p{q}_s"] for q in (50, 90, 99)]
    assert found == pytest.approx([0.1, 0.2, 0.2], rel=0.0025)
    assert figures["ttft_p50_s"] == pytest.approx(2.0, rel=0.0025)


def test_energy_is_the_sum_of_its_parts():
    assert SUMMARY.figures()["energy_j"] == 42_000


def test_what_cannot_be_said_is_none():
    decode_only = replace(
        SUMMARY, ttft=None, usd_per_hour=None, energy_by_part_j={}, tbt=times()
    ).figures()
    unknown = ("ttft_p50_s", "usd_per_million_tokens", "tokens_per_usd", "energy_j", "tbt_p99_s")
    assert [decode_only[key] for key in unknown] == [None] * 5
    nothing = replace(SUMMARY, tokens=0, seconds=0.0).figures()
    assert nothing["tokens_per_s"] is None
    assert nothing["usd_per_million_tokens"] is None


def test_what_costs_nothing_gives_no_number_of_tokens_a_dollar():
    free = replace(SUMMARY, usd_per_hour=0.0)
    assert (free.usd_per_million_tokens, free.tokens_per_usd) == (0, None)
