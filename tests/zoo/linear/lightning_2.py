"""Lightning Attention-2 (Qin et al. 2024, arXiv 2401.04658) - from the definition."""

import numpy as np

SIZES = {"B": 2, "H": 3, "P": 7, "M": 7, "E": 4, "F": 5, "U": 3}
PASSES = {"chunked": {"M": (1, 1)}, "sequential": {"M": (1, 1)}}


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


def chunked(x, s):
    heads = [
        [recurrent(x["Q"][b, h], x["K"][b, h], x["V"][b, h], x["LAM"][h]) for h in range(s["H"])]
        for b in range(s["B"])
    ]
    return {"AV": np.array(heads)}


def decode(x, s):
    outer = np.einsum("bhe,bhf->bhef", x["K"], x["V"])
    state = x["LAM"][None, :, None, None] * x["SP"] + outer
    return {"AV": (x["Q"][..., None, :] @ state)[..., 0, :], "S": state}
