"""Linked cascades of a layer: counted beside its calls, and run beside the layer written out."""

from itertools import product
from math import prod

import numpy as np
import pytest

from accelsim.base.errors import WorkloadError
from accelsim.workload.call_counts import pairs_seen, useful_flop
from accelsim.workload.calls import Bmm, Gemm, Sdpa
from accelsim.workload.counts import einsum_counts
from accelsim.workload.interpret import interpret
from accelsim.workload.layer import layer_calls
from accelsim.workload.model import Model
from accelsim.workload.model_cascades import Link, layer_cascades
from accelsim.workload.model_load import load_model
from accelsim.workload.model_size import layer_parameters, layer_weight_bytes
from accelsim.workload.phase import Decode, Prefill

SMALL = {"layers": 2, "hidden": 12, "heads": 4, "feed_forward": 10, "vocabulary": 9}
LATENT = {"kv_rank": 6, "rope_dim": 4, "nope_dim": 3, "value_dim": 5}
EXPERTS = {"count": 5, "active": 2, "feed_forward": 7}
MODELS = {
    "grouped": Model(**SMALL, kv_heads=2, head_dim=6),
    "biased": Model(**SMALL, head_dim=6, qk_norm=True, qkv_bias=True, output_bias=True),
    "ungated": Model(**SMALL, kv_heads=1, head_dim=6, value_dim=3, gated=False),
    "experts": Model(**SMALL, head_dim=6, experts=EXPERTS),
    "shared": Model(**SMALL, head_dim=6, experts=EXPERTS | {"shared": 2}),
    "latent": Model(**SMALL, mla=LATENT),
    "latents": Model(**SMALL, mla=LATENT | {"query_rank": 8}, qkv_bias=True, output_bias=True),
}
PHASES = [Decode(3, 11), Decode(2, 1), Prefill(8, 8), Prefill(4, 4, sequences=2), Prefill(4, 10)]


def phases_of(model):
    return [each for each in PHASES if not (model.mla and each == PHASES[4])]


def flop_of_products(cascades):
    """Of the Einsums that are sums of products of two tensors."""
    return sum(
        einsum_counts(cascade, einsum.name).flop
        for cascade in cascades
        for einsum in cascade.einsums
        if einsum.operations == {"mac": 1}
    )


def flop_of_calls(calls):
    """Without the softmax, and with the whole diagonal of a causal one."""
    total = 0
    for call in calls:
        if isinstance(call, Gemm | Bmm):
            total += useful_flop(call)
        if isinstance(call, Sdpa):
            half = call.p * (call.p + 1) // 2 - (call.p * call.p - call.p * call.p // 2)
            pairs = pairs_seen(call) + (call.b * half if call.causal else 0)
            total += 2 * call.h * pairs * (call.e + call.value_dim)
    return total


@pytest.mark.parametrize(
    ("name", "phase"),
    [
        *product(("llama3_70b", "qwen3_8b"), (Decode(16, 4096), Prefill(512, 512))),
        *product(("deepseek_v3", "deepseek_v2_lite"), (Decode(16, 4096), Prefill(512, 512))),
        ("llama3_8b", Prefill(256, 1024)),
    ],
)
@pytest.mark.parametrize("tensor", [1, 4])
def test_products_are_those_of_the_calls(name, phase, tensor):
    model = load_model(name)
    found = flop_of_products(layer_cascades(model, 0, phase, tensor).cascades)
    assert found == flop_of_calls(layer_calls(model, 0, phase, tensor))


@pytest.mark.parametrize(("name", "tokens"), [("mixtral_8x7b", 1), ("deepseek_v3", 1024)])
def test_products_of_experts_are_those_of_the_calls_without_padding(name, tokens):
    """1 token hits k experts; 1024 x 8 of 256 are 32 for each."""
    model = load_model(name)
    found = flop_of_products(layer_cascades(model, 5, Decode(tokens, 64)).cascades)
    assert found == flop_of_calls(layer_calls(model, 5, Decode(tokens, 64)))


