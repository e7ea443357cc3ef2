"""LongVQ (Liu et al. 2024, arXiv 2404.11163), attention to codes - written from the definition."""

import numpy as np

SIZES = {"B": 2, "H": 3, "P": 9, "M": 9, "E": 4, "F": 5, "S": 6}
PASSES = {"prefill": {"M": (1, 1)}, "lookup": {"M": (2, 1)}}


def inputs(rng, shapes, sizes):
    return {"NP": rng.integers(1, 5, shapes["NP"])} if "NP" in shapes else {}


def nearest(key, codes):
    return int(np.argmin(((codes - key) ** 2).sum(axis=-1)))


def prefill(x, s):
    out = np.zeros((s["B"], s["H"], s["P"], s["F"]))
    for b in range(s["B"]):
        for h in range(s["H"]):
            codes = x["CB"][h]
            keys = np.array([codes[nearest(key, codes)] for key in x["K"][b, h]])
            weights = np.exp(x["Q"][b, h] @ keys.T)
            out[b, h] = weights / weights.sum(axis=-1, keepdims=True) @ x["V"][b, h]
    return {"AV": out}


def decode(x, s):
    count, held = x["NP"].astype(float), x["VP"].copy()
    out = np.zeros((s["B"], s["H"], s["F"]))
    for b in range(s["B"]):
        for h in range(s["H"]):
            code = nearest(x["K"][b, h], x["CB"][h])
            count[b, h, code] += 1
            held[b, h, code] += x["V"][b, h]
            weights = np.exp(x["CB"][h] @ x["Q"][b, h])
            out[b, h] = weights @ held[b, h] / (weights @ count[b, h])
    return {"AV": out, "N": count, "VS": held}
