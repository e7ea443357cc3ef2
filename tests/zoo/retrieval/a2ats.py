"""A2ATS (He et al. 2025, arXiv 2502.12665), sections 3.1 to 3.3 - written from the definition."""

import numpy as np

SIZES = {
    **{"B": 2, "G": 2, "R": 2, "P": 14, "M": 14, "U": 2, "J": 2, "F": 5},
    **{"W": 3, "D": 5, "C": 6, "S": 2, "K": 4},
}
SIZES_OF = {"decode": {"P": 2}}


def inputs(rng, shapes, sizes):
    """Codes, angles, and a lower triangular factor."""
    found = {"TH": 1.0 / 10.0 ** np.linspace(0, 1, *shapes["TH"])}
    if "Z" in shapes:
        found["Z"] = rng.integers(0, sizes["C"], shapes["Z"])
    if "LW" in shapes:
        size = shapes["LW"][-1]
        found["LW"] = np.tril(rng.standard_normal((sizes["G"], size, size))).reshape(shapes["LW"])
    return found


def softmax(scores):
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True)


def rotation(position, angles):
    """The rotary matrix of a position; dimension i turns together with dimension i + E/2."""
    half = len(angles)
    matrix = np.zeros((2 * half, 2 * half))
    for i, angle in enumerate(angles):
        c, s = np.cos(position * angle), np.sin(position * angle)
        matrix[i, i], matrix[i, i + half] = c, -s
        matrix[i + half, i], matrix[i + half, i + half] = s, c
    return matrix


def score(q, key, distance, x, s):
    """Rotary score at this distance, which from W on counts as D."""
    turn = rotation(distance if distance < s["W"] else s["D"], x["TH"])
    return (turn @ q) @ key


def attend(q, b, g, position, tokens, x, s):
    keys, values = x["K"][b, g], x["V"][b, g]
    scores = np.array([score(q, keys[m], position - m, x, s) for m in tokens])
    return softmax(scores) @ values[tokens]


def joined(x, s):
    """Queries, keys, codes and factor with their two halves one after the other."""
    size = s["U"] * s["J"]
    whole = {name: x[name].reshape(*x[name].shape[:-2], size) for name in ("Q", "K", "CB")}
    if "LW" in x:
        whole["LW"] = x["LW"].reshape(-1, size, size)
    return {**x, **whole}


def decode(x, s):
    x = joined(x, s)
    out = np.zeros((s["B"], s["G"], s["R"], s["P"], s["F"]))
    middle = np.arange(s["S"], s["M"] - s["W"])
    for b, g, p in np.ndindex(s["B"], s["G"], s["P"]):
        group = x["Q"][b, g, :, p]
        codes = x["Z"][b, g, middle].astype(int)
        estimate = np.zeros(len(middle))
        for q in group:
            estimate += [score(q, x["CB"][g, z], s["W"], x, s) for z in codes]
        best = middle[np.argsort(-estimate, kind="stable")[: s["K"]]]
        tokens = [*range(s["S"]), *best, *range(s["M"] - s["W"], s["M"])]
        for r, q in enumerate(group):
            out[b, g, r, p] = attend(q, b, g, s["M"] - 1, tokens, x, s)
    return {"AV": out}


def prefill(x, s):
    x = joined(x, s)
    out = np.zeros((s["B"], s["G"], s["R"], s["P"], s["F"]))
    codes = np.zeros((s["B"], s["G"], s["M"]))
    for b, g in np.ndindex(s["B"], s["G"]):
        moment = x["LW"][g] @ x["LW"][g].T
        for m in range(s["M"]):
            apart = x["K"][b, g, m] - x["CB"][g]
            codes[b, g, m] = np.argmin(np.einsum("ce,ed,cd->c", apart, moment, apart))
        for r, p in np.ndindex(s["R"], s["P"]):
            out[b, g, r, p] = attend(x["Q"][b, g, r, p], b, g, p, [*range(p + 1)], x, s)
    return {"AV": out, "Z": codes}
