"""`accelsim evaluate MODEL SYSTEM`."""

import json

import pytest


def test_dollars_and_tokens_are_those_of_the_time(run):
    words = "evaluate llama3_8b two_h100_tensor --sequences 8 --context 1000 --json"
    plain = json.loads(run(*words.split()).out)
    # Two H100s at 3.99 USD/h (the system's file), one token for each of 8 sequences.
    assert plain["usd_per_hour"] == pytest.approx(2 * 3.99)
    assert plain["tokens_per_s"] == pytest.approx(8 / plain["seconds"])
    dollars = 2 * 3.99 / 3600 * plain["seconds"] / 8 * 1e6
    assert plain["usd_per_million_tokens"] == pytest.approx(dollars)


def test_a_number_of_a_devices_machine_is_set_below_its_name(run):
    words = ["evaluate", "llama3_8b", "lamina_1h100_2h20", "--json", "--context", "16000", "--set"]
    slow = json.loads(run(*words, "H20.memories.HBM.bandwidth=1 TB/s").out)
    fast = json.loads(run(*words, "H20.memories.HBM.bandwidth=2 TB/s").out)
    assert 1.9 < slow["way_s"]["attention"] / fast["way_s"]["attention"] < 2


def test_it_takes_as_long_as_explain_says(run):
    words = ["llama3_8b", "eight_h100", "--phase", "prefill", "--context", "5000", "--json"]
    found = json.loads(run("evaluate", *words).out)
    assert found["seconds"] == json.loads(run("explain", *words).out)["latency_s"]


def test_the_sequences_are_said_to_be_each_replicas(run):
    # Eight devices by four are two replicas, each with eight sequences.
    words = "evaluate llama3_8b eight_h100 --sequences 8 --context 1000"
    said, plain = run(*words.split()).out, json.loads(run(*words.split(), "--json").out)
    assert said.startswith("llama3_8b on eight_h100, 8 sequences of 1,000 keys on each of 2 repl")
    assert plain["tokens_per_s"] == pytest.approx(2 * 8 / plain["seconds"])
