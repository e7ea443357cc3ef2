"""RG-LRU (De et al. 2024, Griffin, arXiv 2402.19427), section 2 - from the definition."""

from math import erf

import numpy as np

SIZES = {"B": 2, "P": 8, "D": 5, "H": 2, "E": 3, "I": 4, "T": 3}
SIZES_OF = {"decode": {"P": 2}}
PASSES = {form: {"P": (1, 1)} for form in ("sequential", "chunked")}


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def blocks(weights):
    """The blocks of gates as one matrix."""
    number, rows, columns = weights.shape
    whole = np.zeros((number * rows, number * columns))
    for i, block in enumerate(weights):
        whole[i * rows : (i + 1) * rows, i * columns : (i + 1) * columns] = block
    return whole


def block(x, s, state, before):
    y = np.zeros((s["B"], s["P"], s["D"]))
    for p in range(s["P"]):
        token = x["X"][:, p]
        seen = np.concatenate([before, (token @ x["WX"])[:, None]], 1)
        before = seen[:, 1:]
        u = np.einsum("bij,ji->bj", seen, x["CW"]) + x["CB"]
        r = sigmoid(u @ blocks(x["WR"]) + x["RB"])
        i = sigmoid(u @ blocks(x["WI"]) + x["IB"])
        a = sigmoid(-x["LA"]) ** (8 * r)
        state = a * state + np.sqrt(1 - a * a) * (i * u)
        z = token @ x["WZ"] + x["ZB"]
        y[:, p] = (state * z * (1 + np.vectorize(erf)(z / np.sqrt(2))) / 2) @ x["WO"]
    return y, state, before


def sequential(x, s):
    return {"Y": block(x, s, np.zeros((s["B"], s["J"])), np.zeros((s["B"], 3, s["J"])))[0]}


def decode(x, s):
    y, state, before = block(x, s, x["SI"], x["XI"])
    return {"Y": y, "SO": state, "XO": before}
