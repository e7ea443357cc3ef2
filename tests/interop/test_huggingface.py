"""Configurations as the library writes them, and what can be wrong with one."""

import json

import pytest

from accelsim.base.errors import InputError
from accelsim.interop.huggingface import read_config
from accelsim.workload.model_load import load_model

LLAMA3 = {
    "architectures": ["LlamaForCausalLM"],
    "attention_bias": False,
    "hidden_act": "silu",
    "hidden_size": 8192,
    "intermediate_size": 28672,
    "mlp_bias": False,
    "model_type": "llama",
    "num_attention_heads": 64,
    "num_hidden_layers": 80,
    "num_key_value_heads": 8,
    "rms_norm_eps": 1e-05,
    "rope_scaling": None,
    "tie_word_embeddings": False,
    "torch_dtype": "bfloat16",
    "vocab_size": 128256,
}
MISTRAL = {
    "model_type": "mistral", "hidden_size": 4096, "intermediate_size": 14336,
    "num_attention_heads": 32, "num_hidden_layers": 32, "vocab_size": 32000,
}  # fmt: skip
QWEN3 = {
    "model_type": "qwen3", "hidden_size": 2560, "intermediate_size": 9728, "head_dim": 128,
    "num_attention_heads": 32, "num_hidden_layers": 36, "num_key_value_heads": 8,
    "max_window_layers": 36, "sliding_window": None, "use_sliding_window": False,
    "tie_word_embeddings": True, "vocab_size": 151936,
}  # fmt: skip
QWEN3_MOE = {
    "model_type": "qwen3_moe", "hidden_size": 2048, "intermediate_size": 6144, "head_dim": 128,
    "num_attention_heads": 32, "num_hidden_layers": 48, "num_key_value_heads": 4,
    "decoder_sparse_step": 1, "mlp_only_layers": [], "moe_intermediate_size": 768,
    "num_experts": 128, "num_experts_per_tok": 8, "vocab_size": 151936,
}  # fmt: skip
DEEPSEEK_V2 = {
    "model_type": "deepseek_v2", "hidden_size": 2048, "intermediate_size": 10944,
    "num_attention_heads": 16, "num_key_value_heads": 16, "num_hidden_layers": 27,
    "kv_lora_rank": 512, "q_lora_rank": None, "qk_rope_head_dim": 64, "qk_nope_head_dim": 128,
    "v_head_dim": 128, "n_routed_experts": 64, "n_shared_experts": 2, "num_experts_per_tok": 6,
    "moe_intermediate_size": 1408, "first_k_dense_replace": 1, "moe_layer_freq": 1,
    "vocab_size": 102400,
}  # fmt: skip
DEEPSEEK_V3 = {
    "model_type": "deepseek_v3", "hidden_size": 7168, "intermediate_size": 18432,
    "num_attention_heads": 128, "num_hidden_layers": 61, "n_routed_experts": 256,
    "num_experts_per_tok": 8, "moe_intermediate_size": 2048, "vocab_size": 129280,
    "torch_dtype": "bfloat16",
    "quantization_config": {"quant_method": "fp8", "weight_block_size": [128, 128]},
}  # fmt: skip


def written(tmp_path, config, **changes):
    folder = tmp_path / "some-model"
    folder.mkdir(exist_ok=True)
    kept = {key: value for key, value in (config | changes).items() if value != "leave away"}
    (folder / "config.json").write_text(json.dumps(kept, indent="\t"))
    return folder / "config.json"


