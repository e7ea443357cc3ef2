"""Merged key heads (Yu et al. 2024, arXiv 2406.07056), section 3 - from the definition.

A group's R keys of a token are one long vector k; the cache holds U'k. A head's key is then its
slice of U U'k, whatever U is (a truncated basis, in the paper).
"""

import numpy as np

SIZES = {"B": 2, "H": 6, "G": 2, "P": 5, "M": 5, "E": 4, "C": 5, "F": 3}
SIZES_OF = {name: {"P": 1, "M": 7} for name in ("decode", "decode_absorbed")}
PASSES = {"prefill": {"M": (2, 1)}, "decode": {"M": (2, 1)}}


def attend(x, s, compressed):
    """`compressed` [B, G, M, C]; the queries are the last of the keys."""
    group_size = s["H"] // s["G"]
    out = np.empty((s["B"], s["H"], s["P"], s["F"]))
    allowed = np.tril(np.ones((s["P"], s["M"]), bool), s["M"] - s["P"])
    for b in range(s["B"]):
        for g in range(s["G"]):
            heads = range(g * group_size, (g + 1) * group_size)
            basis = np.concatenate([x["U"][h] for h in heads])
            keys = (compressed[b, g] @ basis.T).reshape(s["M"], group_size, s["E"])
            for at, h in enumerate(heads):
                scores = np.where(allowed, x["Q"][b, h] @ keys[:, at].T, -np.inf)
                weights = np.exp(scores - scores.max(axis=1, keepdims=True))
                out[b, h] = weights / weights.sum(axis=1, keepdims=True) @ x["V"][b, g]
    return out


def prefill(x, s):
    group_size = s["H"] // s["G"]
    compressed = np.zeros((s["B"], s["G"], s["M"], s["C"]))
    for b, g, m in np.ndindex(*compressed.shape[:3]):
        heads = slice(g * group_size, (g + 1) * group_size)
        long_key = x["K"][b, heads, m].reshape(-1)
        compressed[b, g, m] = x["U"][heads].reshape(-1, s["C"]).T @ long_key
    return {"KC": compressed, "AV": attend(x, s, compressed)}


def decode(x, s):
    return {"AV": attend(x, s, x["KC"])}
