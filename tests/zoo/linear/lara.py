"""Linear randomized attention (Zheng et al. 2022, arXiv 2204.04667) - from the definition."""

import numpy as np

SIZES = {"B": 2, "H": 3, "P": 8, "M": 8, "E": 4, "F": 5, "A": 4}
PASSES = {"prefill": {"M": (3, 2)}}


def inputs(rng, shapes, sizes):
    return {name: rng.normal(scale=0.7, size=shapes[name]) for name in "QK"}


def feature(omega, x):
    """The positive random feature of x at a sample; also the density at omega of a unit normal
    around x, relative to one around 0."""
    return np.exp(omega @ x - x @ x / 2)


def one_head(q, k, v, proposals):
    """Self-normalized importance sampling with one sample a proposal, at its mean."""
    parts = np.arange(len(q)).reshape(proposals, -1)
    samples = [q[part].mean(axis=0) + k[part].mean(axis=0) for part in parts]
    fits = np.array([np.exp(q @ q[part].mean(axis=0)) for part in parts])
    fits /= fits.sum(axis=1, keepdims=True)
    out = []
    for p, query in enumerate(q):
        numerator, denominator = 0.0, 0.0
        for sample, fit in zip(samples, fits, strict=True):
            density = feature(sample, sample)
            balance = density / sum(feature(sample, other) for other in samples)
            share = max(balance + fit[p] - fits[:, p].mean(), 1e-8)
            weight = share * feature(sample, query) / density
            keys = np.array([feature(sample, key) for key in k])
            numerator = numerator + weight * (keys @ v)
            denominator = denominator + weight * keys.sum()
        out.append(numerator / denominator)
    return out


def prefill(x, s):
    out = np.zeros((s["B"], s["H"], s["P"], s["F"]))
    for b, h in np.ndindex(s["B"], s["H"]):
        out[b, h] = one_head(*(x[name][b, h] for name in "QKV"), s["A"])
    return {"AV": out}
