import json

import pytest

from accelsim.workload.capacity import capacity
from accelsim.workload.model_load import load_model

LLAMA = {
    "model_type": "llama",
    "hidden_size": 4096,
    "intermediate_size": 11008,
    "num_attention_heads": 32,
    "num_hidden_layers": 32,
    "vocab_size": 32000,
}


def test_sizes_are_printed_with_a_row_a_kind_of_layer(run):
    out = run("model", "deepseek-v3").out
    assert "parameters  671,026,404,352, of which a token uses 37,552,282,624" in out
    assert "cache       70,272 B a token at 16 bit" in out
    rows = [line.split()[:4] for line in out.splitlines() if line.split()[1:2] in (
        ["dense"], ["experts"]
    )]  # fmt: skip
    assert rows == [
        ["3", "dense", "187,105,280", "396,361,728"],
        ["58", "experts", "187,105,280", "44,040,192"],
    ]
    assert "largest batch" not in out


def test_json_is_what_the_functions_say(run):
    words = ("--machine", "h100_sxm", "--tensor", "4", "--context", "8K", "--context", "1000")
    found = json.loads(run("model", "llama3_70b", *words, "--json").out)
    fits = capacity(load_model("llama3_70b"), 80e9, 4)
    assert found["parameters"] == found["active_parameters"] == 70_553_706_496
    assert found["capacity"]["tokens"] == fits.tokens
    assert [(row["context"], row["batch"]) for row in found["contexts"]] == [
        (8192, fits.batch(8192)),
        (1000, fits.batch(1000)),
    ]
    assert found["contexts"][0]["sequence_bytes"] == 8192 * 81_920
    layer = found["layers"][0]
    whole = sum(layer[name] for name in ("attention", "feed_forward", "router", "norms"))
    assert 80 * whole + found["embeddings"] + 8192 == found["parameters"]


def test_a_config_is_taken_as_it_is(run, tmp_path):
    file = tmp_path / "config.json"
    file.write_text(json.dumps(LLAMA))
    out = run("model", str(file), "--set", "kv=8 bit").out
    assert "parameters  6,738,415,616" in out
    assert "cache       262,144 B a token at 8 bit" in out


def test_the_machine_can_be_set_too(run):
    words = ("llama3_70b", "--machine", "h100_sxm", "--json")
    larger = run("model", *words, "--set", "memories.HBM.capacity=192 GB")
    assert json.loads(larger.out)["capacity"]["memory_bytes"] == 192e9


def test_a_window_bounds_the_cache_of_a_sequence(run):
    rows = json.loads(run("model", "mistral_7b", "--json").out)["contexts"]
    assert {row["sequence_bytes"] for row in rows[1:]} == {4096 * 131_072}


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("lama3_70b",), "there is no model 'lama3_70b', and no such file. Did you mean"),
        (("llama3_70b", "--machine", "h100_sxm"), "llama3_70b needs 131.4 GiB on a device"),
        (("llama3_70b", "--tensor", "7"), "64 heads do not divide over 7 devices. Take 1, 2"),
        (("llama3_70b", "--context", "many"), "'many' is no length"),
        (("llama3_70b", "--machine", "h100"), "there is no machine 'h100'"),
        (("llama3_70b", "--set", "memories.HBM.capacity=1 GB"), "is of no machine"),
        (("llama3_70b", "--set", "layrs=3"), "no input has 'layrs'. Did you mean 'layers'?"),
        (("config.json",), "config.json: no such file"),
    ],
)
def test_what_is_wrong_is_one_line_and_a_status(run, words, complaint):
    ended = run("model", *words)
    assert (ended.status, ended.out) == (2, "")
    assert complaint in ended.err
    assert ended.err.count("\n") == 1
