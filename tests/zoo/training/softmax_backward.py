"""Attention and its gradients: derivatives of the sum of AV times DAV, element by element.

Nothing of the gradients' formulas is used here; torch's autograd is the second reference.
"""

import numpy as np

SIZES = {"B": 2, "H": 4, "G": 2, "P": 5, "M": 5, "E": 3, "F": 4, "M0": 2}
PASSES = {"training": {"M": (3, 2)}, "stored": {"M": (4, 2)}, "flash": {"M": (2, 2)}}


def attention(q, k, v, causal):
    """Softmax attention as one expression of whole arrays (complex arguments allowed)."""
    k, v = (np.repeat(each, q.shape[1] // k.shape[1], axis=1) for each in (k, v))
    weights = np.exp(np.einsum("bhpe,bhme->bhpm", q, k))
    if causal:
        weights = weights * np.tri(weights.shape[2], weights.shape[3])
    weights = weights / weights.sum(axis=3, keepdims=True)
    return np.einsum("bhpm,bhmf->bhpf", weights, v)


def gradient(function, arrays, at):
    """d function / d arrays[at], element by element: Im f(x + ih) / h, which rounds nothing off."""
    step = 1e-30
    out = np.empty(arrays[at].shape)
    for index in np.ndindex(*out.shape):
        moved = [each.astype(complex) for each in arrays]
        moved[at][index] += 1j * step
        out[index] = function(*moved).imag / step
    return out


def training(x, s, causal=False):
    arrays = [x["Q"], x["K"], x["V"]]

    def loss(q, k, v):
        return (attention(q, k, v, causal) * x["DAV"]).sum()

    slopes = {name: gradient(loss, arrays, at) for at, name in enumerate(("DQ", "DK", "DV"))}
    return {"AV": attention(*arrays, causal), **slopes}


def causal(x, s):
    return training(x, s, causal=True)


grouped = causal


def torch_training(x, s, is_causal=False):
    import torch

    q, k, v = (torch.from_numpy(x[name]).requires_grad_() for name in "QKV")
    attend = torch.nn.functional.scaled_dot_product_attention
    out = attend(q, k, v, scale=1.0, is_causal=is_causal, enable_gqa=True)
    out.backward(torch.from_numpy(x["DAV"]))
    slopes = {"DQ": q.grad, "DK": k.grad, "DV": v.grad}
    return {"AV": out.detach().numpy()} | {name: each.numpy() for name, each in slopes.items()}


def torch_causal(x, s):
    return torch_training(x, s, is_causal=True)


torch_grouped = torch_causal
