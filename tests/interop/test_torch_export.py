"""Small modules traced, against closed forms and against what torch itself computes."""

import numpy as np
import pytest

from accelsim import counts, interpret
from accelsim.base.errors import InputError, WorkloadError
from accelsim.interop.torch_export import from_torch

torch = pytest.importorskip("torch")
nn = torch.nn
attend = nn.functional.scaled_dot_product_attention

B, T, D, H = 2, 12, 16, 4


class Block(nn.Module):
    """A layer as nanoGPT writes one, with one product for queries, keys and values."""

    def __init__(self):
        super().__init__()
        self.norm = nn.LayerNorm(D)
        self.qkv = nn.Linear(D, 3 * D)
        self.out = nn.Linear(D, D, bias=False)
        self.up = nn.Linear(D, 4 * D)

    def forward(self, x):
        q, k, v = (
            part.view(B, T, H, D // H).transpose(1, 2)
            for part in self.qkv(self.norm(x)).split(D, -1)
        )
        y = attend(q, k, v, is_causal=True).transpose(1, 2).reshape(B, T, D)
        return nn.functional.gelu(self.up(x + self.out(y)))


class Attend(nn.Module):
    def __init__(self, **said):
        super().__init__()
        self.said = said

    def forward(self, q, k, v, *mask):
        return attend(q, k, v, *mask, **self.said)


class Spelled(nn.Module):
    def forward(self, q, k, v, mask):
        scores = q @ k.transpose(-1, -2) / 4.0 + mask
        return torch.softmax(scores, -1) @ v


def arrays(*shapes):
    generator = torch.Generator().manual_seed(1)
    return tuple(torch.randn(*shape, generator=generator, dtype=torch.float64) for shape in shapes)


def computed(module, inputs):
    """What the one step of the module gives for these inputs, its queries scaled beforehand."""
    (step,) = from_torch(module, inputs).steps
    named = dict(zip(step.cascade.inputs, (each.numpy() for each in inputs), strict=False))
    queries = next(iter(step.cascade.inputs))
    named[queries] = named[queries] * step.scale
    (result,) = interpret(step.cascade, named).values()
    return result


def test_a_block_is_its_products_and_its_attention_linked():
    found = from_torch(Block(), (torch.zeros(B, T, D),))
    assert [step.op for step in found.steps] == ["product", "attention", "product", "product"]
    qkv, attention, out, _ = (step.cascade.name for step in found.steps)
    assert [(link.made_by, link.read_by) for link in found.links] == [
        (qkv, attention),
        (attention, out),
    ]
    assert {each.op: each.elements for each in found.left_out} == {
        "layer_norm": B * T * D,
        "add": B * T * D,
        "gelu": 4 * B * T * D,
    }
    assert {"Qkv_weight", "Qkv_bias", "Out_weight", "Up_weight"} < found.weights


def test_operations_of_a_block_are_those_on_paper():
    """2 m n k for products; of causal attention T (T + 1) / 2 pairs a head, E and F each."""
    steps = from_torch(Block(), (torch.zeros(B, T, D),)).steps
    qkv, attention, out, up = (counts(step.cascade).operations for step in steps)
    pairs = B * H * T * (T + 1) // 2
    assert (qkv["mac"], qkv["add"]) == (B * T * D * 3 * D, B * T * 3 * D)
    assert (out["mac"], up["mac"]) == (B * T * D * D, B * T * D * 4 * D)
    assert (attention["mac"], attention["exp"]) == (2 * pairs * D // H, pairs)


@pytest.mark.parametrize("causal", [False, True])
def test_attention_computes_what_torch_computes(causal):
    inputs = arrays((B, H, 6, 8), (B, H, 6, 8), (B, H, 6, 5))
    module = Attend(is_causal=causal)
    np.testing.assert_allclose(computed(module, inputs), module(*inputs).numpy(), rtol=1e-9)


def test_grouped_heads_masks_and_a_scale_of_its_own():
    inputs = arrays((B, 4, 6, 8), (B, 2, 7, 8), (B, 2, 7, 8), (6, 7))
    module = Attend(scale=0.3, enable_gqa=True)
    np.testing.assert_allclose(computed(module, inputs), module(*inputs).numpy(), rtol=1e-9)


class Shared(nn.Module):
    """Each head of keys for two of queries, three tokens before, a window of five."""

    def forward(self, q, k, v):
        place = torch.arange(6)[:, None] + 3 - torch.arange(9)[None]
        again = (each.repeat_interleave(2, 1) for each in (k, v))
        return attend(q, *again, (place >= 0) & (place < 5))


def test_repeated_keys_and_a_window_compute_what_torch_computes():
    inputs = arrays((B, 4, 6, 8), (B, 2, 9, 8), (B, 2, 9, 8))
    np.testing.assert_allclose(computed(Shared(), inputs), Shared()(*inputs).numpy(), rtol=1e-9)


class Alibi(nn.Module):
    """A slope a head times the distance, and -inf on later keys, as one mask."""

    def forward(self, q, k, v):
        place = torch.arange(6)
        away = (place[:, None] - place[None]) * torch.tensor([-0.5, -0.25]).view(2, 1, 1)
        return attend(q, k, v, away.double().masked_fill(away > 0, float("-inf")))


def test_a_bias_of_positions_is_added_where_its_mask_hides_nothing():
    inputs = arrays((B, 2, 6, 8), (B, 2, 6, 8), (B, 2, 6, 8))
    (step,) = from_torch(Alibi(), inputs).steps
    q, k, v, mask = step.cascade.inputs
    assert step.cascade.tensors[mask].ranks == ("H", "P", "M")
    away = np.subtract.outer(np.arange(6.0), np.arange(6.0))
    given = dict(zip((q, k, v), (each.numpy() for each in inputs), strict=True))
    given |= {q: given[q] * step.scale, mask: away * np.array([-0.5, -0.25])[:, None, None]}
    (result,) = interpret(step.cascade, given).values()
    np.testing.assert_allclose(result, Alibi()(*inputs).numpy(), rtol=1e-9)
    assert counts(step.cascade).operations["exp"] == B * 2 * 21


def test_attention_that_is_spelled_out_is_found_and_computes_the_same():
    inputs = arrays((B, H, 6, 8), (B, H, 7, 8), (B, H, 7, 8), (6, 7))
    (step,) = from_torch(Spelled(), inputs).steps
    assert (step.op, step.scale) == ("attention", 0.25)
    named = dict(zip(step.cascade.inputs, (each.numpy() for each in inputs), strict=True))
    queries, keys, *_ = named
    named |= {queries: named[queries] / 4, keys: named[keys].swapaxes(-1, -2)}
    (result,) = interpret(step.cascade, named).values()
    np.testing.assert_allclose(result, Spelled()(*inputs).numpy(), rtol=1e-9)


def test_a_linear_layer_computes_what_torch_computes():
    module = nn.Linear(D, 5).double()
    (x,) = arrays((B, T, D))
    (step,) = from_torch(module, (x,)).steps
    x_name, weight, bias = step.cascade.inputs
    given = {weight: module.weight, bias: module.bias, x_name: x.reshape(B * T, D)}
    found = interpret(step.cascade, {name: t.detach().numpy() for name, t in given.items()})
    np.testing.assert_allclose(
        found[step.cascade.name].reshape(B, T, 5), module(x).detach().numpy(), rtol=1e-9
    )


def test_a_mask_of_booleans_is_named_not_guessed():
    inputs = (*arrays((1, 1, 4, 8), (1, 1, 4, 8), (1, 1, 4, 8)), torch.ones(4, 4, dtype=torch.bool))

    class Masked(nn.Module):
        def forward(self, q, k, v, mask):
            return attend(q, k, v, mask) @ v.transpose(-1, -2)

    found = from_torch(Masked(), inputs)
    (left,) = found.left_out
    assert str(left) == (
        "scaled_dot_product_attention (scaled_dot_product_attention, 32 elements): "
        "its mask depends on mask, and what it hides is not known; "
        "give its value, such as mask=1 if 1 hides nothing"
    )
    first, _ = from_torch(Masked(), inputs, values={"mask": 1}).steps
    assert first.cascade.tensors.keys() == counted_without_a_mask(inputs[:3])


def counted_without_a_mask(inputs):
    (step,) = from_torch(Attend(), inputs).steps
    return step.cascade.tensors.keys()


def test_inputs_that_are_given_have_their_names():
    with pytest.raises(InputError, match=r"Attend has no input 'mesk'. Its inputs are q, k, v"):
        from_torch(Attend(), arrays((1, 2, 4, 8), (1, 2, 4, 8), (1, 2, 4, 8)), values={"mesk": 1})


def test_words_are_those_of_the_tensors():
    inputs = tuple(
        each.to(torch.bfloat16) for each in arrays((1, 2, 4, 8), (1, 2, 4, 8), (1, 2, 4, 8))
    )
    (step,) = from_torch(Attend(), inputs).steps
    assert {tensor.word_bytes for tensor in step.cascade.tensors.values()} == {2}


def test_what_is_not_understood_at_all_is_an_error():
    with pytest.raises(WorkloadError, match="GELU has no product of matrices and no attention"):
        from_torch(nn.GELU(), (torch.zeros(3),))
    with pytest.raises(WorkloadError, match="torch cannot export the module: "):
        from_torch(nn.Linear(3, 4), (torch.zeros(5),))


class Rotated(nn.Module):
    """Queries and keys that are rotated, a gated network, and the residual stream."""

    def __init__(self):
        super().__init__()
        self.q, self.k, self.v, self.out = (nn.Linear(D, D, bias=False) for _ in range(4))
        self.gate, self.up, self.down = nn.Linear(D, D), nn.Linear(D, D), nn.Linear(D, D)

    def forward(self, x, angles):
        q, k, v = (
            each(x).view(B, T, H, D // H).transpose(1, 2) for each in (self.q, self.k, self.v)
        )
        q, k = (each * angles.cos() + each.flip(-1).neg() * angles.sin() for each in (q, k))
        mask = torch.full((T, T), -1e9)
        mask[:, :] = mask.triu(1)
        x = x + self.out(attend(q, k, v, mask).transpose(1, 2).reshape(B, T, D))
        return x + self.down(nn.functional.silu(self.gate(x)) * self.up(x))


def test_links_go_through_rotations_and_gates_and_end_at_the_residual_stream():
    """A mask that is written into is known too."""
    found = from_torch(Rotated(), (torch.zeros(B, T, D), torch.zeros(T, D // H)))
    q, k, v, attention, out, gate, up, down = (step.cascade.name for step in found.steps)
    assert [(link.made_by, link.read_by) for link in found.links] == [
        (q, attention),
        (k, attention),
        (v, attention),
        (attention, out),
        (gate, down),
        (up, down),
    ]
    mac = counts(found.steps[3].cascade).operations["mac"]
    assert mac == 2 * B * H * (T * (T + 1) // 2) * (D // H)
