"""Miras (Behrouz et al. 2025, arXiv 2504.13173), section 5.3 - written from the definition.

The gradient of a loss is not derived by hand: it is a complex step here, autograd in torch.
"""

import numpy as np
from scipy.special import erf

SIZES = {"B": 2, "H": 2, "P": 7, "D": 5, "E": 3, "N": 4, "I": 4, "T": 3}
SIZES_OF = {"moneta_decode": {"P": 2}, "yaad_decode": {"P": 2}, "memora_decode": {"P": 2}}
PASSES = {form: {"P": (1, 1)} for form in ("moneta", "yaad", "memora", "yaad_chunked")}
NAMES = [("W1", "W2"), ("A1", "A2")]


def inputs(rng, shapes, sizes):
    """Moneta's W follows from its A; Memora's W is positive, and its columns sum to 1.

    Yaad's thresholds are near its errors, so that both of its losses occur.
    """
    found = {"BT": rng.normal(size=shapes["BT"]) - 1}
    if "BD" in shapes:
        found["BD"] = rng.normal(size=shapes["BD"]) / 4 + 2
    for name in shapes:
        if name[:2] in ("W1", "W2"):
            raw = rng.normal(size=shapes[name])
            if "A" + name[1:] in shapes:
                found["A" + name[1:]] = raw
                found[name] = retained(raw)
            elif "WD" in shapes:
                found[name] = raw
            else:
                found[name] = np.exp(raw) / np.exp(raw).sum(-2, keepdims=True)
    return found


def retained(a):
    return a / (np.abs(a) ** 4).sum((-2, -1), keepdims=True) ** (2 / 4)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def silu(z):
    return z * sigmoid(z)


def recall(memory, key):
    """x + LN(W2 gelu(W1 x)); the means are written out, as they are of complex numbers too."""
    z = key @ memory[0]
    z = (z * (1 + erf(z / np.sqrt(2))) / 2) @ memory[1]
    z = z - z.mean()
    return key + z / np.sqrt((z * z).mean() + 1e-5)


def moneta_loss(error, delta):
    return (np.sign(error.real) * error * error * error).sum()


def yaad_loss(error, delta):
    """Half the squared norm, or delta times the sum of absolute errors if the norm is larger."""
    if np.sqrt((error.real**2).sum()) <= delta:
        return (error * error).sum() / 2
    return delta * (np.sign(error.real) * error).sum()


def memora_loss(error, delta):
    return (error * error).sum() / 2


def gradient(loss, memory, key, value, delta):
    found = []
    for layer, weights in enumerate(memory):
        slope = np.zeros_like(weights)
        for place in np.ndindex(weights.shape):
            moved = [each.astype(complex) for each in memory]
            moved[layer][place] += 1e-30j
            slope[place] = loss(recall(moved, key) - value, delta).imag / 1e-30
        found.append(slope)
    return found


def torch_gradient(loss, memory, key, value, delta):
    import torch

    weights = [torch.tensor(each, requires_grad=True) for each in memory]
    key = torch.tensor(key)
    hidden = torch.nn.functional.gelu(key @ weights[0]) @ weights[1]
    error = key + torch.nn.functional.layer_norm(hidden, hidden.shape) - torch.tensor(value)
    if loss is moneta_loss:
        lost = (error.abs() ** 3).sum()
    elif loss is memora_loss or error.norm() <= delta:
        lost = (error**2).sum() / 2
    else:
        lost = delta * error.abs().sum()
    return [each.numpy() for each in torch.autograd.grad(lost, weights)]


def project(x, s, b, h, before):
    found, after = {}, {}
    for name in "QKV":
        z = x["X"][b] @ x["W" + name][h]
        old = np.zeros((3, z.shape[1])) if before is None else x[name + "I"][b, h]
        z = np.vstack([old, z])
        after[name] = z[-3:]
        taps = x["C" + name][h]
        found[name] = np.array([silu((z[p : p + 4].T * taps).sum(1)) for p in range(s["P"])])
    for name in "QK":
        norm = np.sqrt((found[name] ** 2).sum(1, keepdims=True) + 1e-6)
        found[name] = found[name] / norm
    return found["Q"], found["K"], found["V"], after


def keep(kind, memory, sums, slope, alpha, eta):
    """Equations 24, 26 and 27: the next memory, and Moneta's sums."""
    if kind == "moneta":
        sums = [alpha * a - eta * g for a, g in zip(sums, slope, strict=True)]
        return [retained(a) for a in sums], sums
    if kind == "yaad":
        return [alpha * w - eta * g for w, g in zip(memory, slope, strict=True)], sums
    found = [np.exp(alpha * np.log(w) - eta * g) for w, g in zip(memory, slope, strict=True)]
    return [each / each.sum(0, keepdims=True) for each in found], sums


LOSSES = {"moneta": moneta_loss, "yaad": yaad_loss, "memora": memora_loss}


def layer(kind, x, s, chunk=1, slope=gradient, given=None):
    """`given`: the state comes from inputs (decode) and goes to outputs."""
    out = {"Y": np.zeros((s["B"], s["P"], s["D"]))}
    names = NAMES if kind == "moneta" else NAMES[:1]
    if given:
        out |= {name + "O": np.zeros_like(x[name + "I"]) for name in "QKV"}
        out |= {each + "U": np.zeros_like(x[each + "I"]) for pair in names for each in pair}
    for b, h in np.ndindex(s["B"], s["H"]):
        q, k, v, after = project(x, s, b, h, given)
        state = [[x[n + "I"][b, h] if given else x[n + "0"][h] for n in pair] for pair in names]
        memory, sums = state[0], state[-1]
        for p in range(s["P"]):
            token = x["X"][b, p]
            if p % chunk == 0:
                first = memory
            delta = np.log1p(np.exp(token @ x["WD"][h] + x["BD"][h])) if kind == "yaad" else 0
            eta = sigmoid(token @ x["WT"][h] + x["BT"][h])
            alpha = sigmoid(token @ x["WL"][h] + x["BL"][h])
            step = slope(LOSSES[kind], first, k[p], v[p], delta)
            memory, sums = keep(kind, memory, sums, step, alpha, eta)
            o = recall(memory, q[p])
            o = o / np.sqrt((o * o).mean() + 1e-5) * silu(token @ x["WG"][h])
            out["Y"][b, p] += o @ x["WO"][h]
        if given:
            for name in "QKV":
                out[name + "O"][b, h] = after[name]
            for pair, arrays in zip(names, (memory, sums), strict=False):
                for name, array in zip(pair, arrays, strict=True):
                    out[name + "U"][b, h] = array
    return out


def moneta(x, s):
    return layer("moneta", x, s)


def yaad(x, s):
    return layer("yaad", x, s)


def memora(x, s):
    return layer("memora", x, s)


def yaad_chunked(x, s):
    return layer("yaad", x, s, s["T"])


def moneta_decode(x, s):
    return layer("moneta", x, s, given=True)


def yaad_decode(x, s):
    return layer("yaad", x, s, given=True)


def memora_decode(x, s):
    return layer("memora", x, s, given=True)


def torch_moneta(x, s):
    return layer("moneta", x, s, slope=torch_gradient)


def torch_yaad(x, s):
    return layer("yaad", x, s, slope=torch_gradient)


def torch_memora(x, s):
    return layer("memora", x, s, slope=torch_gradient)
