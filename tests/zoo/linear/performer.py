"""FAVOR+ (Choromanski et al. 2021, arXiv 2009.14794), equation 5 - written from the definition."""

import numpy as np

SIZES = {"B": 2, "H": 3, "P": 7, "M": 7, "E": 4, "F": 5, "R": 7, "U": 3}
PASSES = {"prefill": {"M": (1, 1)}, "sequential": {"M": (1, 1)}}


def inputs(rng, shapes, sizes):
    return {"ZP": rng.uniform(1, 2, shapes["ZP"])} if "ZP" in shapes else {}


def feature(x, w):
    """The R features of one vector."""
    return np.array([np.exp(row @ x - x @ x / 2) for row in w]) / np.sqrt(len(w))


def attention(x, s, causal):
    out = np.zeros((s["B"], s["H"], s["P"], s["F"]))
    for b in range(s["B"]):
        for h in range(s["H"]):
            keys = [feature(key, x["W"]) for key in x["K"][b, h]]
            for p in range(s["P"]):
                query = feature(x["Q"][b, h, p], x["W"])
                seen = p + 1 if causal else s["P"]
                weights = np.array([query @ key for key in keys[:seen]])
                out[b, h, p] = weights / weights.sum() @ x["V"][b, h, :seen]
    return {"AV": out}


def prefill(x, s):
    return attention(x, s, causal=False)


def causal(x, s):
    return attention(x, s, causal=True)


def decode(x, s):
    # The state is kept in features without 1/sqrt(R).
    scale = np.sqrt(s["R"])
    out = np.zeros((s["B"], s["H"], s["F"]))
    state, total = x["SP"].copy(), x["ZP"].copy()
    for b in range(s["B"]):
        for h in range(s["H"]):
            key = scale * feature(x["K"][b, h], x["W"])
            query = feature(x["Q"][b, h], x["W"])
            state[b, h] += np.outer(key, x["V"][b, h])
            total[b, h] += key
            out[b, h] = query @ state[b, h] / (query @ total[b, h])
    return {"AV": out, "S": state, "Z": total}
