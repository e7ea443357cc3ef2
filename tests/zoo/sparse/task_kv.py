"""Task-KV (He et al. 2025, arXiv 2501.15113), section 4 - written from the definition."""

import numpy as np

SIZES = {"B": 2, "H": 6, "P": 23, "E": 3, "F": 5, "L": 4, "O": 3, "T": 5, "N": 2, "S": 2, "W": 3}
SIZES |= {"K": 4}
SIZES_OF = {"decode": {"P": 1, "M": 23}}
PASSES = {"decode": {"M": (2, 1)}}


def inputs(rng, shapes, sizes):
    """A mask that keeps something in every head."""
    if "KEEP" not in shapes:
        return {}
    keep = (rng.uniform(size=shapes["KEEP"]) < 0.5).astype(float)
    keep[..., -1] = 1
    return {"KEEP": keep}


def probabilities(q, k, first):
    """Rows of softmax; row i sees keys up to first + i."""
    scores = q @ k.T
    scores[np.arange(len(k))[None, :] > first + np.arange(len(q))[:, None]] = -np.inf
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True)


def smoothed(row, width):
    """Average of `width` neighbors, zeros beyond the ends."""
    padded = np.pad(row, width // 2)
    return np.array([padded[i : i + width].mean() for i in range(len(row))])


def prefill(x, s):
    out = np.zeros((s["B"], s["H"], s["P"], s["F"]))
    keep = np.zeros((s["B"], s["H"], s["M"]))
    for b in range(s["B"]):
        scores, vectors = [], []
        for h in range(s["H"]):
            q, k, v = x["Q"][b, h], x["K"][b, h], x["V"][b, h]
            out[b, h] = probabilities(q, k, 0) @ v
            last = probabilities(q[-s["L"] :], k, s["P"] - s["L"])
            score = smoothed(last.mean(axis=0), s["O"])
            best = np.argsort(-score)[: s["T"]]
            scores.append(score)
            vectors.append(score[best] @ v[best])
        distance = np.linalg.norm(vectors - np.mean(vectors, axis=0), axis=1)
        heterogeneous = set(np.argsort(-distance)[: s["N"]].tolist())
        for h in range(s["H"]):
            if h in heterogeneous:
                keep[b, h] = 1
                continue
            middle = scores[h][s["S"] : s["M"] - s["W"]]
            keep[b, h, s["S"] + np.argsort(-middle)[: s["K"]]] = 1
            keep[b, h, : s["S"]] = 1
            keep[b, h, s["M"] - s["W"] :] = 1
    return {"AV": out, "KEEP": keep}


def decode(x, s):
    out = np.zeros((s["B"], s["H"], 1, s["F"]))
    for b, h in np.ndindex(s["B"], s["H"]):
        kept = np.flatnonzero(x["KEEP"][b, h])
        row = probabilities(x["Q"][b, h], x["K"][b, h, kept], len(kept))
        out[b, h] = row @ x["V"][b, h, kept]
    return {"AV": out}
