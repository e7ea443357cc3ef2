"""Attention calibration, ACT (Yu et al. 2024, arXiv 2406.15765), section 4 - on whole matrices."""

import numpy as np

SIZES = {"B": 2, "H": 3, "P": 7, "M": 7, "E": 3, "F": 4}
PASSES = {"prefill": {"P": (2, 2)}}


def inputs(rng, shapes, sizes):
    """One head is left alone; the threshold is low enough for some keys to be above it."""
    heads = shapes["HC"][0]
    return {
        "HC": (np.arange(heads) != 1).astype(float),
        "AL": np.full(heads, 1.1),
        "BE": rng.uniform(0.3, 0.6, heads),
    }


def prefill(x, s):
    out = np.empty((s["B"], s["H"], s["P"], s["F"]))
    for b in range(s["B"]):
        for h in range(s["H"]):
            weights = np.tril(np.exp(x["Q"][b, h] @ x["K"][b, h].T))
            weights /= weights.sum(axis=1, keepdims=True)
            if x["HC"][h]:
                weights = calibrated(weights, x["AL"][h], x["BE"][h])
            assert np.allclose(weights.sum(axis=1), 1)
            out[b, h] = weights @ x["V"][b, h]
    return {"AV": out}


def calibrated(weights, threshold, factor):
    sinks = np.flatnonzero(weights.mean(axis=0) > threshold / weights.shape[1])
    sinks = sinks[sinks != 0]
    others = np.setdiff1d(np.arange(weights.shape[1]), sinks)
    new = weights.copy()
    new[:, sinks] *= factor
    surplus = (weights - new).sum(axis=1, keepdims=True)
    share = weights[:, others] / weights[:, others].sum(axis=1, keepdims=True)
    new[:, others] += surplus * share
    return new
