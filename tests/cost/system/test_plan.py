import pytest

from accelsim.arch.load_system import load_system, machines_of
from accelsim.base.errors import ArchError
from accelsim.cost.system.plan import Plan, plan_of
from accelsim.workload.model_load import load_model
from tests.cost.system.systems import APART, KV_TOKEN_BYTES, MIXED, TINY, plan, with_room


def shipped(system, model):
    loaded = load_system(system)
    return plan_of(loaded, load_model(model), machines_of(loaded))


# --- Lamina's figures (arXiv 2405.01814v2), by arithmetic from its tables -------------------------


@pytest.mark.parametrize(
    ("model", "word_bytes"),
    [("llama3_70b", 327_680), ("llama_65b", 2_621_440), ("llama_33b", 1_597_440)],
)
def test_a_token_holds_two_words_for_every_layer_and_key_value_feature(model, word_bytes):
    """2 e L d / G of its table 3: 60 x 6656, 80 x 8192, 80 x 8192 / 8, words of two bytes."""
    assert shipped("lamina_2h100_4h20", model).kv_token_bytes == word_bytes


def test_80_gb_hold_about_30_requests_of_8192_tokens():
    whole = shipped("lamina_2h100_4h20", "llama3_70b")
    assert 80e9 / (whole.kv_token_bytes * 8192) == pytest.approx(29.8, abs=0.05)


def test_two_and_four_hold_837_conversations():
    """Of 1154.7 + 211.1 / 2 tokens each, in 90 % of four times 96 GB; the paper reaches 800."""
    tokens = shipped("lamina_2h100_4h20", "llama3_70b").kv_tokens
    assert tokens == int(4 * 96e9 * 0.9 / 327_680)
    assert tokens / (1154.7 + 211.1 / 2) == pytest.approx(837, abs=0.5)


@pytest.mark.parametrize(
    ("lamina", "vllm", "model", "ratio"),
    [
        ("lamina_1h100_2h20", "vllm_2h100", "llama_33b", 2.18),
        ("lamina_2h100_4h20", "vllm_4h100", "llama_65b", 2.19),
        ("lamina_2h100_4h20", "vllm_4h100", "llama3_70b", 2.30),
    ],
)
def test_more_requests_fit_than_beside_the_weights(lamina, vllm, model, ratio):
    """b 96 0.9 / (n 80 0.9 - weights); vLLM's activations, and the logits of 2048 tokens, which are
    1.3 GB a device at Llama 3's vocabulary, are what the formula leaves out."""
    found = shipped(lamina, model).kv_tokens / shipped(vllm, model).kv_tokens
    assert found == pytest.approx(ratio, rel=0.07)
    assert found > ratio


# --- by hand --------------------------------------------------------------------------------------


def test_room_is_what_weights_and_activations_leave_of_the_usable_memory():
    one = plan()
    held = one.weight_bytes + one._activation_bytes
    assert one.kv_token_bytes == KV_TOKEN_BYTES
    assert one.kv_tokens == int((80e9 * 0.9 - held) / KV_TOKEN_BYTES)


@pytest.mark.parametrize("layout", ["tensor", "pipeline", "context"])
def test_two_devices_of_a_replica_hold_what_two_have_room_for(layout):
    both = plan(count=2, **{layout: 2})
    held = both.weight_bytes + both._activation_bytes
    assert both.kv_tokens == int(2 * (80e9 * 0.9 - held) / KV_TOKEN_BYTES)
    assert both.engines == 1


def test_two_replicas_are_two_engines_and_attention_workers_one():
    assert (plan(count=2).engines, plan(count=2).kv_tokens) == (2, plan().kv_tokens)
    assert plan(APART, count=2).engines == 1


def test_heads_that_do_not_divide_any_further_lie_on_several_devices():
    """Four key/value heads on eight devices: each has one, so that all are there twice."""
    assert plan(count=8, tensor=8).kv_token_bytes == 2 * KV_TOKEN_BYTES


def test_attention_workers_hold_keys_and_values_alone():
    assert plan(APART, workers=2).kv_tokens == int(2 * 96e9 * 0.9 / KV_TOKEN_BYTES)
    assert plan(APART, workers=3, split="sequence").kv_token_bytes == KV_TOKEN_BYTES


def test_memories_may_end_where_a_test_wants_them_to():
    for made in (with_room(500), with_room(500, APART), with_room(500, count=2, tensor=2)):
        assert made.kv_tokens == 500


def test_the_longest_of_unequal_stages_counts():
    assert plan(count=3, pipeline=3).stage_layers == 2


# --- what does not fit ----------------------------------------------------------------------------


def refused(*args, **changed):
    with pytest.raises(ArchError) as error:
        plan(*args, **changed)
    return str(error.value)


def test_heads_divide_over_the_devices():
    assert refused(count=3, tensor=3) == (
        "8 query and 4 key/value heads do not divide over 3 A. Change parallel.tensor"
    )


def test_a_stage_has_a_layer():
    assert refused(count=5, pipeline=5) == ("4 layers make no 5 stages. Change parallel.pipeline")


def test_experts_divide_over_the_devices():
    text = "{} experts do not divide over {} devices. Change parallel.expert"
    assert refused(count=2, tensor=2, expert=2) == text.format(0, 2)
    uneven = MIXED.model_copy(update={"experts": MIXED.experts.model_copy(update={"count": 7})})
    assert refused(model=uneven, count=2, tensor=2, expert=2) == text.format(7, 2)


def test_key_value_heads_divide_over_attention_workers_or_sequences_are_split():
    assert refused(APART, workers=3) == (
        "4 key/value heads do not divide over 3 B. Take 1, 2, 4 of them, or offload.split: sequence"
    )
    assert plan(APART, workers=3, split="sequence").head_parts == 1


def test_attention_workers_go_with_tensor_parallelism_alone():
    apart = plan(APART, count=2)
    for layout in ("pipeline", "context"):
        parallel = apart.system.parallel.model_copy(update={layout: 2})
        system = apart.system.model_copy(update={"parallel": parallel})
        with pytest.raises(ArchError, match="attention workers go with tensor parallelism alone"):
            plan_of(system, TINY, apart.machines)


def test_attention_workers_need_to_be_told_how():
    apart = plan(APART)
    system = apart.system.model_copy(update={"offload": None})
    with pytest.raises(ArchError, match="attention workers need 'offload'. Add offload: {}"):
        plan_of(system, TINY, apart.machines)


def test_a_model_that_is_too_large_is_told_by_how_much():
    loaded = load_system("two_h100_tensor")
    with pytest.raises(ArchError) as error:
        plan_of(loaded, load_model("llama3_405b"), machines_of(loaded))
    text = str(error.value)
    assert text.startswith("llama3_405b needs ")
    assert "a device, of which H100 has 72 GB. Take more devices" in text


def test_without_room_for_a_token_nothing_can_be_served():
    full = plan()
    held = (full.weight_bytes + full._activation_bytes) / 0.9
    values = f"{{memories.HBM.capacity: {held + 1000:.0f} B}}"
    assert refused(set=values) == (
        "no memory is left for keys and values. Take more devices or a smaller model"
    )


def test_a_plan_says_nothing_until_it_is_asked():
    """Only `plan_of` looks whether things fit."""
    whole = plan()
    assert Plan(whole.system, load_model("llama3_405b"), whole.machines).kv_tokens == 0
