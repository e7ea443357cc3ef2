"""Pooling attention (Tang and Yang 2024, arXiv 2409.02727; Lee et al. 2024, arXiv 2405.17428)."""

from math import erf

import numpy as np

SIZES = {"B": 2, "H": 2, "M": 7, "D": 5, "E": 3, "F": 4, "R": 3, "A": 6, "L": 4, "U": 8}
PASSES = {"prefill": {"M": (2, 1)}, "latent": {"M": (1, 1)}}


def softmax(x):
    weights = np.exp(x - x.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True)


def pooled(states, x, s):
    """States of one text to its embedding."""
    out = np.zeros(s["A"])
    for h in range(s["H"]):
        weights = softmax(x["QL"][h] @ (states @ x["WK"][h]).T)
        heads = (weights @ (states @ x["WV"][h])).mean(axis=0)
        out += heads @ x["W1"][h]
    return out


def prefill(x, s):
    return {"Z": np.array([pooled(states, x, s) for states in x["X"]])}


def layers(x, s):
    return {"Z": np.array([pooled(states + x["WL"], x, s) for states in x["XL"]])}


def latent(x, s):
    out = []
    for states in x["X"]:
        mixed = np.zeros((s["M"], s["D"]))
        for h in range(s["H"]):
            weights = softmax(states @ x["WQ"][h] @ (x["XR"] @ x["WK"][h]).T)
            mixed += weights @ (x["XR"] @ x["WV"][h]) @ x["WO"][h]
        hidden = mixed @ x["WU"]
        hidden = hidden * (1 + np.vectorize(erf)(hidden / np.sqrt(2))) / 2
        out.append((hidden @ x["WD"]).mean(axis=0))
    return {"Z": np.array(out)}
