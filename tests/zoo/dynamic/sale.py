"""SALE (Ji et al. 2025, arXiv 2505.24179), sections 3 and 4 - written from the definition."""

import numpy as np

SIZES = {"B": 1, "H": 4, "G": 2, "P": 32, "E": 4, "F": 5, "U": 4, "N": 2, "W": 6}


def inputs(rng, shapes, sizes):
    return {"TAU": rng.uniform(0.2, 0.6, shapes["TAU"])}


def _four_bits(vectors):
    """The values -7 … 7 times one scale per vector that stand for these vectors."""
    scale = np.abs(vectors).max(-1, keepdims=True) / 7
    return np.rint(vectors / scale) * scale


def prefill(x, s):
    length, share = s["P"], s["H"] // s["G"]
    out = np.zeros((s["B"], s["H"], length, s["F"]))
    query, key = np.ogrid[:length, :length]
    for b, h in np.ndindex(s["B"], s["H"]):
        q, k, v = x["Q"][b, h], x["K"][b, h // share], x["V"][b, h // share]
        scores, estimate = q @ k.T, _four_bits(q) @ _four_bits(k).T
        seen = np.zeros((length, length), bool)
        for start in range(0, length, s["U"]):
            end = start + s["U"]
            seen[start:end, : s["N"]] = seen[start:end, max(end - s["W"], 0) : end] = True
        seen &= key <= query
        nearby = np.where(seen, np.exp(scores), 0).sum(1)
        # relative score: exp(estimate) over the sum of the first and the nearest keys
        relative = np.exp(estimate) / nearby[:, None] >= x["TAU"][h]
        for start in range(0, length, s["U"]):
            end = start + s["U"]
            for first in range(s["N"], end - s["W"], s["N"]):
                if relative[start:end, first : first + s["N"]].any():
                    seen[start:end, first : first + s["N"]] = True
        weights = np.where(seen, np.exp(scores), 0)
        out[b, h] = weights @ v / weights.sum(1, keepdims=True)
    return {"AV": out}
