"""Sigmoid attention and its gradients: derivatives of the sum of AV times DAV, element by element.

Nothing of the gradients' formulas is used here; torch's autograd is the second reference.
"""

import numpy as np

SIZES = {"B": 2, "H": 2, "P": 5, "M": 5, "E": 3, "F": 4}
PASSES = {"training": {"M": (1, 1)}, "causal": {"M": (1, 1)}}


def attention(q, k, v, bias, causal):
    """Sigmoid attention as one expression of whole arrays (complex arguments allowed)."""
    scores = np.einsum("bhpe,bhme->bhpm", q, k) + bias[:, None, None]
    weights = 1 / (1 + np.exp(-scores))
    if causal:
        weights = weights * np.tri(weights.shape[2], weights.shape[3])
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
    arrays = [x["Q"], x["K"], x["V"], x["BS"]]

    def loss(*moved):
        return (attention(*moved, causal) * x["DAV"]).sum()

    slopes = {name: gradient(loss, arrays, at) for at, name in enumerate(("DQ", "DK", "DV", "DB"))}
    return {"AV": attention(*arrays, causal), **slopes}


def causal(x, s):
    return training(x, s, causal=True)


def torch_training(x, s, causal=False):
    import torch

    q, k, v, bias = (torch.from_numpy(x[name]).requires_grad_() for name in ("Q", "K", "V", "BS"))
    weights = torch.sigmoid(q @ k.transpose(2, 3) + bias[:, None, None])
    out = (weights.tril() if causal else weights) @ v
    out.backward(torch.from_numpy(x["DAV"]))
    slopes = {"DQ": q.grad, "DK": k.grad, "DV": v.grad, "DB": bias.grad}
    return {"AV": out.detach().numpy()} | {name: each.numpy() for name, each in slopes.items()}


def torch_causal(x, s):
    return torch_training(x, s, causal=True)
