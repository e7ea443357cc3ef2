"""RetrievalAttention (Liu et al. 2024, arXiv 2409.10516), sections 3 and 4 - by definition."""

import numpy as np

SIZES = {
    **{"B": 2, "H": 4, "G": 2, "P": 15, "M": 15, "E": 3, "F": 5},
    **{"S": 2, "W": 3, "C": 7, "K": 4},
}
SIZES_OF = {"decode": {"P": 2}}
PASSES = {"prefill": {"M": (2, 1)}, "decode": {"M": (2, 1), "C": (1, 1), "K": (2, 1)}}


def inputs(rng, shapes, sizes):
    """Distinct tokens outside the window, in the order of the walk."""
    if "X" not in shapes:
        return {}
    outside = np.arange(sizes["S"], sizes["M"] - sizes["W"])
    rows = [rng.permutation(outside)[: sizes["C"]] for _ in np.ndindex(*shapes["X"][:-1])]
    return {"X": np.array(rows).reshape(shapes["X"])}


def softmax(scores):
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True)


def decode(x, s):
    """One softmax over the window and the nearest of the scanned keys."""
    out = np.zeros((s["B"], s["H"], s["P"], s["F"]))
    share = s["H"] // s["G"]
    window = [*range(s["S"]), *range(s["M"] - s["W"], s["M"])]
    for b, h, p in np.ndindex(s["B"], s["H"], s["P"]):
        keys, values, q = x["K"][b, h // share], x["V"][b, h // share], x["Q"][b, h, p]
        scanned = x["X"][b, h, p].astype(int)
        nearest = scanned[np.argsort(-(keys[scanned] @ q))[: s["K"]]]
        tokens = [*window, *nearest]
        out[b, h, p] = softmax(keys[tokens] @ q) @ values[tokens]
    return {"AV": out}


def prefill(x, s):
    keys = np.repeat(x["K"], s["H"] // s["G"], axis=1)
    values = np.repeat(x["V"], s["H"] // s["G"], axis=1)
    scores = np.einsum("bhpe,bhme->bhpm", x["Q"], keys)
    nearest = np.argsort(-scores, axis=-1)[..., : s["K"]]
    scores[..., np.triu(np.ones((s["P"], s["M"]), bool), 1)] = -np.inf
    return {"AV": softmax(scores) @ values, "I": nearest}
