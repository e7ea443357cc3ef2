"""Routing Transformer (Roy et al. 2021, arXiv 2003.05997), algorithm 1 - from the definition."""

import numpy as np

SIZES = {"B": 2, "H": 2, "P": 12, "E": 4, "F": 5, "C": 3}
PASSES = {"training": {"U": (2, 1)}, "encoder": {"U": (2, 1)}}


def _norm(vectors):
    centered = vectors - vectors.mean(-1, keepdims=True)
    return centered / centered.std(-1, keepdims=True)


def _cluster(q, k, v, causal):
    """One cluster's attention; q and k come with the positions of their tokens."""
    (queries, query_at), (keys, key_at) = q, k
    scores = queries @ keys.T / np.sqrt(queries.shape[1])
    if causal:
        scores[key_at[None] > query_at[:, None]] = -np.inf
    weights = np.exp(scores - scores.max(1, keepdims=True))
    return weights / weights.sum(1, keepdims=True) @ v


def _route(x, s, keys, causal):
    out = np.zeros((s["B"], s["H"], s["P"], s["F"]))
    for b, h, c in np.ndindex(s["B"], s["H"], s["C"]):
        q, k, center = _norm(x["Q"][b, h]), _norm(x[keys][b, h]), x["MU"][h, c]
        at_q = np.sort(np.argsort(-(q @ center))[: s["T"]])
        at_k = np.sort(np.argsort(-(k @ center))[: s["T"]])
        values = x["V"][b, h, at_k]
        out[b, h, at_q] += _cluster((q[at_q], at_q), (k[at_k], at_k), values, causal)
    return out


def training(x, s):
    moved = 0.999 * x["MU"]
    for b, h, p in np.ndindex(s["B"], s["H"], s["P"]):
        query = _norm(x["Q"][b, h])[p]
        moved[h, np.argmax(x["MU"][h] @ query)] += 0.001 * query
    return {"AV": _route(x, s, "Q", causal=True), "MN": moved}


def encoder(x, s):
    return {"AV": _route(x, s, "K", causal=False)}
