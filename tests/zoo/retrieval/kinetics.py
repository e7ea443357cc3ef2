"""Kinetics (Sadhukhan et al. 2025, arXiv 2506.05333), block top-k - written from the definition."""

import numpy as np

SIZES = {"B": 2, "G": 2, "R": 3, "P": 18, "M": 18, "E": 4, "F": 5, "N": 3, "K": 3}
SIZES_OF = {"decode": {"P": 2}, "mean_query": {"P": 2}}
PASSES = {"prefill": {"M": (2, 1)}, "decode": {"C": (1, 1), "K": (2, 1)}}


def softmax(scores):
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True)


def means(keys, page):
    starts = range(0, keys.shape[2], page)
    return np.stack([keys[:, :, at : at + page].mean(axis=2) for at in starts], axis=2)


def inputs(rng, shapes, sizes):
    """Means that truly are those of the keys."""
    if "KB" not in shapes:
        return {}
    keys = rng.standard_normal(shapes["K"])
    return {"K": keys, "KB": means(keys, sizes["N"])}


def decode(x, s):
    out = np.zeros((s["B"], s["G"], s["R"], s["P"], s["F"]))
    page_means = means(x["K"], s["N"])
    last = s["M"] // s["N"] - 1
    for b, g, p in np.ndindex(s["B"], s["G"], s["P"]):
        group = x["Q"][b, g, :, p]
        scores = np.mean([page_means[b, g] @ q for q in group], axis=0)
        pages = [last, *np.argsort(-scores[:last])[: s["K"] - 1]]
        tokens = [page * s["N"] + n for page in pages for n in range(s["N"])]
        for r, q in enumerate(group):
            out[b, g, r, p] = softmax(x["K"][b, g, tokens] @ q) @ x["V"][b, g, tokens]
    return {"AV": out}


def prefill(x, s):
    out = np.zeros((s["B"], s["G"], s["R"], s["P"], s["F"]))
    for b, g, r, p in np.ndindex(s["B"], s["G"], s["R"], s["P"]):
        seen = slice(p + 1)
        weights = softmax(x["K"][b, g, seen] @ x["Q"][b, g, r, p])
        out[b, g, r, p] = weights @ x["V"][b, g, seen]
    return {"AV": out, "KB": means(x["K"], s["N"])}
