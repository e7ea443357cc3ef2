"""Calls of a layer, beside what the parameters say and beside counts of pairs and of dice."""

import pytest

from accelsim.arch.load_gpu import load_gpu
from accelsim.base.errors import MappingError, WorkloadError
from accelsim.cost.gpu.call import call_cost
from accelsim.workload.call_counts import key_bytes, pairs_seen, useful_flop
from accelsim.workload.calls import Bmm, Gemm, Sdpa
from accelsim.workload.layer import embedding_calls, head_calls, layer_calls
from accelsim.workload.model import Model
from accelsim.workload.model_load import load_model
from accelsim.workload.model_size import kv_bytes_per_token, layer_parameters
from accelsim.workload.phase import Batch, Decode, Prefill

DENSE = ["llama2_7b", "llama3_70b", "qwen3_4b"]


def products(calls):
    return sum(useful_flop(call) for call in calls if isinstance(call, Gemm | Bmm))


@pytest.mark.parametrize("name", DENSE)
@pytest.mark.parametrize("phase", [Decode(7, 100), Prefill(7, 7), Prefill(3, 90, sequences=2)])
def test_a_token_passes_every_matrix_once(name, phase):
    model = load_model(name)
    tokens = 6 if phase == Prefill(3, 90, sequences=2) else 7
    calls = layer_calls(model, 0, phase)
    assert products(calls) == 2 * tokens * layer_parameters(model, 0).matrices
    assert all(isinstance(call, Sdpa) for call in calls.attention)


@pytest.mark.parametrize("name", ["llama3_70b", "mixtral_8x7b", "deepseek_v3"])
def test_devices_share_the_products_of_divided_matrices(name):
    model = load_model(name)
    one, four = (layer_calls(model, 5, Decode(64, 1000), tensor) for tensor in (1, 4))
    whole = sum(
        useful_flop(call) for call in one if isinstance(call, Gemm) and call.n in WHOLE_COLUMNS
    )
    assert 4 * products(four) == products(one) + 3 * whole
    heads = [calls.attention[0].h for calls in (one, four)]
    assert heads[0] == 4 * heads[1]


#: Products that every device makes: routers of 8 and 256 experts, both down-projections.
WHOLE_COLUMNS = (8, 256, 1536 + 576)


def test_decode_of_grouped_heads_is_one_query_against_the_cache():
    model = load_model("llama3_70b")
    (call,) = layer_calls(model, 0, Decode(32, 4000), 4, "cudnn").attention
    sizes = {"b": 32, "h": 16, "g": 2, "p": 1, "m": 4000, "e": 128}
    assert call == Sdpa(backend="cudnn", **sizes)
    assert key_bytes(call) == 32 * 4000 * kv_bytes_per_token(model, 4) // model.layers


def test_latent_decode_is_absorbed_and_reads_the_cache_once():
    model = load_model("deepseek_v3")
    calls = layer_calls(model, 5, Decode(16, 2000))
    (call,) = calls.attention
    sizes = {"b": 16, "h": 128, "g": 1, "p": 1, "m": 2000, "e": 576, "f": 512, "latent": True}
    assert call == Sdpa(backend="flash", **sizes)
    assert key_bytes(call) == 16 * 2000 * kv_bytes_per_token(model) // model.layers
    assert calls.before[-1] == Bmm(b=128, m=16, n=512, k=128, dtype="fp8")
    assert calls.after[0] == Bmm(b=128, m=16, n=128, k=512, dtype="fp8")


def test_latent_prefill_makes_keys_and_values_of_the_whole_context():
    model = load_model("deepseek_v2_lite")
    calls = layer_calls(model, 5, Prefill(100, 300))
    assert calls.before[-1] == Gemm(m=300, n=16 * (128 + 128), k=512)
    earlier, own = calls.attention
    assert (earlier.p, earlier.m, earlier.e, earlier.f) == (100, 200, 192, 128)
    assert (own.p, own.m, own.causal, own.latent) == (100, 100, True, False)


def test_products_are_of_a_whole_batch_and_attention_of_each_part():
    model = load_model("llama3_8b")
    parts = (Decode(10, 500), Decode(3, 9000), Prefill(50, 50))
    together = layer_calls(model, 0, Batch(parts))
    assert products(together) == sum(products(layer_calls(model, 0, part)) for part in parts)
    assert together.attention == tuple(
        call for part in parts for call in layer_calls(model, 0, part).attention
    )
    assert {call.m for call in together.after if isinstance(call, Gemm)} == {63}


@pytest.mark.parametrize("window", [1, 5, 8, 12, 13, 20, 21, 40])
@pytest.mark.parametrize(("tokens", "context"), [(8, 8), (8, 21), (1, 21), (20, 21)])
def test_pairs_of_a_part_of_a_prompt_within_a_window(window, tokens, context):
    """As many as there are, but for the diagonal that a causal call counts by halves, and for
    earlier keys that are rounded up to whole ones."""
    model = Model(layers=1, hidden=8, heads=1, feed_forward=8, vocabulary=8, window=window)
    calls = layer_calls(model, 0, Prefill(tokens, context)).attention
    first = context - tokens
    pairs = sum(
        1
        for query in range(first, context)
        for key in range(context)
        if query - window < key <= query
    )
    widest = min(tokens, window)
    halves = widest - widest * widest // 2 + widest * (widest - 1) // 2
    assert 0 <= sum(map(pairs_seen, calls)) + widest - halves - pairs < tokens


def test_a_window_is_that_of_the_cache_in_decode():
    model = load_model("mistral_7b")
    assert layer_calls(model, 0, Decode(2, 9000)).attention[0].window == 4096
    assert layer_calls(model, 0, Decode(2, 4096)).attention[0].window is None


