"""Linear randomized attention (Zheng et al. 2022, arXiv 2204.04667) - from the definition."""

import numpy as np

SIZES = {"B": 2, "H": 3, "P": 8, "M": 8, "E": 4, "F": 5, "A": 4}
PASSES = {"prefill": {"M": (3, 2), "P": (2, 2)}}


def inputs(rng, shapes, sizes):
    return {name: rng.normal(scale=0.7, size=shapes[name]) for name in "QK"}


def feature(omega, x):
    """The positive random feature of x at a sample."""
    return np.exp(omega @ x - x @ x / 2)


def prefill(x, s):
    out = np.zeros((s["B"], s["H"], s["P"], s["F"]))
    size = s["P"] // s["A"]
    for b in range(s["B"]):
        for h in range(s["H"]):
            q, k, v = (x[name][b, h] for name in "QKV")
            means = [
                q[a * size : (a + 1) * size].mean(axis=0)
                + k[a * size : (a + 1) * size].mean(axis=0)
                for a in range(s["A"])
            ]
            for p in range(s["P"]):
                numerator, denominator = 0.0, 0.0
                for mean in means:
                    keys = np.array([feature(mean, key) for key in k])
                    # importance of this proposal for the query, times its estimate
                    weight = np.exp(mean @ q[p]) * feature(mean, q[p]) / feature(mean, mean)
                    numerator = numerator + weight * (keys @ v)
                    denominator = denominator + weight * keys.sum()
                out[b, h, p] = numerator / denominator
    return {"AV": out}
