"""TokenSelect (Wu et al. 2024, arXiv 2411.02886), sections 4.1 to 4.3 - from the definition."""

import numpy as np

SIZES = {
    **{"B": 2, "H": 4, "G": 2, "P": 24, "M": 24, "E": 3, "F": 5},
    **{"S": 2, "W": 4, "K": 5, "T": 4},
}
SIZES_OF = {"decode": {"P": 2}, "decode_reuse": {"P": 2}}


def softmax(scores):
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True)


def inputs(rng, shapes, sizes):
    """A selection of distinct tokens between the first S and the last W."""
    if "I" not in shapes:
        return {}
    middle = np.arange(sizes["S"], sizes["M"] - sizes["W"])
    rows = [rng.permutation(middle)[: sizes["K"]] for _ in np.ndindex(*shapes["I"][:-1])]
    return {"I": np.array(rows).reshape(shapes["I"])}


def voted(queries, keys, candidates, k):
    """The k candidates with the most votes; queries [H, E], keys [G, M, E]."""
    share = len(queries) // len(keys)
    votes = np.zeros(len(candidates))
    for h, q in enumerate(queries):
        votes += softmax(keys[h // share][candidates] @ q)
    return candidates[np.argsort(votes)[::-1][:k]]


def attend(x, s, b, p, tokens):
    """All heads of token p over the same set of tokens."""
    share = s["H"] // s["G"]
    rows = []
    for h in range(s["H"]):
        keys, values = x["K"][b, h // share, tokens], x["V"][b, h // share, tokens]
        rows.append(softmax(keys @ x["Q"][b, h, p]) @ values)
    return np.array(rows)


def decode(x, s):
    out = np.zeros((s["B"], s["H"], s["P"], s["F"]))
    middle = np.arange(s["S"], s["M"] - s["W"])
    for b, p in np.ndindex(s["B"], s["P"]):
        chosen = voted(x["Q"][b, :, p], x["K"][b], middle, s["K"])
        tokens = sorted({*chosen, *range(s["S"]), *range(s["M"] - s["W"], s["M"])})
        out[b, :, p] = attend(x, s, b, p, tokens)
    return {"AV": out}


def decode_reuse(x, s):
    out = np.zeros((s["B"], s["H"], s["P"], s["F"]))
    for b, p in np.ndindex(s["B"], s["P"]):
        chosen = x["I"][b, p].astype(int)
        tokens = sorted({*chosen, *range(s["S"]), *range(s["M"] - s["W"], s["M"])})
        out[b, :, p] = attend(x, s, b, p, tokens)
    return {"AV": out}


def prefill(x, s):
    out = np.zeros((s["B"], s["H"], s["P"], s["F"]))
    for b, start in np.ndindex(s["B"], s["P"] // s["T"]):
        chunk = range(start * s["T"], (start + 1) * s["T"])
        local = chunk.stop - s["W"]
        middle = np.arange(s["S"], local)
        chosen = []
        if len(middle):
            mean_query = x["Q"][b][:, chunk].mean(axis=1)
            chosen = voted(mean_query, x["K"][b], middle, s["K"])
        for p in chunk:
            near = range(max(local, 0), p + 1)
            tokens = {*chosen, *range(s["S"]), *near}
            out[b, :, p] = attend(x, s, b, p, sorted(m for m in tokens if m <= p))
    return {"AV": out}
