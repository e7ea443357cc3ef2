"""Mamba-2 (Dao and Gu 2024, arXiv 2405.21060), sections 5 to 7 - written from the definition."""

import numpy as np

SIZES = {"B": 2, "H": 4, "G": 2, "P": 11, "D": 3, "N": 4, "F": 5, "I": 4, "T": 4}
SIZES_OF = {"decode": {"P": 2}}
PASSES = {form: {"P": (1, 1)} for form in ("sequential", "quadratic", "chunked")}


def silu(z):
    return z / (1 + np.exp(-z))


def block(x, s, state, before):
    """Token by token: h = exp(dt A) h + dt B x^T, y = C^T h + D x."""
    y = np.zeros((s["B"], s["P"], s["D"]))
    state, after = state.copy(), {name: old.copy() for name, old in before.items()}
    for b, p in np.ndindex(s["B"], s["P"]):
        token = x["X"][b, p]
        now = {}
        for name in "XBC":
            seen = np.concatenate([after[name][b], (token @ x["W" + name])[:, None]], 1)
            after[name][b] = seen[:, 1:]
            now[name] = silu(np.einsum("hlv,hvl->hv", seen, x["V" + name]) + x["D" + name])
        dt = np.log1p(np.exp(x["WT"] @ token + x["BT"]))
        out = np.zeros((s["H"], s["F"]))
        for h in range(s["H"]):
            g = h * s["G"] // s["H"]
            decay = np.exp(-dt[h] * np.exp(x["AG"][h]))
            state[b, h] = decay * state[b, h] + np.outer(now["B"][g], dt[h] * now["X"][h])
            out[h] = now["C"][g] @ state[b, h] + x["DS"][h] * now["X"][h]
        out = out * silu(token @ x["WZ"])
        out = out / np.sqrt((out * out).mean() + 1e-5)
        y[b, p] = np.einsum("hf,hfd->d", out, x["WO"])
    return y, state, after


def sequential(x, s):
    wide = {"X": (s["H"], 3, s["F"]), "B": (s["G"], 3, s["N"]), "C": (s["G"], 3, s["N"])}
    before = {name: np.zeros((s["B"], *shape)) for name, shape in wide.items()}
    return {"Y": block(x, s, np.zeros((s["B"], s["H"], s["N"], s["F"])), before)[0]}


def decode(x, s):
    before = {name: x[name + "I"] for name in "XBC"}
    y, state, after = block(x, s, x["SI"], before)
    return {"Y": y, "SO": state, **{name + "O": a for name, a in after.items()}}
