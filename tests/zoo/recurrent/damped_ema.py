"""Mega's moving average (Ma et al. 2022, arXiv 2209.10655), section 3.1 - from the definition."""

import numpy as np

SIZES = {"B": 2, "P": 9, "D": 3, "N": 4}
SIZES_OF = {"decode": {"P": 2}}
PASSES = {"sequential": {"P": (1, 1)}, "convolution": {"P": (1, 1)}}


def inputs(rng, shapes, sizes):
    return {name: rng.uniform(0, 1, shapes[name]) for name in ("AL", "DE")}


def average(x, s, state):
    y = np.zeros_like(x["X"])
    for p in range(s["P"]):
        u = x["BE"] * x["X"][:, p, :, None]
        state = x["AL"] * u + (1 - x["AL"] * x["DE"]) * state
        y[:, p] = (x["ET"] * state).sum(-1)
    return y, state


def sequential(x, s):
    return {"Y": average(x, s, np.zeros((s["B"], s["D"], s["N"])))[0]}


def decode(x, s):
    y, state = average(x, s, x["SI"])
    return {"Y": y, "SO": state}
