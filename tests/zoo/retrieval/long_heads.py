"""LongHeads (Lu et al. 2024, arXiv 2402.10685), section 2 - written from the definition."""

import numpy as np

SIZES = {"B": 2, "H": 2, "P": 24, "M": 24, "E": 3, "N": 4, "K": 3, "T": 2, "J": 2}
SIZES_OF = {"decode": {"P": 2}, "decode_rotary": {"P": 2}}
PASSES = {"decode": {"C": (1, 1), "K": (2, 1)}}


def softmax(scores):
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True)


def summary(queries, keys, values):
    """The summary key of one chunk; the queries hold 1/sqrt(E) already."""
    outputs = softmax(queries @ keys.T) @ values
    asked = outputs.mean(axis=0) / np.sqrt(keys.shape[1])
    return softmax(keys @ asked) @ keys


def chosen(q, summaries, k):
    """Chunk 0, and the best of the others, k in all."""
    others = 1 + np.argsort(-(summaries[1:] @ q))
    return [0, *others][: min(k, len(summaries))] if len(summaries) else []


def prefill(x, s):
    out = np.zeros((s["B"], s["H"], s["P"], s["E"]))
    n = s["N"]
    for b, h in np.ndindex(s["B"], s["H"]):
        q, k, v = x["Q"][b, h], x["K"][b, h], x["V"][b, h]
        cut = [slice(at, at + n) for at in range(0, s["M"], n)]
        summaries = np.array([summary(q[part], k[part], v[part]) for part in cut])
        for p in range(s["P"]):
            own = p // n
            chunks = [*chosen(q[p], summaries[:own], s["K"]), own]
            tokens = [c * n + i for c in chunks for i in range(n) if c * n + i <= p]
            out[b, h, p] = softmax(k[tokens] @ q[p]) @ v[tokens]
    return {"AV": out}


def decode(x, s):
    out = np.zeros((s["B"], s["H"], s["P"], s["E"]))
    n, last = s["N"], s["M"] // s["N"] - 1
    for b, h, p in np.ndindex(s["B"], s["H"], s["P"]):
        q = x["Q"][b, h, p]
        chunks = [*chosen(q, x["KC"][b, h, :last], s["K"]), last]
        tokens = [c * n + i for c in chunks for i in range(n)]
        out[b, h, p] = softmax(x["K"][b, h, tokens] @ q) @ x["V"][b, h, tokens]
    return {"AV": out}


def rotated(vector, position, angles):
    """A vector in two halves [2, J], each pair turned by its angle."""
    turned = (vector[0] + 1j * vector[1]) * np.exp(1j * position * angles)
    return np.concatenate([turned.real, turned.imag])


def decode_rotary(x, s):
    out = np.zeros((s["B"], s["H"], s["P"], s["E"]))
    n, last = s["N"], s["M"] // s["N"] - 1
    for b, h, p in np.ndindex(s["B"], s["H"], s["P"]):
        summaries = x["KC"][b, h, :last].reshape(last, -1)
        chunks = sorted([*chosen(x["Q"][b, h, p].ravel(), summaries, s["K"]), last])
        tokens = [c * n + i for c in chunks for i in range(n)]
        keys = [rotated(x["K"][b, h, m], place, x["TH"]) for place, m in enumerate(tokens)]
        q = rotated(x["Q"][b, h, p], len(tokens) - 1, x["TH"])
        out[b, h, p] = softmax(np.array(keys) @ q) @ x["V"][b, h, tokens]
    return {"AV": out}
