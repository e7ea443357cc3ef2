"""Lightning Attention-1 (Qin et al. 2023, arXiv 2307.14995) - written from the definition."""

import numpy as np

SIZES = {"B": 2, "H": 3, "P": 7, "M": 7, "E": 4, "F": 5, "D": 6, "M0": 3}
PASSES = {"prefill": {"M": (1, 1)}, "tiled": {"M": (1, 1)}}


def inputs(rng, shapes, sizes):
    return {"LAM": rng.uniform(0.8, 1.0, shapes["LAM"])}


def recurrent(q, k, v, decay):
    """One head's outputs, token by token."""
    state = np.zeros((q.shape[-1], v.shape[-1]))
    outputs = []
    for query, key, value in zip(q, k, v, strict=True):
        state = decay * state + np.outer(key, value)
        outputs.append(query @ state)
    return np.array(outputs)


def prefill(x, s):
    heads = [
        [recurrent(x["Q"][b, h], x["K"][b, h], x["V"][b, h], x["LAM"][h]) for h in range(s["H"])]
        for b in range(s["B"])
    ]
    return {"AV": np.array(heads)}


def silu(x):
    return x / (1 + np.exp(-x))


def layer(x, s):
    out = np.zeros((s["B"], s["P"], s["D"]))
    for b in range(s["B"]):
        for h in range(s["H"]):
            tokens = x["X"][b]
            query, key = silu(tokens @ x["WQ"][h]), silu(tokens @ x["WK"][h])
            o = recurrent(query, key, tokens @ x["WV"][h], x["LAM"][h])
            norm = o / (np.linalg.norm(o, axis=-1, keepdims=True) / np.sqrt(s["F"]))
            out[b] += (norm * (tokens @ x["WG"][h])) @ x["WO"][h]
    return {"OUT": out}


def decode(x, s):
    outer = np.einsum("bhe,bhf->bhef", x["K"], x["V"])
    state = x["LAM"][None, :, None, None] * x["SP"] + outer
    return {"AV": (x["Q"][..., None, :] @ state)[..., 0, :], "S": state}
