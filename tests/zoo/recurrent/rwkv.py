"""RWKV-4 (Peng et al. 2023, arXiv 2305.13048), section 3 - written from the definition."""

import numpy as np

SIZES = {"B": 2, "P": 7, "D": 5, "J": 5}
SIZES_OF = {"decode": {"P": 2}}
PASSES = {"sequential": {"P": (1, 1)}, "parallel": {"M": (2, 1)}}


def inputs(rng, shapes, sizes):
    return {name: rng.uniform(0.5, 2, shapes[name]) for name in ("DI",) if name in shapes}


def mixed(x, before):
    shifted = np.concatenate([before[:, None], x["X"][:, :-1]], 1)
    for name in "RKV":
        share = x["M" + name]
        yield (share * x["X"] + (1 - share) * shifted) @ x["W" + name]


def sequential(x, s):
    """Sums over all tokens before, the current one with the bonus u."""
    r, k, v = mixed(x, np.zeros((s["B"], s["D"])))
    decay = np.exp(x["WD"])
    out = np.zeros_like(v)
    for p in range(s["P"]):
        up = np.exp(x["UB"] + k[:, p]) * v[:, p]
        down = np.exp(x["UB"] + k[:, p])
        for i in range(p):
            weight = np.exp(-(p - 1 - i) * decay + k[:, i])
            up, down = up + weight * v[:, i], down + weight
        out[:, p] = up / down
    return {"Y": (out / (1 + np.exp(-r))) @ x["WO"]}


def decode(x, s):
    """The state is the sums a and b, given as their multiples of exp(PI)."""
    r, k, v = mixed(x, x["XI"])
    a, b = x["NI"] * np.exp(x["PI"]), x["DI"] * np.exp(x["PI"])
    top, decay = x["PI"], np.exp(x["WD"])
    out = np.zeros_like(v)
    for p in range(s["P"]):
        bonus = np.exp(x["UB"] + k[:, p])
        out[:, p] = (a + bonus * v[:, p]) / (b + bonus)
        a = a * np.exp(-decay) + np.exp(k[:, p]) * v[:, p]
        b = b * np.exp(-decay) + np.exp(k[:, p])
        top = np.maximum(top - decay, k[:, p])
    y = (out / (1 + np.exp(-r))) @ x["WO"]
    return {"Y": y, "XO": x["X"][:, -1], "PO": top, "NO": a / np.exp(top), "DO": b / np.exp(top)}