def test_products_of_small_models_of_every_kind():
    for model in MODELS.values():
        for phase in phases_of(model):
            calls = layer_calls(model, 0, phase)
            experts = [call for call in calls.after if isinstance(call, Bmm)][-2:]
            has = model.experts is not None
            padded = sum(useful_flop(call) for call in experts) if has else 0
            tokens = phase.tokens * getattr(phase, "sequences", 1)
            exact = 2 * tokens * layer_parameters(model, 0).experts * 2 // 5 if has else 0
            found = flop_of_products(layer_cascades(model, 0, phase).cascades)
            # what is gathered by a lookup is a product too, of as many operations
            assert found == flop_of_calls(calls) - padded + exact, (model, phase)


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_weights_are_the_parameters(model):
    for phase in phases_of(model):
        layer = layer_cascades(model, 0, phase)
        tensors = {n: (c, c.tensors[n]) for c in layer.cascades for n in c.tensors}
        sizes = {
            name: prod(tensors[name][0].ranks[rank] for rank in tensors[name][1].ranks)
            for name in layer.weights
        }
        assert sum(sizes.values()) == layer_parameters(model, 0).total
        held = sum(size * tensors[name][1].word_bytes for name, size in sizes.items())
        assert held == layer_weight_bytes(model, 0)


def test_quantised_words_reach_the_tensors():
    model = load_model("deepseek_v3", {"kv": "8 bit"})
    layer = layer_cascades(model, 5, Decode(4, 100))
    held = {n: c.tensors[n].word_bytes for c in layer.cascades for n in c.tensors}
    assert [held[name] for name in ("WUQ", "WUK", "WG", "CKV", "CKVN")] == [1] * 5
    assert [held[name] for name in ("WR", "X", "Q", "G1")] == [2] * 4


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_every_input_is_linked_or_a_weight_or_what_a_layer_is_given(model):
    for phase in phases_of(model):
        layer = layer_cascades(model, 0, phase)
        linked = {(link.tensor, link.read_by) for link in layer.links}
        free = {
            name
            for cascade in layer.cascades
            for name in cascade.inputs
            if (name, cascade.name) not in linked and name not in layer.weights
        }
        earlier = phase.context - (1 if isinstance(phase, Decode) else phase.tokens)
        is_cached = isinstance(phase, Decode) if model.mla else earlier > 0
        cache = {"CKV", "KR"} if model.mla else {"K", "V"}
        assert free == {"X", "TC", "TS"} | (cache if is_cached else set())


def test_links_by_name():
    layer = layer_cascades(load_model("llama3_8b"), 0, Prefill(16, 16))
    attention = "heads/grouped:causal"
    assert layer.links == (
        Link("Q", "projections", attention),
        Link("K", "projections", attention),
        Link("V", "projections", attention),
        Link("AV", attention, "output"),
        Link("R1", "output", "network"),
    )


@pytest.mark.parametrize(
    ("name", "phase", "complaint"),
    [
        ("mistral_7b", Decode(1, 5000), "heads/grouped has no form with a window of 4096 keys"),
        ("deepseek_v3", Prefill(5, 10), "heads/mla has no form for a later part of a prompt"),
    ],
)
def test_what_the_catalogue_has_no_form_for_is_refused(name, phase, complaint):
    with pytest.raises(WorkloadError) as caught:
        layer_cascades(load_model(name), 0, phase)
    assert str(caught.value).startswith(complaint)


# --- run -----------------------------------------------------------------------------------------


def inputs_of(layer, seed=0):
    """Random numbers for all that is not linked."""
    rng = np.random.default_rng(seed)
    linked = {link.tensor for link in layer.links}
    arrays = {}
    for cascade in layer.cascades:
        for name in cascade.inputs:
            if name not in linked | set(arrays):
                shape = tuple(cascade.ranks[rank] for rank in cascade.tensors[name].ranks)
                arrays[name] = rng.standard_normal(shape)
    return arrays


def run(layer, arrays):
    """One cascade after the other, on what those before it made."""
    arrays = dict(arrays)
    for cascade in layer.cascades:
        arrays |= interpret(cascade, {name: arrays[name] for name in cascade.inputs})
    return arrays


