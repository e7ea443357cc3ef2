"""Reformer (Kitaev et al. 2020, arXiv 2001.04451), section 2 - written from the definition."""

import numpy as np

SIZES = {"B": 1, "H": 2, "P": 24, "E": 4, "F": 5, "A": 3, "N": 4, "Z": 4}
PASSES = {"training": {"K": (2, 1)}}


def training(x, s):
    out = np.zeros((s["B"], s["H"], s["P"], s["F"]))
    for b, h in np.ndindex(s["B"], s["H"]):
        q, v = x["Q"][b, h], x["V"][b, h]
        k = q / np.linalg.norm(q, axis=1, keepdims=True) / np.sqrt(s["E"])
        outs, sums = [], []
        for projection in x["W"]:
            rotated = q @ projection
            bucket = np.argmax(np.hstack([rotated, -rotated]), axis=1)
            order = np.lexsort((np.arange(s["P"]), bucket))
            chunk = np.empty(s["P"], int)
            chunk[order] = np.arange(s["P"]) // s["N"]
            scores = q @ k.T
            np.fill_diagonal(scores, -50000)
            query, key = np.ogrid[: s["P"], : s["P"]]
            near = (chunk[query] - chunk[key] == 0) | (chunk[query] - chunk[key] == 1)
            scores[~(near & (bucket[query] == bucket[key]) & (key <= query))] = -np.inf
            largest = scores.max(1, keepdims=True)
            weights = np.exp(scores - largest)
            outs.append(weights / weights.sum(1, keepdims=True) @ v)
            sums.append(largest[:, 0] + np.log(weights.sum(1)))
        share = np.exp(sums - np.max(sums, axis=0))
        out[b, h] = np.einsum("rp,rpf->pf", share / share.sum(0), np.array(outs))
    return {"AV": out}
