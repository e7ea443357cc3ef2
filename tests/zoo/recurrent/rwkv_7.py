"""RWKV-7, Goose (Peng et al. 2025, arXiv 2503.14456), section 4 - written from the definition."""

import numpy as np

SIZES = {"B": 2, "H": 2, "P": 11, "D": 6, "E": 3, "F": 4, "R": 2, "S": 2, "Q": 3, "T": 4}
SIZES_OF = {"decode": {"P": 2}}
PASSES = {form: {"P": (1, 1)} for form in ("sequential", "chunked")}


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def layer(x, s, before, state):
    y = np.zeros((s["B"], s["P"], s["D"]))
    state = state.copy()
    for b in range(s["B"]):
        last = before[b]
        for p in range(s["P"]):
            now = x["X"][b, p]
            mix = {name: (1 - x["M" + name]) * now + x["M" + name] * last for name in "RKVDAG"}
            for h in range(s["H"]):
                r, k, v = (mix[name] @ x["W" + name][h] for name in "RKV")
                d = np.tanh(mix["D"] @ x["AD"]) @ x["BD"][h] + x["CD"][h]
                w = np.exp(-np.exp(-0.5) * sigmoid(d))
                a = sigmoid(mix["A"] @ x["AA"] @ x["BA"][h] + x["CA"][h])
                g = sigmoid(mix["G"] @ x["AG"]) @ x["BG"][h]
                removed = k * x["XI"][h]
                removed = removed / np.sqrt(removed @ removed + 1e-12)
                key = k * (1 - x["KA"][h] + a * x["KA"][h])
                keep = np.diag(w) - np.outer(removed, a * removed)
                state[b, h] = state[b, h] @ keep + np.outer(v, key)
                o = state[b, h] @ r
                o = (o - o.mean()) / np.sqrt(o.var() + 64e-5) * x["NS"][h] + x["NB"][h]
                o = o + (r * x["RO"][h] * key).sum() * v
                y[b, p] += (g * o) @ x["WO"][h]
            last = now
    return y, state


def sequential(x, s):
    empty = np.zeros((s["B"], s["H"], s["F"], s["E"]))
    return {"Y": layer(x, s, np.zeros((s["B"], s["D"])), empty)[0]}


def decode(x, s):
    y, state = layer(x, s, x["XP"], x["SI"].swapaxes(2, 3))
    return {"Y": y, "XO": x["X"][:, -1], "SO": state.swapaxes(2, 3)}
