"""Positional attention (Back de Luca et al. 2024, arXiv 2410.01686), section 4."""

import numpy as np

SIZES = {"B": 3, "H": 2, "P": 5, "M": 5, "E": 3, "F": 4}
PASSES = {"prefill": {"M": (3, 1)}, "deferred": {"M": (2, 1)}, "stored": {"M": (1, 1)}}


def prefill(x, s):
    out = np.empty((s["B"], s["H"], s["P"], s["F"]))
    for b, h, p in np.ndindex(*out.shape[:3]):
        weights = np.exp(x["PK"][h] @ x["PQ"][h, p])
        out[b, h, p] = weights / weights.sum() @ x["V"][b, h]
    return {"AV": out}


def stored(x, s):
    return {"AV": np.matmul(x["A"], x["V"])}
