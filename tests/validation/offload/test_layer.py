"""The layer that is timed, held against one that is written down another way in fp32."""

import math

import pytest

from accelsim.validation.offload.cases import MODELS

torch = pytest.importorskip("torch")

from accelsim.validation.offload.elementwise import (  # noqa: E402
    Elementwise,
    elementwise_of,
    gated,
    rotated,
    turn_of,
)
from accelsim.validation.offload.layer import (  # noqa: E402
    Layer,
    apart,
    inbox,
    one,
    random_cache,
    random_weights,
)
from accelsim.validation.torch_calls import allow_only  # noqa: E402

TINY = MODELS["tiny"]
B, M = 3, 9


@pytest.fixture(autouse=True)
def any_backend():
    allow_only("math")
    yield
    for enable in ("flash", "cudnn", "mem_efficient", "math"):
        getattr(torch.backends.cuda, f"enable_{enable}_sdp")(True)


def prepared(dtype, device="cpu", far="cpu"):
    source = torch.Generator(device).manual_seed(7)
    layer = Layer(TINY, turn_of(M - 1, TINY, device), elementwise_of(device))
    hidden = torch.randn(B, TINY.hidden, generator=source, device=device).to(dtype)
    weights = random_weights(TINY, dtype, source)
    return layer, hidden, weights, random_cache(TINY, B, M, dtype, source).to(far)


def spelled_out(hidden, weights, cache):
    """One sequence and one head at a time; rotation by complex numbers; softmax by its formula."""
    hidden, cache = hidden.double(), cache.double()
    weights = [weight.double() for weight in weights]
    norm1, projection, output, norm2, gate_up, down = weights
    heads, groups, width = TINY.heads, TINY.groups, TINY.head_dim

    def norm(row, weight):
        # torch's epsilon where none is given: the smallest step of the type it is called with.
        return row / torch.sqrt((row * row).mean() + torch.finfo(torch.float32).eps) * weight

    def turned(vector, position):
        half = width // 2
        pairs = torch.complex(vector[:half], vector[half:])
        angles = [position * 500_000 ** (-2 * i / width) for i in range(half)]
        pairs = pairs * torch.tensor([complex(math.cos(a), math.sin(a)) for a in angles])
        return torch.cat((pairs.real, pairs.imag))

    rows = []
    for b in range(B):
        vectors = (norm(hidden[b], norm1) @ projection).reshape(-1, width)
        keys, values = cache[0, b].clone(), cache[1, b].clone()
        for g in range(groups):
            keys[g, M - 1] = turned(vectors[heads + g], M - 1)
            values[g, M - 1] = vectors[heads + groups + g]
        found = []
        for h in range(heads):
            g = h * groups // heads
            weight = torch.exp(keys[g] @ turned(vectors[h], M - 1) / math.sqrt(width))
            found.append(weight / weight.sum() @ values[g])
        row = hidden[b] + torch.cat(found) @ output
        gate, up = (norm(row, norm2) @ gate_up).chunk(2)
        rows.append(row + (gate / (1 + torch.exp(-gate)) * up) @ down)
    return torch.stack(rows)


def test_the_layer_is_the_one_that_is_written_out():
    layer, hidden, weights, cache = prepared(torch.float32)
    expected = spelled_out(hidden, weights, cache)
    found = one(hidden, weights, cache, layer)
    torch.testing.assert_close(found.double(), expected, rtol=1e-5, atol=1e-5)


def test_the_new_keys_and_values_are_kept_at_the_last_position_and_no_other():
    layer, hidden, weights, cache = prepared(torch.float32)
    before = cache.clone()
    one(hidden, weights, cache, layer)
    assert torch.equal(cache[:, :, :, :-1], before[:, :, :, :-1])
    assert not torch.isclose(cache[:, :, :, -1], before[:, :, :, -1]).all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_attention_elsewhere_changes_nothing(dtype):
    layer, hidden, weights, cache = prepared(dtype)
    arrived = inbox(TINY, B, "cpu", "cpu", dtype)
    elsewhere = cache.clone()
    assert torch.equal(
        apart(hidden, weights, elsewhere, layer, arrived), one(hidden, weights, cache, layer)
    )
    assert torch.equal(elsewhere, cache)


def test_what_is_sent_is_what_attention_takes_and_gives():
    layer, hidden, weights, cache = prepared(torch.float32)
    arrived = inbox(TINY, B, "cpu", "cpu", torch.float32)
    apart(hidden, weights, cache, layer, arrived)
    assert torch.equal(arrived.keys_values, cache[:, :, :, -1])
    assert arrived.query.shape == (B, TINY.heads, TINY.head_dim)
    assert all(tensor.abs().sum() > 0 for tensor in arrived)


def test_at_position_0_nothing_turns():
    rows = torch.randn(B, TINY.projected)
    query, (keys, values) = rotated(rows, turn_of(0, TINY, "cpu"), TINY)
    together = torch.cat((query, keys, values), 1)
    assert torch.equal(together.reshape(B, -1), rows)


def test_the_gate_is_silu_of_the_first_half():
    made = gated(torch.tensor([[0.0, 1.0, 5.0, 2.0]]))
    torch.testing.assert_close(made, torch.tensor([[0.0, 2 / (1 + math.exp(-1))]]))


def test_the_processor_has_the_steps_in_torch():
    assert elementwise_of("cpu") == Elementwise(rotated, gated)


@pytest.mark.skipif(torch.cuda.device_count() < 2, reason="takes two CUDA devices")
def test_attention_on_another_gpu_changes_nothing():
    layer, hidden, weights, cache = prepared(torch.bfloat16, "cuda:0", "cuda:1")
    arrived = inbox(TINY, B, "cuda:0", "cuda:1", torch.bfloat16)
    expected = one(hidden, weights, cache.to("cuda:0"), layer)
    torch.testing.assert_close(apart(hidden, weights, cache, layer, arrived), expected)
