"""NSA (Yuan et al. 2025, arXiv 2502.11089), section 3 - written from the definition."""

import numpy as np

SIZES = {
    **{"B": 1, "H": 4, "G": 2, "P": 36, "M": 36, "E": 3, "F": 5, "A": 6},
    **{"L": 4, "D": 2, "N": 4, "S": 2, "W": 5, "Y": 3, "Z": 1},
}
SIZES_OF = {"decode": {"P": 1}}
PASSES = {"prefill": {"M": (2, 1)}, "decode": {"M": (2, 1)}}


def _softmax(scores):
    weights = np.exp(scores - scores.max())
    return weights / weights.sum()


def _compressed(x, s, b, g):
    """Blocks of L tokens, one every D, through the linear layer."""
    starts = range(0, s["M"] - s["L"] + 1, s["D"])
    keys = [np.tensordot(x["KC"][b, g, t : t + s["L"]] + x["PK"], x["EK"], 2) for t in starts]
    values = [np.tensordot(x["VC"][b, g, t : t + s["L"]] + x["PV"], x["EV"], 2) for t in starts]
    return np.array(keys), np.array(values)


def _query(x, s, b, g, row, at, compressed):
    """One group's heads of the query in this row, which is at position `at`."""
    keys, values = compressed
    heads = range(g * s["R"], (g + 1) * s["R"])
    queries = x["Q"][b, heads, row]
    complete = [c for c in range(len(keys)) if c * s["D"] + s["L"] - 1 <= at]
    outs = np.zeros((3, s["R"], s["F"]))
    importance = np.zeros(s["M"] // s["N"])
    if complete:
        attention = np.array([_softmax(keys[complete] @ q) for q in queries])
        outs[0] = attention @ values[complete]
        # a compressed block counts once for each stride of its own and of the block in common
        for c, share in zip(complete, attention.sum(0), strict=True):
            for first in range(c * s["D"], c * s["D"] + s["L"], s["D"]):
                if first < s["M"]:
                    importance[first // s["N"]] += share
    own = at // s["N"]
    free = range(1, max(own - 1, 1))
    best = sorted(free, key=lambda j: -importance[j])[: s["S"]]
    blocks = {0, own, max(own - 1, 0), *best}
    seen = [m for m in range(at + 1) if m // s["N"] in blocks]
    window = range(max(at + 1 - s["W"], 0), at + 1)
    for branch, (name, tokens) in enumerate((("S", seen), ("W", list(window))), start=1):
        k, v = x["K" + name][b, g, tokens], x["V" + name][b, g, tokens]
        outs[branch] = [_softmax(k @ q) @ v for q in queries]
    gates = 1 / (1 + np.exp(-np.einsum("a,ahy->yh", x["X0"][b, row], x["WG"][:, heads])))
    return (gates[:, :, None] * outs).sum(0)


def _attention(x, s, compressed):
    out = np.zeros((s["B"], s["H"], s["P"], s["F"]))
    for b, g in np.ndindex(s["B"], s["G"]):
        heads = slice(g * s["R"], (g + 1) * s["R"])
        for row in range(s["P"]):
            at = s["M"] - s["P"] + row
            out[b, heads, row] = _query(x, s, b, g, row, at, compressed(b, g))
    return {"AV": out}


def prefill(x, s):
    return _attention(x, s, lambda b, g: _compressed(x, s, b, g))


def decode(x, s):
    return _attention(x, s, lambda b, g: (x["CE"][b, g], x["CF"][b, g]))
