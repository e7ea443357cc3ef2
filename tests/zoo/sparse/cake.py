"""CAKE (Qin et al. 2025, arXiv 2503.12491), sections 4.1 to 4.3 - written from the definition."""

import numpy as np

SIZES = {"L": 3, "B": 2, "H": 4, "G": 2, "P": 48, "E": 3, "F": 5, "S": 4, "C": 24}
SIZES_OF = {"decode": {"P": 1, "M": 24}}
PASSES = {"decode": {"M": (2, 1)}}


def inputs(rng, shapes, sizes):
    """A mask that keeps something in every head; flat attention, flatter in some layers, so
    that neither means nor variances alone say what is kept."""
    if "KEEP" not in shapes:
        queries = rng.normal(size=shapes["Q"])
        return {"Q": (queries.T * np.linspace(0.4, 0.6, sizes["L"])).T}
    keep = (rng.uniform(size=shapes["KEEP"]) < 0.5).astype(float)
    keep[..., -1] = 1
    return {"KEEP": keep}


def probabilities(q, k, first):
    """Rows of softmax; row i sees keys up to first + i."""
    scores = q @ k.T
    scores[np.arange(len(k))[None, :] > first + np.arange(len(q))[:, None]] = -np.inf
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True)


def prefill(x, s):
    group = s["H"] // s["G"]
    old = s["M"] - s["S"]
    out = np.zeros((s["L"], s["B"], s["H"], s["P"], s["F"]))
    keep = np.zeros((s["L"], s["B"], s["G"], s["M"]))
    for b in range(s["B"]):
        preferences, indicators = [], []
        for layer in range(s["L"]):
            rows = []
            for h in range(s["H"]):
                q, k = x["Q"][layer, b, h], x["K"][layer, b, h // group]
                out[layer, b, h] = probabilities(q, k, 0) @ x["V"][layer, b, h // group]
                rows.append(probabilities(q[old:], k, old))
            rows = np.array(rows)
            seen = rows[rows > 0]
            entropy = -(seen * np.log(seen)).sum()
            variance = rows.var(axis=1)
            preferences.append(entropy ** (1 / 1.6) * variance.sum() ** (1 / 0.4))
            indicators.append(rows.mean(axis=1) + 200 * variance)
        total = (s["C"] - s["S"]) * s["L"]
        for layer in range(s["L"]):
            budget = int(total * preferences[layer] / sum(preferences))
            for g in range(s["G"]):
                score = indicators[layer][g * group : (g + 1) * group].mean(axis=0)[:old]
                keep[layer, b, g, np.argsort(-score)[:budget]] = 1
                keep[layer, b, g, old:] = 1
    return {"AV": out, "KEEP": keep}


def decode(x, s):
    group = s["H"] // s["G"]
    out = np.zeros((s["L"], s["B"], s["H"], 1, s["F"]))
    for layer, b, h in np.ndindex(s["L"], s["B"], s["H"]):
        kept = np.flatnonzero(x["KEEP"][layer, b, h // group])
        keys, values = (x[name][layer, b, h // group, kept] for name in ("K", "V"))
        out[layer, b, h] = probabilities(x["Q"][layer, b, h], keys, len(kept)) @ values
    return {"AV": out}