@pytest.mark.parametrize(
    ("config", "preset"),
    [
        (LLAMA3, "llama3_70b"),
        (MISTRAL, "mistral_7b"),
        (MISTRAL | {"model_type": "mixtral"}, "mixtral_8x7b"),
        (QWEN3, "qwen3_4b"),
        (QWEN3_MOE, "qwen3_30b_a3b"),
        (DEEPSEEK_V2, "deepseek_v2_lite"),
        (DEEPSEEK_V3, "deepseek_v3"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_a_config_is_the_model_of_its_preset(tmp_path, config, preset):
    """What is not in the config has the default of its family."""
    labels = {"name": "", "about": "", "source": ""}
    found = read_config(written(tmp_path, config)).model_copy(update=labels)
    assert found == load_model(preset).model_copy(update=labels)


def test_key_and_value_heads_are_as_many_as_heads_unless_given(tmp_path):
    for gone in ("leave away", None):
        config = written(tmp_path, LLAMA3, num_key_value_heads=gone)
        assert read_config(config).kv_heads == 64
    model = read_config(written(tmp_path, LLAMA3, head_dim=256))
    assert (model.head_dim, model.name) == (256, "some-model")


def test_biases_and_windows_of_families(tmp_path):
    biased = read_config(written(tmp_path, LLAMA3, attention_bias=True))
    assert (biased.qkv_bias, biased.output_bias) == (True, True)
    qwen2 = read_config(written(tmp_path, QWEN3, model_type="qwen2", head_dim="leave away"))
    assert (qwen2.qkv_bias, qwen2.output_bias, qwen2.qk_norm) == (True, False, False)
    assert read_config(written(tmp_path, MISTRAL, sliding_window=None)).window is None
    sliding = {"use_sliding_window": True, "sliding_window": 1024}
    assert read_config(written(tmp_path, QWEN3, **sliding)).window is None
    everywhere = read_config(written(tmp_path, QWEN3, **sliding, max_window_layers=0))
    assert everywhere.window == 1024
    assert read_config(written(tmp_path, QWEN3_MOE, mlp_only_layers=[0, 1])).expert_layers == 46


@pytest.mark.parametrize(
    ("changes", "bits"),
    [
        ({"torch_dtype": "float32"}, 32),
        ({"dtype": "float16", "torch_dtype": "leave away"}, 16),
        ({"torch_dtype": "leave away"}, 16),
        ({"quantization_config": {"quant_method": "awq", "bits": 4}}, 4),
    ],
)
def test_words_of_the_weights(tmp_path, changes, bits):
    config = written(tmp_path, LLAMA3, **changes)
    assert read_config(config).weight_bits == bits
    assert read_config(config, {"weight": "8 bit", "kv": "4 bit"}).weight_bits == 8


@pytest.mark.parametrize(
    ("changes", "key", "complaint"),
    [
        ({"model_type": "leave away"}, None, "'model_type' is missing. There are llama, mistral"),
        ({"model_type": "lama"}, "model_type", '"lama" is not a family that can be read. Did you'),
        ({"model_type": "gpt2"}, "model_type", "is not a family that can be read. There are llama"),
        ({"hidden_size": "leave away"}, None, "'hidden_size' is missing. Add a line like"),
        ({"num_hidden_layers": -80}, "num_hidden_layers", "-80 is no whole number above 0"),
        ({"vocab_size": 1.5}, "vocab_size", "vocab_size: 1.5 is no whole number above 0"),
        ({"hidden_size": True}, "hidden_size", "hidden_size: true is no whole number above 0"),
        ({"vocab_size": None}, "vocab_size", "vocab_size: null is no whole number above 0"),
        ({"num_attention_heads": 63}, "hidden_size", "8192 does not divide over 63 heads"),
        ({"num_key_value_heads": 7}, "num_key_value_heads", "7 does not divide 64 heads"),
        (
            {"num_key_value_heads": "leave away", "num_key_value_hedas": 8},
            "num_key_value_hedas",
            "is no key of a config.json. Did you mean 'num_key_value_heads'?",
        ),
        ({"mlp_bias": True}, "mlp_bias", "mlp_bias: true is not known to a model. Set it to false"),
        ({"tie_word_embeddings": "no"}, "tie_word_embeddings", '"no" is not true or false'),
        ({"torch_dtype": "int3"}, "torch_dtype", '"int3" is no known word. There are float32'),
        ({"quantization_config": {"x": 1}}, "quantization_config", "many bits. Give it: --set"),
    ],
)
def test_what_is_wrong_has_its_line_fact_and_remedy(tmp_path, changes, key, complaint):
    config = written(tmp_path, LLAMA3, **changes)
    lines = config.read_text().splitlines()
    line = next((n for n, text in enumerate(lines, 1) if f'"{key}"' in text), 1)
    with pytest.raises(InputError) as caught:
        read_config(config)
    assert str(caught.value).startswith(f"{config}:{line}: ")
    assert complaint in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("config", "changes", "complaint"),
    [
        (QWEN3, {"use_sliding_window": True, "max_window_layers": 5}, "to some layers. Set it"),
        (QWEN3_MOE, {"decoder_sparse_step": 2}, "mixes kinds of layers"),
        (QWEN3_MOE, {"mlp_only_layers": [3]}, "are not the first layers"),
        (DEEPSEEK_V2, {"moe_layer_freq": 2}, "mixes kinds of layers"),
        (DEEPSEEK_V2, {"num_experts_per_tok": "leave away"}, "'num_experts_per_tok' is missing"),
        (DEEPSEEK_V2, {"num_experts_per_tok": 65}, "there are no 65 of 64 experts"),
    ],
)
def test_what_a_model_cannot_be_is_refused(tmp_path, config, changes, complaint):
    with pytest.raises(InputError, match=complaint):
        read_config(written(tmp_path, config, **changes))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("{\n  'a': 1}", "c.json:2: not JSON: Expecting property name enclosed in double quotes"),
        ("[1, 2]", "c.json:1: a config.json holds an object"),
        ("", "c.json: the file is empty"),
        ("layers: 3", "c.json:1: not JSON: Expecting value. Give the config.json of a model"),
        ("[" * 100_000, "c.json: not JSON: "),
    ],
)
def test_no_json_is_one_line(tmp_path, monkeypatch, text, complaint):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "c.json").write_text(text)
    with pytest.raises(InputError) as caught:
        read_config("c.json")
    assert str(caught.value).startswith(complaint)


def test_no_such_file():
    with pytest.raises(InputError, match="nowhere.json: no such file"):
        read_config("nowhere.json")