@pytest.mark.parametrize("tokens", [1, 3, 64, 5000])
def test_experts_take_every_token_k_times_with_padding_below_a_row_each(tokens):
    model = load_model("mixtral_8x7b")
    calls = layer_calls(model, 0, Decode(tokens, 100)).after
    up, down = (call for call in calls if isinstance(call, Bmm))
    assert (up.n, up.k, down.n, down.k) == (2 * 14336, 4096, 4096, 14336)
    assert (up.b, up.m) == (down.b, down.m)
    assert 0 <= up.b * up.m - 2 * tokens < up.b
    assert up.b == {1: 2, 3: 5, 64: 8, 5000: 8}[tokens]


def test_shared_experts_are_one_network():
    model = load_model("deepseek_v2_lite")
    dense, sparse = (layer_calls(model, layer, Decode(4, 10)).after for layer in (0, 1))
    gemms = [call for call in sparse if isinstance(call, Gemm)]
    assert [(call.n, call.k) for call in gemms[1:]] == [
        (64, 2048),
        (2 * 2 * 1408, 2048),
        (2048, 2 * 1408),
    ]
    assert [call.n for call in dense if isinstance(call, Gemm)] == [2048, 2 * 10944, 2048]


def test_before_and_after_the_layers():
    model = load_model("qwen3_0_6b")
    (copy,) = embedding_calls(model, 5)
    assert copy.bytes == 5 * 1024 * 2
    norm, head = head_calls(model, 5, 2)
    assert (norm.rows, norm.cols) == (5, 1024)
    assert head == Gemm(m=5, n=151936 // 2, k=1024)


def test_calls_are_what_their_records_would_be():
    """They are made without checks."""
    for name in ("qwen3_8b", "deepseek_v3", "mixtral_8x7b", "mistral_7b"):
        model = load_model(name)
        for phase in (Decode(3, 5000), Prefill(100, 5000, 2), Prefill(7, 7)):
            for call in (*layer_calls(model, 5, phase, 2), *head_calls(model, 3, 2)):
                assert type(call)(**call.model_dump()) == call


def test_a_gpu_has_times_for_all_of_a_dense_layer():
    gpu = load_gpu("h100_sxm")
    calls = layer_calls(load_model("llama3_8b"), 0, Batch((Decode(8, 2000), Prefill(64, 640))))
    assert all(call_cost(call, gpu).seconds > 0 for call in calls)
    (latent,) = layer_calls(load_model("deepseek_v3"), 0, Decode(8, 2000)).attention
    with pytest.raises(MappingError, match="no kernel of flash is known"):
        call_cost(latent, gpu)


def test_words_that_no_library_multiplies_are_refused():
    model = load_model("llama3_8b", {"weight": "4 bit"})
    with pytest.raises(WorkloadError, match="no library multiplies words of 4 bit"):
        layer_calls(model, 0, Decode(1, 1))


def test_a_layer_like_another_is_not_made_again():
    """A simulator asks for all of them in every step."""
    model, phase = load_model("llama3_70b"), Decode(3, 4097)
    assert layer_calls(model, 4, phase) is layer_calls(model, 3, phase)
    mixed = load_model("deepseek_v3")  # the first three layers are dense, all others have experts
    assert layer_calls(mixed, 3, phase) is layer_calls(mixed, 60, phase)
    assert layer_calls(mixed, 3, phase) != layer_calls(mixed, 2, phase)


# --- experts that are spread ----------------------------------------------------------------------


def products_of_experts(tensor, expert, tokens, of="mean"):
    model, phase = load_model("deepseek_v3"), Decode(tokens, 64)
    calls = layer_calls(model, 5, phase, tensor, "flash", expert, of)
    # The first one takes results out of the latent space.
    return [call for call in calls.after if isinstance(call, Bmm)][1:]


@pytest.mark.parametrize(("tensor", "expert"), [(8, 8), (8, 2), (1, 8), (2, 8), (1, 1), (8, 1)])
def test_devices_together_compute_as_much_as_one_would(tensor, expert):
    """1024 tokens of every `max(tensor, expert)` devices: each expert has 32 of them."""
    members = max(tensor, expert)
    up, down = products_of_experts(tensor, expert, 1024 * tensor // members)
    flop = members * (useful_flop(up) + useful_flop(down))
    assert flop == 1024 * 8 * 2 * 3 * 7168 * 2048


def test_spread_experts_are_whole_and_few():
    up, down = products_of_experts(8, 8, 64)
    # 64 tokens hit 222 of 256 experts, 28 of a device's 32; 64 pairs are 3 rows of each.
    assert (up.b, up.m, up.n, up.k) == (28, 3, 2 * 2048, 7168)
    assert (down.b, down.n, down.k) == (28, 7168, 2048)


def test_all_but_the_experts_stays_divided():
    model, phase = load_model("deepseek_v3"), Decode(64, 4096)
    alone, spread = (layer_calls(model, 5, phase, 8, "flash", e) for e in (1, 8))
    assert (spread.before, spread.attention) == (alone.before, alone.attention)
    assert [call for call in spread.after if isinstance(call, Gemm)] == [
        call for call in alone.after if isinstance(call, Gemm)
    ]
    assert layer_calls(model, 0, phase, 8, "flash", 8) == layer_calls(model, 0, phase, 8)


def test_the_busiest_device_has_more_rows_than_the_mean():
    (mean, _), (busiest, _) = (products_of_experts(8, 8, 64, of) for of in ("mean", "busiest"))
    assert busiest.b * busiest.m > mean.b * mean.m
