"""PowerAttention (Chen et al. 2025, arXiv 2503.03588), section 3 - written from the definition."""

import numpy as np

SIZES = {"B": 2, "H": 4, "G": 2, "P": 38, "E": 3, "F": 5, "N": 2, "S": 1, "W": 3}
SIZES_OF = {"decode": {"M": 38}}
PASSES = {"prefill": {"M1": (2, 1)}, "decode": {"M1": (2, 1)}}


def blocks_seen(block, s):
    """Sinks, the window, and block - 1, block - 2, block - 4, ..."""
    seen = {*range(s["S"]), *range(max(0, block - s["W"] + 1), block + 1)}
    distance = 1
    while distance <= block:
        seen.add(block - distance)
        distance *= 2
    return sorted(seen)


def attend(query, keys, values):
    scores = keys @ query
    weights = np.exp(scores - scores.max())
    return weights @ values / weights.sum()


def seen_by(at, s):
    return [m for m in range(at + 1) if m // s["N"] in blocks_seen(at // s["N"], s)]


def prefill(x, s):
    out = np.zeros((s["B"], s["H"], s["P"], s["F"]))
    for b, h, p in np.ndindex(s["B"], s["H"], s["P"]):
        g = h // (s["H"] // s["G"])
        kept = seen_by(p, s)
        out[b, h, p] = attend(x["Q"][b, h, p], x["K"][b, g, kept], x["V"][b, g, kept])
    return {"AV": out}


def decode(x, s):
    out = np.zeros((s["B"], s["H"], s["F"]))
    kept = seen_by(s["M"] - 1, s)
    for b, h in np.ndindex(s["B"], s["H"]):
        g = h // (s["H"] // s["G"])
        out[b, h] = attend(x["Q"][b, h], x["K"][b, g, kept], x["V"][b, g, kept])
    return {"AV": out}
