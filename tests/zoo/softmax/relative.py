"""Relative attention (Shaw et al. 2018, arXiv 1803.02155; Music Transformer, arXiv 1809.04281).

A query meets each key plus the vector of its distance; vectors are kept by distance, in a table
whose last row (causal) or middle row (both ways) is the distance 0.
"""

import numpy as np

SIZES = {"B": 2, "H": 2, "P": 7, "M": 7, "E": 3, "F": 4, "N": 2}
SIZES_OF = {"decode": {"P": 1, "M": 6}}
PASSES = {"prefill": {"M": (2, 1)}, "skewed": {"M": (2, 1)}, "decode": {"M": (2, 1)}}


def attend(x, s, zero, sees):
    """`zero` is the table's row of the distance 0; `sees(p, m)` by positions in the sequence."""
    out = np.empty((s["B"], s["H"], s["P"], s["F"]))
    for b, h, row in np.ndindex(*out.shape[:3]):
        p = s["M"] - s["P"] + row
        seen = [m for m in range(s["M"]) if sees(p, m)]
        keys = np.stack([x["K"][b, h, m] + x["ER"][h, zero - (p - m)] for m in seen])
        weights = np.exp(keys @ x["Q"][b, h, row])
        out[b, h, row] = weights / weights.sum() @ x["V"][b, h, seen]
    return {"AV": out}


def prefill(x, s):
    return attend(x, s, s["M"] - 1, lambda p, m: m <= p)


decode = prefill


def local(x, s):
    n = s["N"]
    return attend(x, s, 2 * n - 1, lambda p, m: n * (p // n - 1) <= m <= p)


def noncausal(x, s):
    return attend(x, s, s["P"] - 1, lambda p, m: True)
