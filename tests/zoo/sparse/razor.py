"""RazorAttention (Tang et al. 2024, arXiv 2407.15891), sections 3.2 and 3.3.

Written from the definition: the compensation token stands D times among the keys.
"""

import numpy as np

SIZES = {"B": 2, "H": 6, "G": 3, "X": 1, "P": 17, "E": 3, "F": 5, "S": 2, "A": 4, "C": 3}
SIZES_OF = {"decode": {"P": 2, "M": 17}}
PASSES = {"prefill": {"M": (2, 1)}, "decode": {"M": (2, 1), "N": (2, 1)}}


def attend(query, keys, values):
    scores = keys @ query
    weights = np.exp(scores - scores.max())
    return weights @ values / weights.sum()


def recent(s):
    return max(s["A"], s["M"] // s["C"])


def prefill(x, s):
    group = s["H"] // s["G"]
    out = np.zeros((s["B"], s["H"], s["P"], s["F"]))
    for b, h, p in np.ndindex(s["B"], s["H"], s["P"]):
        keys, values = (x[name][b, h // group, : p + 1] for name in ("K", "V"))
        out[b, h, p] = attend(x["Q"][b, h, p], keys, values)
    dropped = slice(s["S"], s["M"] - recent(s))
    return {
        "AV": out,
        "KA": x["K"][:, s["X"] :, dropped].mean(axis=2),
        "VA": x["V"][:, s["X"] :, dropped].mean(axis=2),
    }


def decode(x, s):
    group = s["H"] // s["G"]
    dropped = s["M"] - s["S"] - recent(s)
    full = np.zeros((s["B"], s["X"], group, s["P"], s["F"]))
    for b, g, r, p in np.ndindex(*full.shape[:-1]):
        seen = s["M"] - s["P"] + p + 1
        query = x["Q"][b, g * group + r, p]
        full[b, g, r, p] = attend(query, x["KF"][b, g, :seen], x["VF"][b, g, :seen])
    other = np.zeros((s["B"], s["G"] - s["X"], group, s["P"], s["F"]))
    for b, g, r, p in np.ndindex(*other.shape[:-1]):
        seen = x["KS"].shape[2] - s["P"] + p + 1
        query = x["Q"][b, (g + s["X"]) * group + r, p]
        keys = np.concatenate([x["KS"][b, g, :seen], np.tile(x["KA"][b, g], (dropped, 1))])
        values = np.concatenate([x["VS"][b, g, :seen], np.tile(x["VA"][b, g], (dropped, 1))])
        other[b, g, r, p] = attend(query, keys, values)
    return {"AVF": full, "AVS": other}
