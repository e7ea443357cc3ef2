"""Tensor attention (Alman and Song 2023, arXiv 2310.04064), definitions 1.1-1.4 - written out."""

import numpy as np

SIZES = {"B": 1, "H": 2, "P": 5, "J": 4, "L": 6, "E": 3, "G": 3, "F": 4}
PASSES = {"prefill": {"J": (2, 1), "L": (2, 1)}, "fast": {"J": (1, 1), "L": (1, 1)}}


def attention(x, s, weight):
    out = np.zeros((s["B"], s["H"], s["P"], s["F"]))
    for b in range(s["B"]):
        for h in range(s["H"]):
            k1, k2 = x["K1"][b, h], x["K2"][b, h]
            # rows of the column-wise Kronecker products, one a pair of keys
            keys = np.array([first * second for first in k1 for second in k2])
            values = np.array([a * c for a in x["V1"][b, h] for c in x["V2"][b, h]])
            weights = weight(x["Q"][b, h] @ keys.T)
            out[b, h] = weights / weights.sum(axis=-1, keepdims=True) @ values
    return {"AV": out}


def prefill(x, s):
    return attention(x, s, np.exp)


def polynomial(x, s):
    return attention(x, s, lambda score: 1 + score + score**2 / 2)
