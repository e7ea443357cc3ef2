"""SDIM (Cao et al. 2022, arXiv 2205.10249), section 4 - written from the definition."""

import numpy as np

SIZES = {"B": 2, "P": 3, "M": 12, "E": 4, "G": 5, "T": 3, "Z": 8}
PASSES = {"direct": {"M": (1, 1)}, "bucketed": {"M": (1, 1)}}


def inputs(rng, shapes, sizes):
    return {"BW": 2.0 ** np.arange(sizes["T"])}


def direct(x, s):
    out = np.zeros(x["Q"].shape)
    for b, p, g in np.ndindex(s["B"], s["P"], s["G"]):
        hashes = x["W"][g * s["T"] : (g + 1) * s["T"]]
        own = hashes @ x["Q"][b, p] >= 0
        alike = [item for item in x["S"][b] if ((hashes @ item >= 0) == own).all()]
        if alike:
            out[b, p] += np.mean(alike, axis=0) / s["G"]
    return {"AV": out}
