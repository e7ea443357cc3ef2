"""GLA (Yang et al. 2023, arXiv 2312.06635), section 4 - written from the definition."""

import numpy as np

SIZES = {"B": 2, "H": 2, "P": 11, "D": 6, "E": 3, "F": 4, "R": 2, "N": 2, "T": 3}
SIZES_OF = {"decode": {"P": 2}}
PASSES = {form: {"P": (1, 1)} for form in ("sequential", "parallel", "chunked", "two_level")}


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def layer(x, s, state):
    """Token by token: S = diag(alpha) S + k v^T, o = S^T q; then LN, Swish gate and WO."""
    y = np.zeros((s["B"], s["P"], s["D"]))
    state = state.copy()
    for b in range(s["B"]):
        for p in range(s["P"]):
            token = x["X"][b, p]
            for h in range(s["H"]):
                q, k, v = (token @ x[w][h] for w in ("WQ", "WK", "WV"))
                alpha = sigmoid(token @ x["WA1"] @ x["WA2"][h] + x["BA"][h]) ** (1 / 16)
                state[b, h] = np.diag(alpha) @ state[b, h] + np.outer(k, v)
                o = q @ state[b, h]
                o = (o - o.mean()) / np.sqrt(o.var() + 1e-5)
                gate = token @ x["WR"][h] + x["BR"][h]
                y[b, p] += (gate * sigmoid(gate) * o) @ x["WO"][h]
    return y, state


def sequential(x, s):
    y, _ = layer(x, s, np.zeros((s["B"], s["H"], s["E"], s["F"])))
    return {"Y": y}


def decode(x, s):
    y, state = layer(x, s, x["SI"])
    return {"Y": y, "SO": state}
