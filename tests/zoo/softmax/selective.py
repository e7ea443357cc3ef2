"""Selective self-attention (Zhang et al. 2024, arXiv 2411.12892), section 3 - from the definition.

The weights are a softmax at the query's own temperature, the values those of warmed tokens.
"""

from math import erf

import numpy as np

SIZES = {"B": 2, "H": 3, "P": 5, "M": 5, "D": 4, "N": 3, "E": 3, "F": 4}
SIZES_OF = {"decode": {"P": 1, "M": 6}}
PASSES = {"prefill": {"M": (2, 1)}, "decode": {"M": (2, 1)}}


def token_part(features, w1, w2):
    """tanh of a small layer, one number a head, for one token."""
    hidden = features @ w1
    hidden = hidden * np.array([0.5 * (1 + erf(each / np.sqrt(2))) for each in hidden])
    return np.tanh(w2 @ hidden)


def prefill(x, s):
    out = np.empty((s["B"], s["H"], s["P"], s["F"]))
    earlier = s["M"] - s["P"]
    rate = 1 / (1 + np.exp(-x["AL"]))
    for b in range(s["B"]):
        warm = np.ones((s["H"], s["M"]))
        if "WV1" in x:
            for m in range(s["M"]):
                warm[:, m] = 1 + token_part(x["X"][b, m], x["WV1"], x["WV2"])
        for p in range(s["P"]):
            position = earlier + p
            own = token_part(x["X"][b, p], x["WQ1"], x["WQ2"])
            heat = own + 1 + rate * np.log(position + 1)
            for h in range(s["H"]):
                scores = heat[h] * (x["K"][b, h, : position + 1] @ x["Q"][b, h, p])
                weights = np.exp(scores) / np.exp(scores).sum()
                seen = x["V"][b, h, : position + 1] * warm[h, : position + 1, None]
                out[b, h, p] = weights @ seen
    return {"AV": out}


decode = prefill
