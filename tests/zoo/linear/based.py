"""Based (Arora et al. 2024, arXiv 2402.18668), section 4 - written from the definition."""

import numpy as np

SIZES = {"B": 2, "H": 3, "P": 7, "M": 7, "E": 3, "F": 5, "U": 4, "W": 3, "N": 6}
PASSES = {"prefill": {"M": (1, 1)}, "sequential": {"M": (1, 1)}, "window": {"M": (2, 1)}}


def inputs(rng, shapes, sizes):
    small = {name: 0.2 * rng.normal(size=shapes[name]) for name in ("Z1P",) if name in shapes}
    if "Z2P" in shapes:
        square = rng.normal(size=shapes["Z2P"])
        small["Z2P"] = np.einsum("bheg,bhfg->bhef", square, square)
    return small


def features(x):
    """[1, x, vec(x x^T) / sqrt(2)]: the series of exp to second order."""
    pairs = x[..., :, None] * x[..., None, :] / np.sqrt(2)
    flat = pairs.reshape(*x.shape[:-1], -1)
    return np.concatenate([np.ones((*x.shape[:-1], 1)), x, flat], axis=-1)


def prefill(x, s):
    scores = np.tril(np.einsum("bhpr,bhmr->bhpm", features(x["Q"]), features(x["K"])))
    return {"AV": scores @ x["V"] / scores.sum(axis=-1, keepdims=True)}


def window(x, s):
    out = np.zeros((s["B"], s["H"], s["P"], s["F"]))
    for p in range(s["P"]):
        seen = slice(max(0, p - s["W"] + 1), p + 1)
        scores = np.einsum("bhe,bhme->bhm", x["Q"][:, :, p], x["K"][:, :, seen])
        weights = np.exp(scores) / np.exp(scores).sum(axis=-1, keepdims=True)
        out[:, :, p] = np.einsum("bhm,bhmf->bhf", weights, x["V"][:, :, seen])
    return {"AV": out}


def decode(x, s):
    batch, heads, size = x["Q"].shape
    flat = (batch, heads, size * size)
    root = np.sqrt(2)
    state = np.concatenate(
        [x["S0P"][:, :, None], x["S1P"], x["S2P"].reshape(*flat, -1) / root], axis=2
    )
    count = np.full((batch, heads, 1), s["N"] - 1.0)
    total = np.concatenate([count, x["Z1P"], x["Z2P"].reshape(flat) / root], axis=2)
    key, query = features(x["K"]), features(x["Q"])
    state = state + key[..., None] * x["V"][:, :, None]
    total = total + key
    out = np.einsum("bhr,bhrf->bhf", query, state) / (query * total).sum(-1, keepdims=True)
    pairs = (batch, heads, size, size)
    return {
        "AV": out,
        "S0": state[:, :, 0],
        "S1": state[:, :, 1 : size + 1],
        "S2": root * state[:, :, size + 1 :].reshape(*pairs, -1),
        "Z1": total[:, :, 1 : size + 1],
        "Z2": root * total[:, :, size + 1 :].reshape(pairs),
    }


def window_decode(x, s):
    weights = np.exp(np.einsum("bhe,bhwe->bhw", x["Q"], x["KC"]))
    weights /= weights.sum(axis=-1, keepdims=True)
    return {"AV": np.einsum("bhw,bhwf->bhf", weights, x["VC"])}
