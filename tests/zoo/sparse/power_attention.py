"""PowerAttention (Chen et al. 2025, arXiv 2503.03588), section 3 - written from the definition."""

import numpy as np

SIZES = {"B": 2, "H": 4, "G": 2, "P": 38, "E": 3, "F": 5, "N": 2, "S": 1, "W": 3}
SIZES_OF = {"decode": {"P": 2, "M": 38}}
PASSES = {"prefill": {"M": (2, 1)}, "decode": {"M": (2, 1)}}


def blocks_seen(block, s):
    """Sinks, the window, and block - 1, block - 2, block - 4, ..."""
    seen = {*range(s["S"]), *range(max(0, block - s["W"] + 1), block + 1)}
    distance = 1
    while distance <= block:
        seen.add(block - distance)
        distance *= 2
    return sorted(seen)


def attention(x, s):
    out = np.zeros((s["B"], s["H"], s["P"], s["F"]))
    for p in range(s["P"]):
        at = p + s["M"] - s["P"]
        kept = [m for m in range(at + 1) if m // s["N"] in blocks_seen(at // s["N"], s)]
        for h in range(s["H"]):
            g = h // (s["H"] // s["G"])
            for b in range(s["B"]):
                scores = x["K"][b, g, kept] @ x["Q"][b, h, p]
                weights = np.exp(scores - scores.max())
                out[b, h, p] = weights @ x["V"][b, g, kept] / weights.sum()
    return {"AV": out}


prefill = decode = attention
