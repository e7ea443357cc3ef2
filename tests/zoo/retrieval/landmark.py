"""Landmark Attention (Mohtashami and Jaggi 2023, arXiv 2305.16300), section 3 - by definition."""

import numpy as np

SIZES = {"B": 2, "H": 2, "P": 18, "M": 18, "E": 3, "F": 5, "N": 4, "K": 3, "L": 1}
SIZES_OF = {"decode": {"P": 2, "M": 20}}  # whose last token is a landmark


def grouped_softmax(scores, groups):
    """exp(v_i) over the sum of exp(v_j) of the same group; group -1 is left out."""
    weights = np.zeros(len(scores))
    for group in set(groups) - {-1}:
        members = [i for i, each in enumerate(groups) if each == group]
        weights[members] = np.exp(scores[members]) / np.exp(scores[members]).sum()
    return weights


def output(q, keys, values, blocks, landmarks, own):
    """One query over tokens with their blocks; `landmarks` says which tokens are landmarks."""
    groups = []
    for block, is_landmark in zip(blocks, landmarks, strict=True):
        if is_landmark:
            groups.append(-1 if block == own else own)
        else:
            groups.append(block)
    weights = grouped_softmax(keys @ q, groups)
    gate = {own: 1.0}
    for block, weight, is_landmark in zip(blocks, weights, landmarks, strict=True):
        if is_landmark and block != own:
            gate[block] = weight
    gates = np.array([gate[block] for block in blocks])
    return (weights * gates * ~landmarks) @ values


def training(x, s):
    out = np.zeros((s["B"], s["H"], s["P"], s["F"]))
    for b, h, p in np.ndindex(s["B"], s["H"], s["P"]):
        tokens = np.arange(p + 1)
        blocks, landmarks = tokens // s["N"], tokens % s["N"] == s["N"] - 1
        keys, values = x["K"][b, h, tokens], x["V"][b, h, tokens]
        out[b, h, p] = output(x["Q"][b, h, p], keys, values, blocks, landmarks, p // s["N"])
    return {"AV": out}


def decode(x, s):
    out = np.zeros((s["B"], s["H"], s["P"], s["F"]))
    n, own = s["N"], (s["M"] - 1) // s["N"]
    for b, h, p in np.ndindex(s["B"], s["H"], s["P"]):
        q = x["Q"][b, h, p]
        scores = np.array([x["K"][b, h, c * n + n - 1] @ q for c in range(own - s["L"])])
        far = np.argsort(-scores)[: s["K"] - s["L"]]
        chosen = {*far, *range(own - s["L"], own), own}
        tokens = np.array([m for m in range(s["M"]) if m // n in chosen])
        blocks, landmarks = tokens // n, tokens % n == n - 1
        keys, values = x["K"][b, h, tokens], x["V"][b, h, tokens]
        out[b, h, p] = output(q, keys, values, blocks, landmarks, own)
    return {"AV": out}