def rms(x, gain):
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + 1e-6) * gain


def rotate(x, a):
    half = np.roll(x, -(x.shape[-1] // 2), -1)
    return x * a["TC"] + half * a["TS"]


def attend(q, k, v):
    """[b,h,p,e], [b,h,m,e], [b,h,m,f]; the last query sees all keys."""
    scores = np.einsum("bhpe,bhme->bhpm", q, k)
    queries, keys = scores.shape[-2:]
    hidden = np.arange(keys) > np.arange(queries)[:, None] + keys - queries
    scores = np.where(hidden, -np.inf, scores)
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    return np.einsum("bhpm,bhmf->bhpf", weights / weights.sum(-1, keepdims=True), v)


def grouped_by_hand(model, a):
    x = rms(a["X"], a["G1"])
    q, k, v = (
        np.einsum("bpd,hde->bhpe", x, a[f"W{n}"])
        + (a[f"B{n}"][None, :, None, :] if model.qkv_bias else 0)
        for n in "QKV"
    )
    if model.qk_norm:
        q, k = rms(q, a["GQ"]), rms(k, a["GK"])
    q, k = rotate(q, a), rotate(k, a)
    if "K" in a:
        k, v = np.concatenate([a["K"], k], 2), np.concatenate([a["V"], v], 2)
    each = model.heads // model.kv_heads
    return attend(q, np.repeat(k, each, 1), np.repeat(v, each, 1))


def latent_by_hand(model, a):
    """With keys and values of every head; of a decode, from the cache."""
    x = rms(a["X"], a["G1"])
    bias = {name: a.get(name, 0) for name in ("BDQ", "BDKV", "BUK")}
    source = rms(x @ a["WDQ"] + bias["BDQ"], a["NQ"]) if model.mla.query_rank else x
    q, qr = (np.einsum("bpd,hde->bhpe", source, a[name]) for name in ("WUQ", "WQR"))
    latent = a.get("CKV", rms(x @ a["WDKV"] + bias["BDKV"], a["NKV"]))
    shared = a.get("KR", rotate(x @ a["WKR"] + bias["BUK"], a))
    k = np.einsum("bmc,hce->bhme", latent, a["WUK"])
    v = np.einsum("bmc,hcf->bhmf", latent, a["WUV"])
    shared = np.broadcast_to(shared[:, None], (*k.shape[:3], shared.shape[-1]))
    return attend(np.concatenate([q, rotate(qr, a)], -1), np.concatenate([k, shared], -1), v)


def silu(x):
    return x / (1 + np.exp(-x))


def network_by_hand(model, a, x):
    if model.experts is None:
        return (silu(x @ a["WG"]) * (x @ a["WU"])) @ a["WD"]
    result = np.zeros_like(x)
    for at in np.ndindex(x.shape[:2]):
        scores = a["WR"] @ x[at]
        best = np.argsort(-scores)[: model.experts.active]
        shares = np.exp(scores[best]) / np.exp(scores[best]).sum()
        for expert, share in zip(best, shares, strict=True):
            inner = silu(x[at] @ a["WG"][expert]) * (x[at] @ a["WU"][expert])
            result[at] += share * (inner @ a["WD"][expert])
    if model.experts.shared:
        result += (silu(x @ a["WGZ"]) * (x @ a["WUZ"])) @ a["WDZ"]
    return result


@pytest.mark.parametrize("kind", [kind for kind in MODELS if kind != "ungated"])
def test_a_layer_computes_what_it_does_written_out(kind):
    model = MODELS[kind]
    for phase in phases_of(model):
        layer = layer_cascades(model, 0, phase)
        given = inputs_of(layer)
        by_hand = latent_by_hand if model.mla else grouped_by_hand
        heads = by_hand(model, given)
        made = np.einsum("bhpf,hfd->bpd", heads, given["WO"]) + given.get("BO", 0)
        residual = given["X"] + made
        expected = residual + network_by_hand(model, given, rms(residual, given["G2"]))
        assert np.allclose(run(layer, given)["X"], expected), (kind, phase)
