"""InfiniRetri (Ye et al. 2025, arXiv 2502.12962), section 4 - written from the definition."""

import numpy as np

SIZES = {
    **{"B": 4, "H": 4, "G": 2, "P": 3, "M": 43, "E": 3, "W": 3, "K": 9},
    **{"S": 30},
}


def inputs(rng, shapes, sizes):
    """Sentences one after the other, of random lengths; token numbers."""
    found = {}
    if "Z" in shapes:
        found["Z"] = np.sort(rng.integers(0, sizes["S"], shapes["Z"]), axis=-1)
    if "TOK" in shapes:
        found["TOK"] = rng.integers(0, 1000, shapes["TOK"])
    return found


def best(x, s, b):
    """Positions of the K best tokens of the context."""
    context = s["M"] - s["P"]
    totals = np.zeros(context)
    for h, p in np.ndindex(s["H"], s["P"]):
        keys = x["K"][b, h // (s["H"] // s["G"]), : context + p + 1]
        weights = np.exp(keys @ x["Q"][b, h, p])
        totals += (weights / weights.sum())[:context]
    phrases = np.convolve(totals, np.ones(s["W"]), mode="same")
    return np.argsort(phrases)[::-1][: s["K"]]


def prefill(x, s):
    keep = np.zeros((s["B"], s["M"]))
    context = s["M"] - s["P"]
    for b in range(s["B"]):
        sentences = {int(x["Z"][b, m]) for m in best(x, s, b)}
        keep[b, :context] = [int(z) in sentences for z in x["Z"][b, :context]]
    return {"KEEP": keep}


def tokens(x, s):
    return {"TK": np.array([x["TOK"][b, sorted(best(x, s, b))] for b in range(s["B"])])}
