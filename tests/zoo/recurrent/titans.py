"""Titans (Behrouz et al. 2024, arXiv 2501.00663), sections 3 and 4 - written from the definition.

The gradient of the memory's loss is not derived by hand: it is a complex step here, autograd in torch.
"""

import numpy as np

SIZES = {"B": 2, "H": 2, "P": 8, "D": 5, "E": 3, "F": 4, "I": 4, "T": 3, "N": 5}
SIZES_OF = {"decode": {"P": 2}, "mlp_decode": {"P": 2}}


def inputs(rng, shapes, sizes):
    """Small steps and weights: a gradient step of an MLP may diverge."""
    small = {name: rng.normal(size=shape) / 2 for name, shape in shapes.items() if name[0] == "W"}
    return small | {"BT": rng.normal(size=shapes["BT"]) - 4}


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def silu(z):
    return z * sigmoid(z)


def recall(memory, key):
    """M(k): a matrix, or two with a SiLU between."""
    for weights in memory[:-1]:
        key = silu(key @ weights)
    return key @ memory[-1]


def gradient(memory, key, value):
    """Of |M(k) - v|^2 in each weight: the imaginary part of a step of 1e-30 i, exact to rounding."""
    found = []
    for layer, weights in enumerate(memory):
        slope = np.zeros_like(weights)
        for place in np.ndindex(weights.shape):
            moved = [each.astype(complex) for each in memory]
            moved[layer][place] += 1e-30j
            error = recall(moved, key) - value
            slope[place] = (error * error).sum().imag / 1e-30
        found.append(slope)
    return found


def torch_gradient(memory, key, value):
    import torch

    weights = [torch.tensor(each, requires_grad=True) for each in memory]
    out = torch.tensor(key)
    for each in weights[:-1]:
        out = torch.nn.functional.silu(out @ each)
    loss = ((out @ weights[-1] - torch.tensor(value)) ** 2).sum()
    return [each.numpy() for each in torch.autograd.grad(loss, weights)]


def project(x, s, b, h, before=None):
    """Queries, keys, values of one head, and the last projections."""
    found, after = {}, {}
    for name in "QKV":
        z = x["X"][b] @ x["W" + name][h]
        old = np.zeros((3, z.shape[1])) if before is None else before[name][b, h]
        z = np.vstack([old, z])
        after[name] = z[-3:]
        taps = x["C" + name][h]
        found[name] = np.array([silu((z[p : p + 4].T * taps).sum(1)) for p in range(s["P"])])
    for name in "QK":
        norm = np.sqrt((found[name] ** 2).sum(1, keepdims=True) + 1e-6)
        found[name] = found[name] / norm
    return found["Q"], found["K"], found["V"], after


def gated(x, b, h, o):
    o = o / np.sqrt((o * o).mean(1, keepdims=True) + 1e-5)
    return o * silu(x["X"][b] @ x["WG"][h]) @ x["WO"][h]


def learn(x, s, b, h, q, k, v, memory, speed, chunk, slope):
    """Equations 13, 14 and 15; gradients at the memory before the chunk."""
    out = []
    for p in range(s["P"]):
        if p % chunk == 0:
            first = memory
        token = x["X"][b, p]
        eta, theta, alpha = (sigmoid(token @ x["W" + g][h] + x["B" + g][h]) for g in "ETL")
        step = slope(first, k[p], v[p])
        speed = [eta * old - theta * new for old, new in zip(speed, step, strict=True)]
        memory = [(1 - alpha) * w + new for w, new in zip(memory, speed, strict=True)]
        out.append(recall(memory, q[p]))
    return np.array(out), memory, speed


def layer(x, s, start, chunk=1, slope=gradient):
    y = np.zeros((s["B"], s["P"], s["D"]))
    for b, h in np.ndindex(s["B"], s["H"]):
        q, k, v, _ = project(x, s, b, h)
        memory = [x[name][h] for name in start]
        speed = [np.zeros_like(each) for each in memory]
        o, _, _ = learn(x, s, b, h, q, k, v, memory, speed, chunk, slope)
        y[b] += gated(x, b, h, o)
    return {"Y": y}


def linear(x, s):
    return layer(x, s, ["W0"])


def linear_chunked(x, s):
    return layer(x, s, ["W0"], s["T"])


def mlp(x, s):
    return layer(x, s, ["W10", "W20"])


def mlp_chunked(x, s):
    return layer(x, s, ["W10", "W20"], s["T"])


def torch_mlp(x, s):
    return layer(x, s, ["W10", "W20"], 1, torch_gradient)


def torch_mlp_chunked(x, s):
    return layer(x, s, ["W10", "W20"], s["T"], torch_gradient)


def one_more(x, s, layers):
    """The outputs, and the state after the tokens under its names with U for I."""
    before = {name: x[name + "I"] for name in "QKV"}
    out = {"Y": np.zeros((s["B"], s["P"], s["D"]))}
    out |= {name + "O": np.zeros_like(before[name]) for name in "QKV"}
    out |= {f"{kind}{each}U": np.zeros_like(x[f"{kind}{each}I"]) for kind in "WS" for each in layers}
    for b, h in np.ndindex(s["B"], s["H"]):
        q, k, v, after = project(x, s, b, h, before)
        memory, speed = ([x[f"{kind}{each}I"][b, h] for each in layers] for kind in "WS")
        o, memory, speed = learn(x, s, b, h, q, k, v, memory, speed, 1, gradient)
        out["Y"][b] += gated(x, b, h, o)
        for name in "QKV":
            out[name + "O"][b, h] = after[name]
        for number, each in enumerate(layers):
            out[f"W{each}U"][b, h], out[f"S{each}U"][b, h] = memory[number], speed[number]
    return out


def decode(x, s):
    return one_more(x, s, [""])


def mlp_decode(x, s):
    return one_more(x, s, ["1", "2"])
