"""Concentric causal attention (Xing et al. 2024, arXiv 2410.15926), section 4.

The rings are peeled off an image from its border inwards, and attend to what was peeled off so far.
"""

import numpy as np

SIZES = {"B": 2, "H": 2, "N": 6, "E": 3, "F": 4}
PASSES = {"prefill": {"S": (2, 1), "K": (2, 1)}}


def ring_lengths(side):
    """How many tokens each ring has, the outermost first."""
    image = np.ones((side, side))
    while image.size:
        inner = image[1:-1, 1:-1]
        yield image.size - inner.size
        image = inner


def prefill(x, s):
    out = np.zeros(x["V"].shape)
    lengths = list(ring_lengths(s["N"]))
    for b, h in np.ndindex(s["B"], s["H"]):
        for ring, length in enumerate(lengths):
            seen = [(at, slot) for at in range(ring + 1) for slot in range(lengths[at])]
            keys, values = (np.stack([x[name][b, h][at] for at in seen]) for name in ("KY", "V"))
            for slot in range(length):
                weights = np.exp(keys @ x["Q"][b, h, ring, slot])
                out[b, h, ring, slot] = weights / weights.sum() @ values
    return {"AV": out}
