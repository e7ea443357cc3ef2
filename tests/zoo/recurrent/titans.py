"""Titans (Behrouz et al. 2024, arXiv 2501.00663), sections 3 and 4 - written from the definition.

The gradient of the loss is not derived by hand: it is a complex step here, autograd in torch.
"""

import numpy as np

SIZES = {"B": 2, "H": 2, "P": 8, "D": 5, "E": 3, "F": 4, "I": 4, "T": 3, "N": 5, "R": 2, "W": 4}
SIZES_OF = {"decode": {"P": 2}, "mlp_decode": {"P": 2}, "mac": {"D": 8}}
PASSES = {form: {"P": (1, 1)} for form in ("linear", "linear_chunked", "mlp", "mlp_chunked")}


def inputs(rng, shapes, sizes):
    """Small steps and weights: a gradient step of an MLP may diverge."""
    small = {name: rng.normal(size=shape) / 2 for name, shape in shapes.items() if name[0] in "UW"}
    return small | {"WT": small["WT"] / 8, "BT": rng.normal(size=shapes["BT"]) - 3}


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
    """Of |M(k) - v|^2 in each weight: the imaginary part of a step of 1e-30 i."""
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
    out |= {
        f"{kind}{each}U": np.zeros_like(x[f"{kind}{each}I"]) for kind in "WS" for each in layers
    }
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


def softmax(z):
    z = np.exp(z - z.max(-1, keepdims=True))
    return z / z.sum(-1, keepdims=True)


def unit(z):
    return z / np.sqrt((z * z).mean(-1, keepdims=True) + 1e-5)


def window(x, s, b, h, tokens, persistent):
    """Attention to the last W tokens, and to the persistent ones, which stand before all."""
    context = np.vstack([persistent, tokens])
    first = len(persistent)
    scores = tokens @ x["UQ"][h] @ (context @ x["UK"][h]).T
    ahead = np.arange(s["P"])[:, None] - (np.arange(len(context)) - first)[None, :]
    seen = (ahead >= 0) & (ahead < s["W"]) | (np.arange(len(context)) < first)
    return softmax(np.where(seen, scores, -np.inf)) @ (context @ x["UV"][h])


def mag(x, s):
    y = np.zeros((s["B"], s["P"], s["D"]))
    for b, h in np.ndindex(s["B"], s["H"]):
        q, k, v, _ = project(x, s, b, h)
        zero = [np.zeros_like(x["W0"][h])]
        o, _, _ = learn(x, s, b, h, q, k, v, [x["W0"][h]], zero, s["T"], gradient)
        near = window(x, s, b, h, x["X"][b], x["XP"])
        y[b] += unit(near) * sigmoid(unit(o) * x["NM"][h]) @ x["WO"][h]
    return {"Y": y}


def mal(x, s):
    seen = linear_chunked(x, s)["Y"]
    y = np.zeros_like(seen)
    for b, h in np.ndindex(s["B"], s["H"]):
        y[b] += window(x, s, b, h, seen[b], np.zeros((0, s["D"]))) @ x["UO"][h]
    return {"Y": y}


def normal(z):
    return z / np.sqrt((z * z).sum(-1, keepdims=True) + 1e-6)


def mac(x, s):
    """Equations 21 to 25, a segment at a time."""
    y = np.zeros((s["B"], s["P"], s["D"]))
    heads = range(s["H"])
    for b in range(s["B"]):
        memory = [x["W0"][h] for h in heads]
        speed = [np.zeros_like(each) for each in memory]
        for start in range(0, s["P"], s["T"]):
            tokens = x["X"][b, start : start + s["T"]]
            read = [normal(silu(tokens @ x["WQ"][h])) @ memory[h] for h in heads]
            context = np.vstack([x["XP"], np.hstack(read), tokens])
            size = len(tokens)
            hidden = np.triu(np.ones((size, size), bool), 1)
            seen = np.zeros((size, s["D"]))
            for h in heads:
                scores = tokens @ x["UQ"][h] @ (context @ x["UK"][h]).T
                scores[:, -size:][hidden] = -np.inf
                seen += softmax(scores) @ (context @ x["UV"][h]) @ x["UO"][h]
            gate = []
            for h in heads:
                first = memory[h]
                for token in seen:
                    k, v = normal(silu(token @ x["WK"][h])), silu(token @ x["WV"][h])
                    slope = gradient([first], k, v)[0]
                    gates = (sigmoid(token @ x["W" + n][h] + x["B" + n][h]) for n in "ETL")
                    eta, theta, alpha = gates
                    speed[h] = eta * speed[h] - theta * slope
                    memory[h] = (1 - alpha) * memory[h] + speed[h]
                gate.append(normal(silu(seen @ x["WQ"][h])) @ memory[h])
            gate = sigmoid(unit(np.hstack(gate)) * x["NM"])
            y[b, start : start + s["T"]] = unit(seen) * x["NA"] * gate
    return {"Y": y}
