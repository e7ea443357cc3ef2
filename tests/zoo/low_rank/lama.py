"""LAMA (Mehta et al. 2019, arXiv 1912.00835), section 3 - written from the definition."""

import numpy as np

SIZES = {"B": 2, "H": 3, "M": 7, "D": 5}
PASSES = {"prefill": {"M": (2, 1)}, "bounded": {"M": (1, 1)}}


def prefill(x, s):
    out = np.zeros((s["B"], s["H"], s["D"]))
    for b in range(s["B"]):
        for h in range(s["H"]):
            bilinear = np.outer(x["WP"][:, h], x["WQ"][:, h])
            scores = np.tanh([x["C"][b] @ bilinear @ state for state in x["X"][b]])
            weights = np.exp(scores) / np.exp(scores).sum()
            out[b, h] = weights @ x["X"][b]
    return {"Z": out}
