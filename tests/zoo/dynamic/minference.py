"""MInference (Jiang et al. 2024, arXiv 2407.02490), section 3.2 - written from the definition."""

import numpy as np

SIZES = {
    "B": 1,
    "H": 4,
    "G": 2,
    "P": 24,
    "E": 3,
    "F": 5,
    "N": 4,
    "U": 3,
    "C": 3,
    "D": 4,
    "S": 1,
    "W": 2,
}
SIZES_OF = {"a_shape": {"S": 2, "W": 5}, "block_sparse": {"C": 2}}
PASSES = {"block_sparse": {"M": (2, 1)}, "a_shape": {"M": (2, 1)}}


def _attend(x, keep):
    """Softmax over the kept keys of each query; keep[b, h, p, m] is true where a key is seen."""
    share = x["Q"].shape[1] // x["K"].shape[1]
    keys, values = (np.repeat(x[name], share, axis=1) for name in "KV")
    scores = np.where(keep, x["Q"] @ keys.swapaxes(-1, -2), -np.inf)
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    return {"AV": weights / weights.sum(-1, keepdims=True) @ values}


def _softmax(scores):
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    return weights / weights.sum(-1, keepdims=True)


def vertical_slash(x, s):
    q, k = x["Q"], x["K"]
    length, share = s["P"], s["H"] // s["G"]
    keep = np.zeros((s["B"], s["H"], length, length), bool)
    for b, h in np.ndindex(s["B"], s["H"]):
        scores = q[b, h, -s["U"] :] @ k[b, h // share].T
        rows = np.arange(length - s["U"], length)
        scores[rows[:, None] < np.arange(length)] = -np.inf
        attention = _softmax(scores)
        columns = attention.sum(0)
        diagonals = np.zeros(length)
        for row, query in enumerate(rows):
            for key in range(query + 1):
                diagonals[query - key] += attention[row, key]
        columns[: s["S"]] = diagonals[: s["W"]] = np.inf
        best_columns = np.argsort(-columns, kind="stable")[: s["C"]]
        best_diagonals = np.argsort(-diagonals, kind="stable")[: s["D"]]
        for start in range(0, length, s["N"]):
            block = slice(start, start + s["N"])
            keep[b, h, block, best_columns] = True
            for offset in best_diagonals:
                first, end = start - offset, start + s["N"] - offset
                keep[b, h, block, max(first, 0) : max(end, 0)] = True
    return _attend(x, keep & np.tri(length, dtype=bool))


def block_sparse(x, s):
    length, size = s["P"], s["N"]
    share, blocks = s["H"] // s["G"], length // size
    keep = np.zeros((s["B"], s["H"], length, length), bool)
    for b, h in np.ndindex(s["B"], s["H"]):
        queries = x["Q"][b, h].reshape(blocks, size, -1).mean(1)
        keys = x["K"][b, h // share].reshape(blocks, size, -1).mean(1)
        scores = np.where(np.tri(blocks, dtype=bool), queries @ keys.T, -np.inf)
        attention = _softmax(scores)
        for i in range(blocks):
            for j in np.argsort(-attention[i, : i + 1])[: s["C"]]:
                keep[b, h, i * size : (i + 1) * size, j * size : (j + 1) * size] = True
    return _attend(x, keep & np.tri(length, dtype=bool))


def a_shape(x, s):
    query, key = np.ogrid[: s["P"], : s["P"]]
    return _attend(x, (key <= query) & ((key < s["S"]) | (query - key < s["W"])))
