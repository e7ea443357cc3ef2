"""Mamba (Gu and Dao 2023, arXiv 2312.00752), algorithm 2 and section 3.4 - from the definition."""

import numpy as np

SIZES = {"B": 2, "P": 7, "D": 3, "J": 5, "N": 4, "R": 2, "I": 4, "T": 3, "L": 3}
SIZES_OF = {"decode": {"P": 2}}
PASSES = {form: {"P": (1, 1)} for form in ("sequential", "chunked")}


def silu(z):
    return z / (1 + np.exp(-z))


def softplus(z):
    return np.log1p(np.exp(z))


def block(x, s, state, before):
    """Token by token: h = exp(delta A) h + delta B x, y = C h + D x."""
    y = np.zeros((s["B"], s["P"], s["D"]))
    state, before = state.copy(), before.copy()
    a = -np.exp(x["AG"])
    for b in range(s["B"]):
        for p in range(s["P"]):
            token = x["X"][b, p]
            seen = np.vstack([before[b], token @ x["WX"]])
            before[b] = seen[1:]
            u = silu((seen.T * x["CW"]).sum(1) + x["CB"])
            delta = softplus(u @ x["WR"] @ x["WD"] + x["BD"])
            enters = np.outer(delta * u, u @ x["WB"])
            state[b] = np.exp(delta[:, None] * a) * state[b] + enters
            out = state[b] @ (u @ x["WC"]) + x["DS"] * u
            y[b, p] = (out * silu(token @ x["WZ"])) @ x["WO"]
    return y, state, before


def sequential(x, s):
    empty = np.zeros((s["B"], s["J"], s["N"]))
    return {"Y": block(x, s, empty, np.zeros((s["B"], 3, s["J"])))[0]}


def decode(x, s):
    y, state, before = block(x, s, x["SI"], x["XI"])
    return {"Y": y, "SO": state, "XO": before}
