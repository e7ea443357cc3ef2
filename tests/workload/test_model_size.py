"""Sizes beside those that others counted."""

import pytest

from accelsim.base.catalogue import names
from accelsim.workload.model import Model
from accelsim.workload.model_load import load_model
from accelsim.workload.model_size import (
    activation_bytes,
    activation_bytes_per_token,
    active_parameters,
    embedding_parameters,
    kv_bytes_per_token,
    layer_parameters,
    layer_weight_bytes,
    parameters,
    sequence_kv_bytes,
    weight_bytes,
)

#: Elements of all parameters of the model that transformers 4.57.6 builds from the same sizes
#: (AutoModelForCausalLM.from_config on the meta device), tied ones once.
COUNTED = {
    "llama_33b": 32_528_943_616,
    "llama_65b": 65_285_660_672,
    "llama2_7b": 6_738_415_616,
    "llama3_8b": 8_030_261_248,
    "llama3_70b": 70_553_706_496,
    "llama3_405b": 405_853_388_800,
    "mistral_7b": 7_241_732_096,
    "mixtral_8x7b": 46_702_792_704,
    "qwen3_0_6b": 596_049_920,
    "qwen3_1_7b": 1_720_574_976,
    "qwen3_4b": 4_022_468_096,
    "qwen3_8b": 8_190_735_360,
    "qwen3_14b": 14_768_307_200,
    "qwen3_32b": 32_762_123_264,
    "qwen3_30b_a3b": 30_532_122_624,
    "deepseek_v2_lite": 15_706_484_224,
    "deepseek_v3": 671_026_404_352,
}
SMALL = {"layers": 2, "hidden": 64, "heads": 4, "feed_forward": 100, "vocabulary": 1000}
BIASED = {"qkv_bias": True, "output_bias": True}


@pytest.mark.parametrize("name", names("models"))
def test_parameters_are_those_that_transformers_counts(name):
    assert parameters(load_model(name)) == COUNTED[name]


def test_biases_and_norms_are_those_that_transformers_counts():
    # LlamaConfig, Qwen3Config and DeepseekV3Config with attention_bias, counted likewise
    assert parameters(Model(**SMALL, kv_heads=2, **BIASED)) == 191_680
    assert parameters(Model(**SMALL, kv_heads=2, head_dim=32, qk_norm=True, **BIASED)) == 216_640
    latent = {"query_rank": 24, "kv_rank": 16, "rope_dim": 8, "nope_dim": 12, "value_dim": 10}
    experts = {"count": 8, "active": 2, "shared": 1, "feed_forward": 48, "dense_layers": 1}
    sizes = SMALL | {"layers": 3, "mla": latent, "experts": experts}
    assert parameters(Model(**sizes, **BIASED)) == 341_896
    # Qwen2Config of Qwen2.5 7B, whose output projection has no bias
    qwen2 = Model(
        layers=28, hidden=3584, heads=28, kv_heads=4, feed_forward=18944, vocabulary=152064,
        qkv_bias=True,
    )  # fmt: skip
    assert parameters(qwen2) == 7_615_616_512


def test_a_network_without_a_gate_has_two_matrices():
    gated, plain = Model(**SMALL), Model(**SMALL, gated=False)
    assert layer_parameters(gated, 0).feed_forward == 3 * 64 * 100
    assert layer_parameters(plain, 0).feed_forward == 2 * 64 * 100


@pytest.mark.parametrize(
    ("name", "billions"),
    [("mixtral_8x7b", 12.9), ("qwen3_30b_a3b", 3.3), ("deepseek_v3", 37), ("llama3_8b", 8.0)],
)
def test_active_parameters_are_those_of_the_papers(name, billions):
    # Mixtral (2401.04088) 13B, its release 12.9B; Qwen3 (2505.09388) 3.3B at the model's card;
    # DeepSeek-V3 (2412.19437) 37B
    assert active_parameters(load_model(name)) == pytest.approx(billions * 1e9, rel=0.02)


def test_deepseeks_own_count_leaves_the_lookup_out():
    # README_WEIGHTS.md of the release: 36.6B active, 0.9B of the head included
    model = load_model("deepseek_v3")
    lookup = embedding_parameters(model) // 2
    assert round((active_parameters(model) - lookup) / 1e9, 1) == 36.6


@pytest.mark.parametrize(
    ("name", "billions", "tied_once"),
    [
        ("qwen3_0_6b", 0.752, True),
        ("qwen3_1_7b", 2.03, True),
        ("qwen3_4b", 4.02, False),
        ("qwen3_8b", 8.19, False),
        ("qwen3_14b", 14.77, False),
        ("qwen3_32b", 32.76, False),
    ],
)
def test_kinetics_sizes_of_qwen3_count_a_stored_head_again(name, billions, tied_once):
    """Kinetics (arXiv 2506.05333) has what lies in the checkpoints: those of 0.6B and 1.7B hold
    the tied matrix twice."""
    model = load_model(name)
    again = embedding_parameters(model) if tied_once else 0
    assert (parameters(model) + again) / 1e9 == pytest.approx(billions, abs=0.005)


