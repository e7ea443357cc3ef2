"""MoBA (Lu et al. 2025, arXiv 2502.13189), section 2 - written from the definition."""

import numpy as np

SIZES = {"B": 1, "H": 4, "G": 2, "P": 24, "E": 3, "F": 5, "N": 4, "C": 3, "Y": 1}
PASSES = {"prefill": {"M": (2, 1)}}


def prefill(x, s):
    size, share = s["N"], s["H"] // s["G"]
    out = np.zeros((s["B"], s["H"], s["P"], s["F"]))
    for b, h, p in np.ndindex(s["B"], s["H"], s["P"]):
        q, k, v = x["Q"][b, h, p], x["K"][b, h // share], x["V"][b, h // share]
        own = p // size
        gates = [q @ k[j * size : (j + 1) * size].mean(0) for j in range(own)]
        blocks = [own, *np.argsort([-gate for gate in gates])[: s["C"] - 1]]
        seen = [m for m in range(p + 1) if m // size in blocks]
        weights = np.exp(k[seen] @ q)
        out[b, h, p] = weights / weights.sum() @ v[seen]
    return {"AV": out}
