"""cosFormer (Qin et al. 2022, arXiv 2202.08791), equations 9-13 - written from the definition."""

import numpy as np

SIZES = {"B": 2, "H": 3, "P": 7, "M": 7, "E": 4, "F": 5, "S": 2, "U": 3, "A": 4, "N": 8}
PASSES = {"prefill": {"M": (1, 1)}, "sequential": {"M": (1, 1)}}


def inputs(rng, shapes, sizes):
    """One element is positive everywhere, so that no query's sum is 0."""
    found = {name: rng.uniform(-1, 2, shapes[name]) for name in ("Q", "K") if name in shapes}
    for array in found.values():
        array[..., 0] = rng.uniform(0.5, 2, array.shape[:-1])
    return found | ({"ZP": rng.uniform(1, 2, shapes["ZP"])} if "ZP" in shapes else {})


def attention(x, s, causal):
    distance = np.arange(s["P"])[:, None] - np.arange(s["P"])[None, :]
    cosine = np.cos(np.pi / 2 * distance / s["N"])
    scores = np.einsum("bhpe,bhme->bhpm", np.maximum(x["Q"], 0), np.maximum(x["K"], 0)) * cosine
    if causal:
        scores = np.tril(scores)
    return {"AV": scores @ x["V"] / scores.sum(axis=-1, keepdims=True)}


def prefill(x, s):
    return attention(x, s, causal=False)


def causal(x, s):
    return attention(x, s, causal=True)


def decode(x, s):
    angle = np.pi / 2 * s["A"] / s["N"]
    state, total = x["SP"].copy(), x["ZP"].copy()
    query, key = np.maximum(x["Q"], 0), np.maximum(x["K"], 0)
    out, norm = 0.0, 0.0
    for number, wave in enumerate((np.cos(angle), np.sin(angle))):
        state[:, :, number] += np.einsum("bhe,bhf->bhef", wave * key, x["V"])
        total[:, :, number] += wave * key
        out = out + np.einsum("bhe,bhef->bhf", wave * query, state[:, :, number])
        norm = norm + np.einsum("bhe,bhe->bh", wave * query, total[:, :, number])
    return {"AV": out / norm[..., None], "S": state, "Z": total}
