"""SpecPC (Galim et al. 2025, arXiv 2506.08373) - written from the definition."""

import numpy as np

SIZES = {"B": 2, "L": 2, "A": 4, "X": 2, "D": 3, "H": 4, "G": 2, "N": 31, "E": 3, "F": 5, "W": 4}
SIZES |= {"O": 4, "C": 13}
SIZES_OF = {"decode": {"P": 2, "Y": 3}}
PASSES = {"prefill": {"M": (2, 1)}, "decode": {"M": (2, 1)}}


def inputs(rng, shapes, sizes):
    return {"WT": np.linspace(0.5, 1, sizes["W"])}


def softmax(scores):
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True)


def causal(q, k, v):
    """The last queries of a sequence over all of its keys."""
    scores = q @ k.T
    scores[~np.tri(len(q), len(k), len(k) - len(q), dtype=bool)] = -np.inf
    return softmax(scores) @ v


def prefill(x, s):
    out = np.zeros((s["B"], s["H"], s["C"], s["F"]))
    places = np.zeros((s["B"], s["C"]))
    for b in range(s["B"]):
        best = np.full(s["N"], -np.inf)
        for layer, a in np.ndindex(s["L"], s["A"]):
            keys = x["KD"][layer, b, a // (s["A"] // s["X"])]
            rows = causal(x["QD"][layer, b, a], keys, np.eye(s["N"]))
            score = np.pad(x["WT"] @ rows, s["O"] // 2)
            smooth = [score[n : n + s["O"]].mean() for n in range(s["N"])]
            best = np.maximum(best, smooth)
        kept = np.sort(np.argsort(-best)[: s["C"]])
        places[b] = kept
        for h in range(s["H"]):
            g = h // (s["H"] // s["G"])
            out[b, h] = causal(x["Q"][b, h, kept], x["K"][b, g, kept], x["V"][b, g, kept])
    return {"AV": out, "POS": places}


def decode(x, s):
    out = np.zeros((s["B"], s["H"], s["P"], s["F"]))
    for b, h in np.ndindex(s["B"], s["H"]):
        g = h // (s["H"] // s["G"])
        out[b, h] = causal(x["Q"][b, h], x["K"][b, g], x["V"][b, g])
    return {"AV": out}
