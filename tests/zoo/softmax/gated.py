"""Gated attention (Qiu et al. 2025, arXiv 2505.06708), section 2.2 - a head at a time."""

import numpy as np

SIZES = {"B": 2, "H": 4, "G": 2, "P": 5, "M": 5, "D": 3, "E": 3, "F": 4}
SIZES_OF = {"decode": {"P": 1, "M": 6}}
PASSES = {"prefill": {"M": (2, 1)}, "decode": {"M": (2, 1)}}


def logistic(values):
    return 1 / (1 + np.exp(-values))


def attend(x, s, values):
    """[B, H, P, F]; the queries are the last of the keys."""
    out = np.empty((s["B"], s["H"], s["P"], s["F"]))
    later = np.triu(np.full((s["P"], s["M"]), -np.inf), s["M"] - s["P"] + 1)
    for b in range(s["B"]):
        for h in range(s["H"]):
            g = h * s["G"] // s["H"]
            weights = np.exp(x["Q"][b, h] @ x["K"][b, g].T + later)
            out[b, h] = weights / weights.sum(axis=1, keepdims=True) @ values[b, g]
    return out


def prefill(x, s):
    gate = np.stack([logistic(x["X"] @ w) for w in x["WG"]], axis=1)
    return {"Y": attend(x, s, x["V"]) * gate}


decode = prefill


def headwise(x, s):
    gate = logistic(x["X"] @ x["WG"].T).transpose(0, 2, 1)
    return {"Y": attend(x, s, x["V"]) * gate[..., None]}


def value_gate(x, s):
    gate = np.stack([logistic(x["X"] @ w) for w in x["WG"]], axis=1)
    return {"Y": attend(x, s, x["V"] * gate)}
