import os
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from scipy.special import ndtr

from accelsim.base.catalogue import names
from accelsim.base.errors import RecordError
from accelsim.base.yamlfile import parse_yaml
from accelsim.sim.arrivals import load_trace, read_request_trace, trace_requests
from accelsim.sim.request_lengths import BLOCK, generated, lognormal

# Lamina (arXiv 2405.01814 v2), table of traces: requests, mean prompt, mean generated.
PUBLISHED = {
    "azure_conv": (19366, 1154.7, 211.1),
    "azure_code": (8819, 2047.8, 27.9),
    "kimi_conv": (12031, 12035.1, 342.6),
    "kimi_toolagent": (23608, 8560.0, 182.1),
}
# Where azure_conv.csv and azure_code.csv lie, as columns arrived_at, num_prefill_tokens and
# num_decode_tokens; the records are 550 kB and not part of this repository.
RECORDS = Path(os.environ.get("AZURE_TRACES", ""))


def lengths(name, n, seed):
    return np.array([request[2:] for request in generated(load_trace(name), n, seed)], float)


def moments(mean, variation, longest):
    """Mean and variation of the rounded, cut lognormal from its distribution function, term by
    term: E[n] = sum of P(n > k), E[n^2] = sum of (2k + 1) P(n > k), k from 0."""
    found = lognormal(mean, variation, longest)
    k = np.arange(1, longest)
    above = 1 - ndtr((np.log(k + 0.5) - found.location) / found.scale)
    first, second = 1 + above.sum(), 1 + ((2 * k + 1) * above).sum()
    return first, np.sqrt(second - first**2) / first


def test_the_shelf_has_the_traces_of_the_table():
    assert names("traces") == sorted(PUBLISHED)
    assert {name: load_trace(name).requests for name in PUBLISHED} == {
        name: row[0] for name, row in PUBLISHED.items()
    }


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("name", PUBLISHED)
def test_means_of_20000_requests_are_the_published_ones_within_2_percent(name, seed):
    means = lengths(name, 20_000, seed).mean(axis=0)
    assert means == pytest.approx(PUBLISHED[name][1:], rel=0.02)


@pytest.mark.parametrize(
    ("mean", "variation", "longest"),
    [(1154.7, 0.96, 14050), (2047.8, 0.964, 7437), (27.9, 2.147, 1899), (1.5, 0.6, 8), (3, 1, 9)],
)
def test_mean_and_variation_hold_after_rounding_and_cutting(mean, variation, longest):
    assert moments(mean, variation, longest) == pytest.approx((mean, variation), rel=2e-3)


@pytest.mark.parametrize("name", ["azure_conv", "azure_code"])
def test_generated_lengths_are_as_long_and_as_varied_as_recorded_ones(name):
    record = RECORDS / f"{name}.csv"
    if not record.is_file():
        pytest.skip(f"AZURE_TRACES names no folder with the recorded trace {record.name}")
    recorded = np.array([request[2:] for request in trace_requests(record)], float)
    made = lengths(name, 20_000, 0)
    assert made.mean(axis=0) == pytest.approx(recorded.mean(axis=0), rel=0.02)
    variations = [found.std(axis=0) / found.mean(axis=0) for found in (made, recorded)]
    # A lucky or unlucky longest output moves the variation of the code trace by 3 %.
    assert variations[0] == pytest.approx(variations[1], rel=0.05)
    assert len(recorded) == PUBLISHED[name][0]


def test_requests_arrive_at_the_rate_of_the_trace():
    spec = load_trace("azure_conv")
    assert spec.rate_per_s == pytest.approx(19366 / 3501.7)
    *_, last = generated(spec, 20_000, seed=0)
    assert last.arrived_s == pytest.approx(20_000 / spec.rate_per_s, rel=0.02)


def test_gaps_are_exponential():
    times = np.array([request.arrived_s for request in generated(load_trace("kimi_conv"), 20_000)])
    gaps = np.diff(times)
    assert gaps.std() / gaps.mean() == pytest.approx(1, rel=0.03)
    assert np.mean(gaps > gaps.mean()) == pytest.approx(np.exp(-1), rel=0.03)


def test_prompt_and_output_are_independent():
    made = np.log(lengths("azure_conv", 20_000, 3))
    assert abs(np.corrcoef(made.T)[0, 1]) < 0.02


def test_a_seed_gives_the_same_requests_and_a_short_run_is_the_start_of_a_long_one():
    spec = load_trace("azure_code")
    long = list(generated(spec, 2 * BLOCK, seed=7))
    assert list(generated(spec, 5000, seed=7)) == long[:5000]
    assert list(islice(generated(spec, 10**9, seed=7), 10)) == long[:10]
    assert list(generated(spec, 100, seed=8)) != long[:100]


def test_lengths_are_whole_and_stay_within_1_and_the_longest():
    made = lengths("azure_code", 20_000, 0)
    assert (made == np.rint(made)).all()
    assert made.min() >= 1
    assert (made.max(axis=0) <= (7437, 1899)).all()


TEXT = """\
about: A trace.
source: made up
requests: 100
duration: 10 s
prompt: {mean: 100, variation: 1, longest: 1000, source: made up}
output: {mean: 10, variation: 1, longest: 100, source: made up}
"""


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("mean: 10,", "mean: 100,", "m.yaml:6: output: a mean of 100 is not between 1 and 100 tok"),
        ("mean: 10,", "mean: 1,", "m.yaml:6: output: a mean of 1 is not between 1 and 100 tokens"),
        (
            "mean: 10, variation: 1",
            "mean: 10, variation: 5",
            "m.yaml:6: output: no lengths of 1 to 100 tokens with a mean of 10 vary by 5",
        ),
        ("duration: 10 s", "duration: 10", "m.yaml:4: duration: '10' is not a quantity in s"),
        ("requests: 100", "requests: 0", "m.yaml:3: requests: '0' must be above 0"),
        ("source: made up\nreq", "req", "m.yaml:1: RequestTrace needs 'source'"),
    ],
)
def test_a_bad_description_is_refused_with_its_line(old, new, message):
    assert old in TEXT
    with pytest.raises(RecordError) as caught:
        read_request_trace(parse_yaml(TEXT.replace(old, new), "m.yaml"))
    assert str(caught.value).startswith(message)
