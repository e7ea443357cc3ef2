"""Unnormalized attention (Gu et al. 2024, arXiv 2410.10781), section 7 - a query at a time."""

import numpy as np

SIZES = {"B": 2, "H": 2, "P": 5, "M": 5, "E": 3, "F": 4}
SIZES_OF = {name: {"P": 1, "M": 6} for name in ("decode", "decode_key_bias")}
PASSES = {
    "prefill": {"M": (1, 1)},
    "decode": {"M": (1, 1)},
    "elu": {"M": (1, 1)},
    "normalized": {"M": (1, 1)},
    "key_bias": {"M": (2, 1)},
}


def each_query(x, s, one, causal=True):
    """`one(h, scores, values)` for every query, with the keys it may see."""
    out = np.empty((s["B"], s["H"], s["P"], s["F"]))
    for b, h, p in np.ndindex(*out.shape[:3]):
        seen = p + 1 + s["M"] - s["P"] if causal else s["M"]
        scores = x["K"][b, h, :seen] @ x["Q"][b, h, p]
        out[b, h, p] = one(h, scores, x["V"][b, h, :seen], x["Q"][b, h, p])
    return {"AV": out}


def logistic(scores):
    return 1 / (1 + np.exp(-scores))


def prefill(x, s, causal=True):
    return each_query(x, s, lambda h, t, v, q: logistic(t + x["BS"][h]) @ v, causal)


decode = prefill


def noncausal(x, s):
    return prefill(x, s, causal=False)


def normalized(x, s):
    def one(h, scores, values, query):
        weights = logistic(scores + x["BS"][h])
        return weights / weights.sum() @ values

    return each_query(x, s, one)


def elu(x, s):
    def one(h, scores, values, query):
        return (np.where(scores > 0, scores, np.exp(scores) - 1) + 1) @ values

    return each_query(x, s, one)


def key_value_bias(x, s):
    """The learned key and value are joined to the others."""

    def one(h, scores, values, query):
        learned = x["VB"][h] if "VB" in x else np.zeros(s["F"])
        weights = np.exp(np.append(scores, query @ x["KB"][h]))
        return weights / weights.sum() @ np.vstack([values, learned])

    return each_query(x, s, one)


key_bias = decode_key_bias = key_value_bias
