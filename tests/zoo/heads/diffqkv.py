"""DiffQKV attention (Sigma, arXiv 2501.13629), section 2 - from the definition.

Query head h uses key head h n_k / n_q and value head h n_v / n_q; the heads of a token's query are
one vector for the gated layer.
"""

import numpy as np

SIZES = {"B": 2, "H": 6, "GK": 2, "GV": 3, "P": 5, "M": 5, "E": 4, "F": 3, "A": 7}
SIZES_OF = {name: {"P": 1, "M": 7} for name in ("decode", "decode_half_keys")}
PASSES = {"prefill": {"M": (2, 1)}, "decode": {"M": (2, 1)}}


def augmented(x, s):
    flat = x["Q"].transpose(0, 2, 1, 3).reshape(s["B"], s["P"], -1)
    w1, w2, w3 = (x[name].reshape(s["H"] * s["E"], s["A"]) for name in ("W1", "W2", "W3"))
    up = flat @ w1
    gated = up / (1 + np.exp(-up)) * (flat @ w2)
    wide = (gated @ w3.T).reshape(s["B"], s["P"], s["H"], s["E"])
    return wide.transpose(0, 2, 1, 3)


def attend(queries, keys, values, s):
    out = np.empty((s["B"], s["H"], s["P"], s["F"]))
    allowed = np.tril(np.ones((s["P"], s["M"]), bool), s["M"] - s["P"])
    for b in range(s["B"]):
        for h in range(s["H"]):
            key = keys[b, h * s["GK"] // s["H"]]
            value = values[b, h * s["GV"] // s["H"]]
            scores = np.where(allowed, queries[b, h] @ key.T, -np.inf)
            weights = np.exp(scores - scores.max(axis=1, keepdims=True))
            out[b, h] = weights / weights.sum(axis=1, keepdims=True) @ value
    return {"AV": out}


def prefill(x, s):
    return attend(augmented(x, s), x["K"], x["V"], s)


def plain_query(x, s):
    return attend(x["Q"], x["K"], x["V"], s)


decode = prefill


def decode_half_keys(x, s):
    return attend(augmented(x, s), x["K"] @ x["WU"], x["V"], s)
