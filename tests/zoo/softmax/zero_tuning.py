"""ZeroTuning (Han et al. 2025, arXiv 2505.11739), section 4 - weights scaled, then renormalized."""

import numpy as np

SIZES = {"B": 2, "H": 4, "G": 2, "P": 5, "M": 5, "E": 3, "F": 4}
SIZES_OF = {"decode": {"P": 1, "M": 6}}
PASSES = {"prefill": {"M": (2, 1)}, "decode": {"M": (2, 1)}}


def inputs(rng, shapes, sizes):
    return {"GA": rng.uniform(0.3, 3.0, shapes["GA"])}


def prefill(x, s):
    """Softmax as it is, its first column times the factor, and each row divided by its sum."""
    out = np.empty((s["B"], s["H"], s["P"], s["F"]))
    for b in range(s["B"]):
        for h in range(s["H"]):
            g = h * s["G"] // s["H"]
            scores = x["Q"][b, h] @ x["K"][b, g].T
            weights = np.tril(np.exp(scores), s["M"] - s["P"])
            weights /= weights.sum(axis=1, keepdims=True)
            weights[:, 0] *= x["GA"][h]
            weights /= weights.sum(axis=1, keepdims=True)
            out[b, h] = weights @ x["V"][b, g]
    return {"AV": out}


decode = prefill
