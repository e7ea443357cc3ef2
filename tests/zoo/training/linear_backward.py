"""Linear attention and its gradients: derivatives of the sum of AV times DAV, element by element.

Nothing of the gradients' formulas is used here; torch's autograd is the second reference.
"""

import numpy as np

SIZES = {"B": 1, "H": 2, "P": 6, "E": 3, "F": 4, "N": 2}
PASSES = {"noncausal": {"P": (1, 1)}, "normalized": {"P": (2, 2)}}


def inputs(rng, shapes, sizes):
    """Positive features keep the denominator away from 0."""
    arrays = {name: rng.uniform(0.2, 1.2, shapes[name]) for name in "QK"}
    return arrays | ({"LA": rng.uniform(0.7, 1.0, shapes["LA"])} if "LA" in shapes else {})


def attention(q, k, v, causal, divided, decay=1.0):
    """A token at a time; `decay` is a factor a head and token. Works for complex arguments."""
    out = np.zeros((*q.shape[:3], v.shape[3]), dtype=q.dtype)
    tokens = q.shape[2]
    for p in range(tokens):
        total = 0
        for m in range(p + 1 if causal else tokens):
            weight = (q[:, :, p] * k[:, :, m]).sum(axis=-1) * decay ** abs(p - m)
            out[:, :, p] += weight[..., None] * v[:, :, m]
            total = total + weight
        if divided:
            out[:, :, p] /= total[..., None]
    return out


def decay_of(x):
    return x.get("LA", 1.0)


def gradient(function, arrays, at):
    """d function / d arrays[at], element by element: Im f(x + ih) / h, which rounds nothing off."""
    step = 1e-30
    out = np.empty(arrays[at].shape)
    for index in np.ndindex(*out.shape):
        moved = [each.astype(complex) for each in arrays]
        moved[at][index] += 1j * step
        out[index] = function(*moved).imag / step
    return out


def training(x, s, causal=True, divided=False):
    arrays = [x["Q"], x["K"], x["V"]]

    def loss(q, k, v):
        return (attention(q, k, v, causal, divided, decay_of(x)) * x["DAV"]).sum()

    slopes = {name: gradient(loss, arrays, at) for at, name in enumerate(("DQ", "DK", "DV"))}
    return {"AV": attention(*arrays, causal, divided, decay_of(x)), **slopes}


decay = training


def noncausal(x, s):
    return training(x, s, causal=False)


def normalized(x, s):
    return training(x, s, causal=False, divided=True)


def causal_normalized(x, s):
    return training(x, s, divided=True)


def torch_training(x, s, causal=True, divided=False):
    import torch

    q, k, v = (torch.from_numpy(x[name]).requires_grad_() for name in "QKV")
    weights = q @ k.transpose(2, 3)
    weights = weights.tril() if causal else weights
    if "LA" in x:
        apart = torch.arange(s["P"])[:, None] - torch.arange(s["P"])
        weights = weights * torch.from_numpy(x["LA"])[:, None, None] ** apart.clamp(min=0)
    out = (weights / weights.sum(dim=3, keepdim=True) if divided else weights) @ v
    out.backward(torch.from_numpy(x["DAV"]))
    slopes = {"DQ": q.grad, "DK": k.grad, "DV": v.grad}
    return {"AV": out.detach().numpy()} | {name: each.numpy() for name, each in slopes.items()}


torch_decay = torch_training


def torch_noncausal(x, s):
    return torch_training(x, s, causal=False)


def torch_normalized(x, s):
    return torch_training(x, s, causal=False, divided=True)


def torch_causal_normalized(x, s):
    return torch_training(x, s, divided=True)
