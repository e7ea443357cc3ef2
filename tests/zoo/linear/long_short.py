"""Long-short attention (Zhu et al. 2021, arXiv 2107.02192) - from the definition."""

import numpy as np

SIZES = {"B": 2, "H": 2, "P": 12, "M": 12, "E": 3, "F": 5, "R": 2, "W": 4, "L": 3, "N": 5}
SIZES_OF = {"decode": {"C": 3}}
PASSES = {"prefill": {"M": (3, 1)}}


def softmax(x, axis=-1):
    weights = np.exp(x - x.max(axis=axis, keepdims=True))
    return weights / weights.sum(axis=axis, keepdims=True)


def attend(query, keys, values):
    return softmax(keys @ query) @ values


def summaries(k, v, wp):
    weights = softmax(k @ wp, axis=0)
    return weights.T @ k, weights.T @ v


def per_head(x, s, one_head):
    out = np.zeros((s["B"], s["H"], s["P"], s["F"]))
    for b in range(s["B"]):
        for h in range(s["H"]):
            out[b, h] = one_head(x["Q"][b, h], x["K"][b, h], x["V"][b, h], x["WP"][h], s)
    return {"AV": out}


def noncausal_head(q, k, v, wp, s):
    keys, values = summaries(k, v, wp)
    out = []
    for p in range(s["P"]):
        start = p // s["W"] * s["W"]
        window = slice(max(0, start - s["W"] // 2), start + s["W"] + s["W"] // 2)
        out.append(
            attend(q[p], np.concatenate([keys, k[window]]), np.concatenate([values, v[window]]))
        )
    return out


def causal_head(q, k, v, wp, s):
    out = []
    for p in range(s["P"]):
        window = slice(max(0, (p // s["W"] - 1) * s["W"]), p + 1)
        keys, values = [k[window]], [v[window]]
        for c in range(p // s["L"]):
            segment = slice(c * s["L"], (c + 1) * s["L"])
            key, value = summaries(k[segment], v[segment], wp)
            keys.append(key)
            values.append(value)
        out.append(attend(q[p], np.concatenate(keys), np.concatenate(values)))
    return out


def prefill(x, s):
    return per_head(x, s, noncausal_head)


def causal(x, s):
    return per_head(x, s, causal_head)


def decode(x, s):
    out = np.zeros((s["B"], s["H"], s["F"]))
    for b in range(s["B"]):
        for h in range(s["H"]):
            keys = np.concatenate([x["KC"][b, h], x["KB"][b, h].reshape(-1, s["E"])])
            values = np.concatenate([x["VC"][b, h], x["VB"][b, h].reshape(-1, s["F"])])
            out[b, h] = attend(x["Q"][b, h], keys, values)
    return {"AV": out}
