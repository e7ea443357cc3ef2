import pytest

from accelsim.base.errors import RecordError, WorkloadError
from accelsim.base.record import read_record
from accelsim.base.yamlfile import parse_yaml
from accelsim.workload.model import Model
from accelsim.workload.model_load import load_model

PLAIN = "layers: 2\nhidden: 96\nheads: 6\nfeed_forward: 64\nvocabulary: 50\n"
LATENT = "mla: {kv_rank: 16, rope_dim: 4, nope_dim: 12, value_dim: 10}\n"


def read(text):
    return read_record(parse_yaml(text, "m.yaml"), Model)


def test_what_is_left_away_follows_from_the_heads():
    model = read(PLAIN)
    assert (model.kv_heads, model.head_dim, model.value_dim) == (6, 16, 16)
    assert (model.query_dim, model.result_dim) == (16, 16)
    latent = read(PLAIN + LATENT)
    assert (latent.query_dim, latent.result_dim, latent.mla.kept) == (16, 10, 20)


@pytest.mark.parametrize(
    ("right", "wrong", "complaint"),
    [
        ("heads: 6", "heads: 5", "m.yaml:1: Model: head_dim: 96 / 5 is no whole number; give it"),
        ("heads: 6", "heads: 0", "m.yaml:3: heads: '0' must be above 0"),
        ("hidden: 96", "hidden: -96", "m.yaml:2: hidden: '-96' must be above 0"),
        ("layers: 2", "layer: 2", "m.yaml:1: Model has no 'layer'. Did you mean 'layers'?"),
        ("heads: 6", "heads: 6\nkv_heads: 4", "6 query heads do not divide over 4 key and value"),
        ("heads: 6", f"heads: 6\nkv_heads: 6\n{LATENT}", "leave those of heads away"),
        ("heads: 6", "heads: 6\nkv_scale: 16 bit", "a scale has a kv_group"),
        ("heads: 6", "heads: 6\nkv: 8", "kv: '8' is not a quantity in bit; write it like '16 bit'"),
        (
            "heads: 6",
            "heads: 6\nexperts: {count: 4, active: 5, feed_forward: 8}",
            "there are no 5 of 4 experts",
        ),
        (
            "heads: 6",
            "heads: 6\nexperts: {count: 4, active: 1, feed_forward: 8, dense_layers: 3}",
            "there are only 2 layers",
        ),
    ],
)
def test_what_is_wrong_with_a_model_is_one_line(right, wrong, complaint):
    with pytest.raises(RecordError) as caught:
        read(PLAIN.replace(right, wrong))
    assert complaint in str(caught.value)
    assert "\n" not in str(caught.value)


def test_heads_divide_or_are_on_several_devices():
    model = load_model("llama3_70b")
    four, sixteen = model.divided(4), model.divided(16)
    assert (four.heads, four.kv_heads, four.feed_forward) == (16, 2, 7168)
    assert (sixteen.heads, sixteen.kv_heads) == (4, 1)
    latent = load_model("deepseek_v3").divided(8)
    assert (latent.heads, latent.expert, latent.shared) == (16, 256, 256)


@pytest.mark.parametrize(
    ("name", "tensor", "complaint"),
    [
        ("llama3_70b", 3, "64 heads do not divide over 3 devices. Take 1, 2, 4, 8, 16, 32 ..."),
        ("llama3_70b", 0, "0 devices hold no model. Take 1 or more"),
        ("llama_33b", 8, "52 heads do not divide over 8 devices. Take 1, 2, 4"),
        ("deepseek_v2_lite", 32, "16 heads do not divide over 32 devices. Take 1, 2, 4, 8, 16"),
    ],
)
def test_what_does_not_divide_is_named_with_what_would(name, tensor, complaint):
    with pytest.raises(WorkloadError) as caught:
        load_model(name).divided(tensor)
    assert str(caught.value).startswith(complaint)


def test_columns_must_divide_too():
    model = read(PLAIN.replace("feed_forward: 64", "feed_forward: 63"))
    with pytest.raises(WorkloadError, match="63 columns of the feed-forward network"):
        model.divided(2)


def test_layers_are_dense_first():
    model = load_model("deepseek_v3")
    assert [model.has_experts(layer) for layer in (0, 2, 3, 60)] == [False, False, True, True]
    with pytest.raises(WorkloadError, match="deepseek_v3 has no layer 61. They are 0 to 60"):
        model.has_experts(61)


def test_equal_models_are_one_key():
    model = load_model("llama3_8b")
    again = model.model_copy(update={"kv_bits": 8}).model_copy(update={"kv_bits": 16})
    assert (again == model, hash(again) == hash(model)) == (True, True)
