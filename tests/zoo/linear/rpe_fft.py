"""Kernel attention with relative positions (Luo et al. 2021, arXiv 2106.12566) - the definition."""

import numpy as np

SIZES = {"B": 2, "H": 2, "P": 6, "M": 6, "E": 4, "F": 5, "R": 3, "W": 13, "Y": 13}


def inputs(rng, shapes, sizes):
    return {"FK": rng.uniform(1, 2, shapes["FK"])} if "FK" in shapes else {}


def feature(x, w):
    x = x / np.linalg.norm(x)
    return np.array([np.exp(row @ x - x @ x / 2) for row in w]) / np.sqrt(len(w))


def attention(x, s, causal):
    out = np.zeros((s["B"], s["H"], s["P"], s["F"]))
    for b in range(s["B"]):
        for h in range(s["H"]):
            for p in range(s["P"]):
                query = feature(x["Q"][b, h, p], x["WR"])
                weights = [
                    np.exp(x["BI"][h, (p - m) % s["W"]]) * (query @ feature(key, x["WR"]))
                    for m, key in enumerate(x["K"][b, h, : p + 1 if causal else None])
                ]
                out[b, h, p] = np.array(weights) / sum(weights) @ x["V"][b, h, : len(weights)]
    return {"AV": out}


def prefill(x, s):
    return attention(x, s, causal=False)


def causal(x, s):
    return attention(x, s, causal=True)


def decode(x, s):
    out = np.zeros((s["B"], s["H"], s["F"]))
    for b in range(s["B"]):
        for h in range(s["H"]):
            scores = x["FK"][b, h] @ feature(x["Q"][b, h], x["WR"])
            weights = np.exp(x["BI"][h, : s["M"]][::-1]) * scores
            out[b, h] = weights @ x["V"][b, h] / weights.sum()
    return {"AV": out}
