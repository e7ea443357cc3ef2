"""S4D (Gu et al. 2022, arXiv 2206.11893), section 3 - from the definition, with complex numbers."""

from math import erf

import numpy as np

SIZES = {"B": 2, "P": 9, "D": 3, "O": 3, "N": 4}
SIZES_OF = {"decode": {"P": 2}}
PASSES = {"recurrent": {"P": (1, 1)}, "convolution": {"P": (1, 1)}, "fft": {"P": (2, 2)}}


def inputs(rng, shapes, sizes):
    frequency = np.pi * np.arange(sizes["N"]) * np.ones((sizes["D"], 1))
    return {"AM": frequency, "LD": np.log(rng.uniform(0.01, 0.3, shapes["LD"]))}


def layer(x, s, state):
    """x' = A x + B u with B = 1, held constant within a step; y = 2 Re(C x) + D u."""
    a = -np.exp(x["AG"]) + 1j * x["AM"]
    step = np.exp(a * np.exp(x["LD"])[:, None])
    enters = (step - 1) / a
    c = x["CR"] + 1j * x["CI"]
    out = np.zeros((s["B"], s["P"], s["D"]))
    for p in range(s["P"]):
        u = x["X"][:, p]
        state = step * state + enters * u[:, :, None]
        out[:, p] = 2 * (c * state).sum(-1).real + x["DS"] * u
    out = out * (1 + np.vectorize(erf)(out / np.sqrt(2))) / 2
    gate = 1 / (1 + np.exp(-(out @ x["WB"] + x["OB"])))
    return (out @ x["WA"] + x["OA"]) * gate, state


def recurrent(x, s):
    return {"Y": layer(x, s, np.zeros((s["B"], s["D"], s["N"]), complex))[0]}


def decode(x, s):
    y, state = layer(x, s, x["SRI"] + 1j * x["SII"])
    return {"Y": y, "SRO": state.real, "SIO": state.imag}