@pytest.mark.parametrize(
    ("name", "gigabytes", "off"),
    [("llama_33b", 64.7, 0.006), ("llama_65b", 130.1, 0.004), ("llama3_70b", 137.5, 0.027)],
)
def test_laminas_weights_are_a_little_less_than_all_parameters(name, gigabytes, off):
    """Lamina (arXiv 2405.01814, version 2), its list of models in FP16: 0.55 %, 0.36 % and 2.6 %
    less; which parameters it leaves out it does not say."""
    ours = weight_bytes(load_model(name)) / 1e9
    assert 0 < ours / gigabytes - 1 < off


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("llama3_70b", 327_680),
        ("llama_65b", 2_621_440),
        ("llama_33b", 1_597_440),
        ("deepseek_v3", 61 * (512 + 64) * 2),
    ],
)
def test_the_cache_of_a_token(name, kept):
    assert kv_bytes_per_token(load_model(name)) == kept


def test_scales_of_a_quantised_cache():
    model = load_model("llama3_8b", {"kv": "4 bit", "kv_scale": "32 bit", "kv_group": 64})
    # 32 layers, 8 heads, a key and a value of 128 numbers, each two groups
    assert kv_bytes_per_token(model) == 32 * 8 * 2 * (128 * 4 + 2 * 32) // 8
    ragged = model.model_copy(update={"kv_group": 100})
    assert kv_bytes_per_token(ragged) == kv_bytes_per_token(model)
    latent = load_model("deepseek_v3", {"kv": "8 bit", "kv_scale": "32 bit", "kv_group": 128})
    assert kv_bytes_per_token(latent) == 61 * (576 + 5 * 4)


def test_a_window_keeps_its_last_tokens():
    model = load_model("mistral_7b")
    assert sequence_kv_bytes(model, 1000) == 1000 * 131_072
    assert sequence_kv_bytes(model, 10**6) == 4096 * 131_072


@pytest.mark.parametrize("name", ["llama3_70b", "mixtral_8x7b", "qwen3_8b"])
def test_devices_hold_the_model_together(name):
    """All that is held twice are norms and routers."""
    model = load_model(name)
    each = layer_parameters(model, 0, 4)
    assert 4 * each.matrices == layer_parameters(model, 0).matrices
    twice = model.layers * (each.norms + each.router) + model.hidden
    assert 4 * parameters(model, 4) == parameters(model) + 3 * twice
    assert 4 * kv_bytes_per_token(model, 4) == kv_bytes_per_token(model)


def test_latents_and_few_heads_are_on_every_device():
    latent = load_model("deepseek_v3")
    assert kv_bytes_per_token(latent, 8) == kv_bytes_per_token(latent)
    model = load_model("llama3_70b")
    assert kv_bytes_per_token(model, 16) == kv_bytes_per_token(model, 8) == 40_960


def test_only_matrices_of_layers_are_quantised():
    model = load_model("llama3_8b", {"weight": "4 bit"})
    others = 2 * 128_256 * 4096 + 4096 + 32 * 2 * 4096
    assert weight_bytes(model) == (COUNTED["llama3_8b"] - others) // 2 + 2 * others
    layers = sum(layer_weight_bytes(model, layer) for layer in range(model.layers))
    assert weight_bytes(model) == layers + 2 * (2 * 128_256 * 4096 + 4096)


def test_activations_by_hand():
    model = load_model("llama3_8b")
    # residual and norm; gate, up, product and result of the network, wider than attention
    each = 2 * (2 * 4096 + 3 * 14336 + 4096)
    assert activation_bytes_per_token(model) == each
    assert activation_bytes(model, 10, 3) == 10 * each + 3 * 4 * 128_256
    # on one of two devices: half of the network, its own logits and those of all
    halved = 2 * (2 * 4096 + 3 * 7168 + 4096)
    assert activation_bytes(model, 1, 1, 2) == halved + 4 * (64_128 + 128_256)
    latent = load_model("deepseek_v3")
    # residual and norm; 128 absorbed queries and results, and the new latent
    assert activation_bytes_per_token(latent) == 2 * (2 * 7168 + 128 * (576 + 512) + 576)


@pytest.mark.parametrize(
    ("tensor", "expert", "parts"), [(8, 8, 8), (8, 2, 8), (1, 8, 8), (8, 64, 64)]
)
def test_devices_hold_all_experts_once(tensor, expert, parts):
    model = load_model("deepseek_v3")
    all_experts = layer_parameters(model, 5).experts
    found = layer_parameters(model, 5, tensor, expert)
    assert parts * found.experts == all_experts
    assert found.attention == layer_parameters(model, 5, tensor).attention
    fewer = (all_experts // tensor - found.experts) * 58
    assert weight_bytes(model, tensor, expert) == weight_bytes(model, tensor) - fewer
