"""Gated DeltaNet (Yang et al. 2024, arXiv 2412.06464), section 3 - from the definition."""

import numpy as np

SIZES = {"B": 2, "H": 4, "G": 2, "P": 11, "D": 5, "E": 4, "F": 3, "I": 4, "T": 4}
SIZES_OF = {"decode": {"P": 2}}
PASSES = {form: {"P": (1, 1)} for form in ("sequential", "chunked", "chunked_ut")}


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def layer(x, s, state, before):
    """Token by token: S = S alpha (I - beta k k^T) + beta v k^T, o = S q."""
    y = np.zeros((s["B"], s["P"], s["D"]))
    state, after = state.copy(), {name: old.copy() for name, old in before.items()}
    for b, p in np.ndindex(s["B"], s["P"]):
        token = x["X"][b, p]
        seen = {}
        for name in "QKV":
            for head, weights in enumerate(x["W" + name]):
                last = np.vstack([after[name][b, head], token @ weights])
                after[name][b, head] = last[1:]
                z = np.einsum("ie,ei->e", last, x["C" + name][head])
                seen[name, head] = z * sigmoid(z)
        for h in range(s["H"]):
            shared = h * s["G"] // s["H"]
            q, k = seen["Q", shared], seen["K", shared]
            q, k = q / np.sqrt(q @ q + 1e-6), k / np.sqrt(k @ k + 1e-6)
            beta = sigmoid(token @ x["WB"][h])
            step = np.log1p(np.exp(token @ x["WA"][h] + x["DB"][h]))
            alpha = np.exp(-np.exp(x["AH"][h]) * step)
            keep = alpha * (np.eye(s["E"]) - beta * np.outer(k, k))
            state[b, h] = state[b, h] @ keep + beta * np.outer(seen["V", h], k)
            o = state[b, h] @ q
            gate = token @ x["WG"][h]
            o = o / np.sqrt((o * o).mean() + 1e-5) * gate * sigmoid(gate)
            y[b, p] += o @ x["WO"][h]
    return y, state, after


def sequential(x, s):
    wide = {"Q": (s["G"], s["E"]), "K": (s["G"], s["E"]), "V": (s["H"], s["F"])}
    before = {name: np.zeros((s["B"], n, 3, w)) for name, (n, w) in wide.items()}
    y, _, _ = layer(x, s, np.zeros((s["B"], s["H"], s["F"], s["E"])), before)
    return {"Y": y}


def decode(x, s):
    before = {name: x[name + "I"] for name in "QKV"}
    y, state, after = layer(x, s, x["SI"].swapaxes(2, 3), before)
    return {"Y": y, "SO": state.swapaxes(2, 3), **{name + "O": a for name, a in after.items()}}
