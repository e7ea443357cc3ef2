"""DeltaNet (Yang et al. 2024, arXiv 2406.06484), sections 2 and 3 - from the definition."""

import numpy as np

SIZES = {"B": 2, "H": 2, "P": 11, "D": 5, "E": 4, "F": 3, "I": 4, "T": 4}
SIZES_OF = {"decode": {"P": 2}}
PASSES = {form: {"P": (1, 1)} for form in ("sequential", "chunked", "chunked_ut")}


def silu(z):
    return z / (1 + np.exp(-z))


def layer(x, s, state, before):
    """Token by token: S = S (I - beta k k^T) + beta v k^T with S from keys to values, o = S q."""
    y = np.zeros((s["B"], s["P"], s["D"]))
    state = state.copy()
    after = {name: old.copy() for name, old in before.items()}
    for b, p, h in np.ndindex(s["B"], s["P"], s["H"]):
        token = x["X"][b, p]
        seen = {}
        for name in "QKV":
            last = np.vstack([after[name][b, h], token @ x["W" + name][h]])
            after[name][b, h] = last[1:]
            seen[name] = silu((last * x["C" + name][h].T).sum(0))
        q = seen["Q"] / np.sqrt(seen["Q"] @ seen["Q"] + 1e-6)
        k = seen["K"] / np.sqrt(seen["K"] @ seen["K"] + 1e-6)
        beta = 1 / (1 + np.exp(-token @ x["WB"][h]))
        keep = np.eye(s["E"]) - beta * np.outer(k, k)
        state[b, h] = state[b, h] @ keep + beta * np.outer(seen["V"], k)
        o = state[b, h] @ q
        y[b, p] += o / np.sqrt((o * o).mean() + 1e-5) @ x["WO"][h]
    return y, state, after


def sequential(x, s):
    wide = {"Q": s["E"], "K": s["E"], "V": s["F"]}
    before = {name: np.zeros((s["B"], s["H"], 3, w)) for name, w in wide.items()}
    y, _, _ = layer(x, s, np.zeros((s["B"], s["H"], s["F"], s["E"])), before)
    return {"Y": y}


def decode(x, s):
    before = {name: x[name + "I"] for name in "QKV"}
    y, state, after = layer(x, s, x["SI"].swapaxes(2, 3), before)
    return {"Y": y, "SO": state.swapaxes(2, 3), **{name + "O": a for name, a in after.items()}}
