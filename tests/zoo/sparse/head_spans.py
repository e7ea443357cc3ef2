"""MoA (Fu et al. 2024, arXiv 2406.14909), section 3 - written from the definition: sinks and a span
of the latest keys, of another length for each head."""

import numpy as np

SIZES = {"B": 2, "H": 4, "P": 9, "E": 3, "F": 5, "S": 2}
SIZES_OF = {"decode": {"P": 1, "M": 11}}
PASSES = {"prefill": {"M": (2, 1)}, "decode": {"M": (2, 1)}}
SPANS = [3, 1, 6, 100]


def inputs(rng, shapes, sizes):
    return {"W": np.array(SPANS)}


def prefill(x, s):
    out = np.zeros((s["B"], s["H"], s["P"], s["F"]))
    for b in range(s["B"]):
        for h, span in enumerate(SPANS):
            for p in range(s["P"]):
                kept = [m for m in range(p + 1) if m < s["S"] or p - m < span]
                out[b, h, p] = _attend(x["Q"][b, h, p], x["K"][b, h, kept], x["V"][b, h, kept])
    return {"AV": out}


def decode(x, s):
    out = np.zeros((s["B"], s["H"], 1, s["F"]))
    for b in range(s["B"]):
        for h, span in enumerate(SPANS):
            latest = list(range(max(s["S"], s["M"] - span), s["M"]))
            kept = [*range(s["S"]), *latest]
            out[b, h, 0] = _attend(x["Q"][b, h, 0], x["K"][b, h, kept], x["V"][b, h, kept])
    return {"AV": out}


def _attend(query, keys, values):
    weights = np.exp(keys @ query - (keys @ query).max())
    return weights @ values / weights.sum()
