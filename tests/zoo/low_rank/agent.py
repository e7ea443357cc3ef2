"""Agent attention (Han et al. 2023, arXiv 2312.08874), equations 4-8 - from the definition."""

import numpy as np

SIZES = {"B": 2, "H": 2, "P": 36, "M": 36, "E": 4, "F": 5, "C": 6, "U": 2, "W": 3, "R": 3, "S": 3}
PASSES = {"prefill": {"M": (2, 1), "P": (2, 2)}}


def softmax(x):
    weights = np.exp(x - x.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True)


def prefill(x, s):
    agents = s["U"] * s["W"]
    rows = s["P"] // s["C"]
    out = np.zeros((s["B"], s["H"], s["P"], s["F"]))
    for b in range(s["B"]):
        for h in range(s["H"]):
            q, k, v = (x[name][b, h] for name in "QKV")
            patches = q.reshape(s["U"], rows // s["U"], s["W"], s["C"] // s["W"], s["E"])
            agent = patches.mean(axis=(1, 3)).reshape(agents, s["E"])
            first = softmax(agent @ k.T + x["B1"][h].reshape(agents, s["M"]))
            second = softmax(q @ agent.T + x["B2"][h].reshape(s["P"], agents))
            out[b, h] = second @ (first @ v)
    return {"AV": out}


def convolution(x, s):
    rows = s["P"] // s["C"]
    image = x["V"].reshape(s["B"], s["H"], rows, s["C"], s["F"])
    padded = np.pad(image, ((0, 0), (0, 0), (1, 1), (1, 1), (0, 0)))
    conv = np.zeros_like(image)
    for r in range(3):
        for t in range(3):
            part = padded[:, :, r : r + rows, t : t + s["C"]]
            conv += x["DW"][:, None, None, :, r, t] * part
    return {"AV": prefill(x, s)["AV"] + conv.reshape(x["V"].shape)}
