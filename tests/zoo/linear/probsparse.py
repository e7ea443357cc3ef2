"""ProbSparse attention (Zhou et al. 2021, Informer, arXiv 2012.07436) - from the definition."""

import numpy as np

SIZES = {"B": 2, "H": 3, "P": 9, "M": 9, "E": 4, "F": 5, "S": 4, "U": 3}
PASSES = {"prefill": {"M": (2, 1)}}


def inputs(rng, shapes, sizes):
    return {"J": rng.integers(0, sizes["M"], shapes["J"])}


def attention(x, s, causal):
    out = np.zeros((s["B"], s["H"], s["P"], s["F"]))
    for b in range(s["B"]):
        for h in range(s["H"]):
            q, k, v = (x[name][b, h] for name in "QKV")
            peaked = []
            for p in range(s["P"]):
                sampled = k[x["J"][p].astype(int)] @ q[p]
                peaked.append(sampled.max() - sampled.sum() / s["M"])
            mean = np.broadcast_to(v.mean(axis=0), v.shape)
            out[b, h] = np.cumsum(v, axis=0) if causal else mean
            for p in np.argsort(peaked)[::-1][: s["U"]]:
                seen = p + 1 if causal else s["M"]
                weights = np.exp(k[:seen] @ q[p])
                out[b, h, p] = weights / weights.sum() @ v[:seen]
    return {"AV": out}


def prefill(x, s):
    return attention(x, s, causal=False)


def causal(x, s):
    return attention(x, s, causal=True)
