"""AnchorAttention (Zhang et al. 2025, arXiv 2505.23520), section 3 - from the definition."""

import numpy as np

SIZES = {"B": 1, "H": 4, "G": 2, "P": 36, "E": 3, "F": 5, "N": 3, "T": 4, "S": 1}


def inputs(rng, shapes, sizes):
    """Scores far enough apart that some stripes are more than 12 below their anchor."""
    return {"Q": 4 * rng.normal(size=shapes["Q"]), "K": 4 * rng.normal(size=shapes["K"])}


def prefill(x, s):
    length, block, group = s["P"], s["N"], s["N"] * s["T"]
    share = s["H"] // s["G"]
    out = np.zeros((s["B"], s["H"], length, s["F"]))
    for b, h in np.ndindex(s["B"], s["H"]):
        q, k, v = x["Q"][b, h], x["K"][b, h // share], x["V"][b, h // share]
        scores = q @ k.T
        query, key = np.ogrid[:length, :length]
        anchored = (key <= query) & ((key < block) | (key >= query // group * group))
        anchor = np.where(anchored, scores, -np.inf).max(1)
        seen = anchored.copy()
        for start in range(group, length, group):
            for first in range(start, start + group, block):
                rows = slice(first, first + block)
                pooled = k[block:start] @ q[rows].mean(0)
                stripes = block + np.flatnonzero(anchor[rows].mean() - pooled <= 12)
                seen[start : start + group, stripes] = True
        weights = np.where(seen, np.exp(scores - scores.max(1, keepdims=True)), 0)
        out[b, h] = weights @ v / weights.sum(1, keepdims=True)
    return {"AV": out}
