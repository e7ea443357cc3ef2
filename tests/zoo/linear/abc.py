"""Attention with bounded memory (Peng et al. 2022, arXiv 2110.02488) - from the definition."""

import numpy as np

SIZES = {"B": 2, "H": 3, "P": 6, "M": 6, "E": 4, "F": 5, "A": 3}
PASSES = {"prefill": {"M": (2, 1)}, "sequential": {"M": (1, 1)}}


def inputs(rng, shapes, sizes):
    return {name: rng.uniform(1, 2, shapes[name]) for name in ("DKP", "DVP") if name in shapes}


def softmax(x, axis):
    weights = np.exp(x - x.max(axis=axis, keepdims=True))
    return weights / weights.sum(axis=axis, keepdims=True)


def attend(query, keys, values, wk, wv):
    """Queries of one head to slots written from these keys and values."""
    slot_keys = softmax(keys @ wk, axis=0).T @ keys
    slot_values = softmax(values @ wv, axis=0).T @ values
    return softmax(query @ slot_keys.T, axis=-1) @ slot_values


def prefill(x, s):
    out = np.zeros((s["B"], s["H"], s["P"], s["F"]))
    for b in range(s["B"]):
        for h in range(s["H"]):
            q, k, v = (x[name][b, h] for name in "QKV")
            out[b, h] = attend(q, k, v, x["WK"], x["WV"])
    return {"AV": out}


def causal(x, s):
    out = np.zeros((s["B"], s["H"], s["P"], s["F"]))
    for b in range(s["B"]):
        for h in range(s["H"]):
            q, k, v = (x[name][b, h] for name in "QKV")
            for p in range(s["P"]):
                out[b, h, p] = attend(q[p], k[: p + 1], v[: p + 1], x["WK"], x["WV"])
    return {"AV": out}


def written(token, weights, peak, denominator, numerator):
    """The state after one more token: maximum, denominator and numerator of each slot."""
    logits = token @ weights
    new_peak = np.maximum(peak, logits)
    total = denominator * np.exp(peak) + np.exp(logits)
    slots = numerator * np.exp(peak)[..., None]
    slots = slots + np.exp(logits)[..., None] * token[..., None, :]
    return new_peak, total / np.exp(new_peak), slots / np.exp(new_peak)[..., None]


def decode(x, s):
    peak_k, total_k, keys = written(x["K"], x["WK"], x["RKP"], x["DKP"], x["NKP"])
    peak_v, total_v, values = written(x["V"], x["WV"], x["RVP"], x["DVP"], x["NVP"])
    scores = np.einsum("bhe,bhae->bha", x["Q"], keys / total_k[..., None])
    out = np.einsum("bha,bhaf->bhf", softmax(scores, -1), values / total_v[..., None])
    states = {"RK": peak_k, "DK": total_k, "NK": keys, "RV": peak_v, "DV": total_v, "NV": values}
    return {"AV": out, **states}
