"""Quest (Tang et al. 2024, arXiv 2406.10774), section 3.3 - written from the definition."""

import numpy as np

SIZES = {"B": 2, "H": 3, "P": 20, "M": 20, "E": 3, "F": 5, "N": 4, "K": 2}
SIZES_OF = {"decode": {"P": 2}, "two_products": {"P": 2}}
PASSES = {"prefill": {"M": (2, 1)}, "decode": {"C": (1, 1), "K": (2, 1)}}


def softmax(scores):
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True)


def inputs(rng, shapes, sizes):
    """Bounds that truly are those of the keys."""
    if "KMIN" not in shapes:
        return {}
    keys = rng.standard_normal(shapes["K"])
    low, high = bounds(keys, sizes["N"])
    return {"K": keys, "KMIN": low, "KMAX": high}


def bounds(keys, page):
    starts = range(0, keys.shape[2], page)
    low = [keys[:, :, start : start + page].min(axis=2) for start in starts]
    high = [keys[:, :, start : start + page].max(axis=2) for start in starts]
    return np.stack(low, axis=2), np.stack(high, axis=2)


def decode(x, s):
    out = np.zeros((s["B"], s["H"], s["P"], s["F"]))
    for b, h, p in np.ndindex(s["B"], s["H"], s["P"]):
        q, keys = x["Q"][b, h, p], x["K"][b, h]
        upper = []
        for start in range(0, s["M"], s["N"]):
            page = keys[start : start + s["N"]]
            best = np.where(q > 0, page.max(axis=0), page.min(axis=0))
            upper.append(q @ best)
        pages = np.argsort(upper)[::-1][: s["K"]]
        tokens = [t for page in pages for t in range(page * s["N"], (page + 1) * s["N"])]
        out[b, h, p] = softmax(keys[tokens] @ q) @ x["V"][b, h][tokens]
    return {"AV": out}


def prefill(x, s):
    scores = np.einsum("bhpe,bhme->bhpm", x["Q"], x["K"])
    scores[..., np.triu(np.ones((s["P"], s["M"]), bool), 1)] = -np.inf
    low, high = bounds(x["K"], s["N"])
    return {"AV": softmax(scores) @ x["V"], "KMIN": low, "KMAX": high}
