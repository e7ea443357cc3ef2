"""Key-driven grouped attention (Khan et al. 2024, arXiv 2408.08454), section 3.

Query heads are dealt to key heads as a list, key head by key head.
"""

import numpy as np

SIZES = {"B": 2, "H": 9, "G": 4, "P": 5, "M": 5, "E": 3, "F": 4}
SIZES_OF = {"perturbed": {"H": 8}}
PASSES = {"given_map": {"M": (2, 1)}, "prefill": {"M": (3, 2)}}


def inputs(rng, shapes, sizes):
    """Keys of unlike norms, whose rounded shares do not add up to H; a map that leaves out one key
    head."""
    dealt = np.array([0] * 4 + [1] * 2 + [3] * 3)
    while True:
        spread = rng.uniform(0.5, 1.5, (1, shapes["K"][1], 1, 1))
        keys = rng.normal(size=shapes["K"]) * spread
        if rounded(keys, sizes["H"]).sum() != sizes["H"]:
            return {"K": keys, "MAP": dealt}


def rounded(keys, heads):
    """Shares of the query heads, in proportion to norms, before they are corrected."""
    norms = sum(np.array([np.linalg.norm(head) for head in each]) for each in keys)
    scaled = (norms - norms.min()) / (norms.max() - norms.min())
    return np.round(scaled / scaled.sum() * heads).astype(int)


def attend(x, s, dealt, noise=None):
    out = np.empty((s["B"], s["H"], s["P"], s["F"]))
    for b in range(s["B"]):
        for h, g in enumerate(dealt):
            scores = x["Q"][b, h] @ x["K"][b, g].T
            if noise is not None:
                scores = scores - noise[h]
            weights = np.exp(scores)
            out[b, h] = weights / weights.sum(axis=1, keepdims=True) @ x["V"][b, g]
    return {"AV": out}


def given_map(x, s):
    return attend(x, s, x["MAP"].astype(int))


def perturbed(x, s):
    return attend(x, s, np.repeat(np.arange(s["G"]), s["H"] // s["G"]), x["NO"])


def prefill(x, s):
    counts = rounded(x["K"], s["H"])
    while counts.sum() > s["H"]:
        counts[counts.argmax()] -= 1
    while counts.sum() < s["H"]:
        counts[counts.argmin()] += 1
    return attend(x, s, np.repeat(np.arange(s["G"]), counts))
