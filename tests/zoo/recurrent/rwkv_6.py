"""RWKV-6, Finch (Peng et al. 2024, arXiv 2404.05892), section 4 - written from the definition."""

import numpy as np

SIZES = {"B": 2, "H": 2, "P": 7, "D": 6, "E": 3, "F": 4, "R": 2, "S": 2, "T": 3}
SIZES_OF = {"decode": {"P": 2}}
PASSES = {form: {"P": (1, 1)} for form in ("sequential", "chunked")}


def ddlerp(x, name, now, before):
    """A mix of two tokens whose shares depend on both."""
    both = now + (before - now) * x["MX"]
    share = x["M" + name] + np.tanh(both @ x[f"A{name}W"]) @ x[f"B{name}W"]
    return now + (before - now) * share


def layer(x, s, before, state):
    y = np.zeros((s["B"], s["P"], s["D"]))
    state = state.copy()
    for b in range(s["B"]):
        last = before[b]
        for p in range(s["P"]):
            now = x["X"][b, p]
            r, k, v, g, w = (ddlerp(x, name, now, last) for name in "RKVGW")
            low = np.tanh(w @ x["DA"])
            for h in range(s["H"]):
                decay = np.exp(-np.exp(low @ x["DU"][h] + x["WD"][h]))
                key, value, gate = k @ x["WK"][h], v @ x["WV"][h], g @ x["WG"][h]
                wkv = state[b, h] + np.diag(x["UB"][h]) @ np.outer(key, value)
                o = r @ x["WR"][h] @ wkv
                o = (o - o.mean()) / np.sqrt(o.var() + 64e-5) * x["NS"][h] + x["NB"][h]
                y[b, p] += (gate / (1 + np.exp(-gate)) * o) @ x["WO"][h]
                state[b, h] = np.diag(decay) @ state[b, h] + np.outer(key, value)
            last = now
    return y, state


def sequential(x, s):
    empty = np.zeros((s["B"], s["H"], s["E"], s["F"]))
    return {"Y": layer(x, s, np.zeros((s["B"], s["D"])), empty)[0]}


def decode(x, s):
    y, state = layer(x, s, x["XI"], x["SI"])
    return {"Y": y, "XO": x["X"][:, -1], "SO": state}
