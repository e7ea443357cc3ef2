"""Linear attention (Katharopoulos et al. 2020, arXiv 2006.16236) - written from the definition."""

import numpy as np

SIZES = {"B": 2, "H": 3, "P": 7, "M": 7, "E": 4, "F": 5, "U": 3}
PASSES = {"prefill": {"M": (1, 1)}, "sequential": {"M": (1, 1)}}


def feature(x):
    return np.where(x > 0, x + 1.0, np.exp(x))


def attention(x, causal):
    weights = np.einsum("bhpe,bhme->bhpm", feature(x["Q"]), feature(x["K"]))
    if causal:
        weights = np.tril(weights)
    weights = weights / weights.sum(axis=-1, keepdims=True)
    return {"AV": weights @ x["V"]}


def prefill(x, s):
    return attention(x, causal=False)


def causal(x, s):
    return attention(x, causal=True)


def inputs(rng, shapes, sizes):
    positive = {name: rng.uniform(1, 2, shapes[name]) for name in ("ZP",) if name in shapes}
    return {**positive}


def decode(x, s):
    batch, heads = s["B"], s["H"]
    out = np.zeros((batch, heads, s["F"]))
    state, total = x["SP"].copy(), x["ZP"].copy()
    for b in range(batch):
        for h in range(heads):
            key, query = feature(x["K"][b, h]), feature(x["Q"][b, h])
            state[b, h] += np.outer(key, x["V"][b, h])
            total[b, h] += key
            out[b, h] = query @ state[b, h] / (query @ total[b, h])
    return {"AV": out, "S": state, "Z": total}
