"""StreamingLLM (Xiao et al. 2024, arXiv 2309.17453), section 3.2 - written from the definition.

A cache of sinks and recent tokens is filled token by token; positions are those inside the cache.
"""

import numpy as np

SIZES = {"B": 2, "H": 4, "G": 2, "P": 11, "E": 6, "F": 5, "S": 2, "W": 4, "A": 2}
SIZES_OF = {"decode": {"P": 1}, "recompute": {"P": 6}}
PASSES = {"prefill": {"M": (2, 1)}, "decode": {"C": (2, 1)}, "recompute": {"M": (2, 1)}}


def angles(positions, width):
    """One angle a position and pair of features, base 10000."""
    pairs = np.arange(width // 2)
    return np.asarray(positions)[:, None] * 10000.0 ** (-2 * pairs / width)[None, :]


def inputs(rng, shapes, sizes):
    tables = {}
    for name, function, sign in (("COS", np.cos, 1), ("SIN", np.sin, -1)):
        rows, width = shapes.get(name, (0, sizes["E"]))
        half = function(angles(np.arange(rows), width))
        tables[name] = np.concatenate([sign * half, half], axis=1)
    return tables


def rotary(x, positions):
    """Feature i and feature i + E/2 are one complex number, turned by its angle."""
    half = x.shape[-1] // 2
    turned = (x[:, :half] + 1j * x[:, half:]) * np.exp(1j * angles(positions, x.shape[-1]))
    return np.concatenate([turned.real, turned.imag], axis=1)


def attend(q, k, v):
    """One query over all rows of k."""
    scores = np.exp(k @ q - (k @ q).max())
    return scores @ v / scores.sum()


def prefill(x, s):
    out = np.zeros((s["B"], s["H"], s["P"], s["F"]))
    for b in range(s["B"]):
        for h in range(s["H"]):
            g = h // (s["H"] // s["G"])
            cache = []
            for t in range(s["P"]):
                cache.append(t)
                if len(cache) > s["S"] + s["W"]:
                    del cache[s["S"]]
                keys = rotary(x["K"][b, g, cache], range(len(cache)))
                query = rotary(x["Q"][b, h, t : t + 1], [len(cache) - 1])[0]
                out[b, h, t] = attend(query, keys, x["V"][b, g, cache])
    return {"AV": out}


def decode(x, s):
    out = np.zeros((s["B"], s["H"], 1, s["F"]))
    for b in range(s["B"]):
        for h in range(s["H"]):
            g = h // (s["H"] // s["G"])
            keys = rotary(x["KC"][b, g], range(s["C"]))
            query = rotary(x["Q"][b, h], [s["C"] - 1])[0]
            out[b, h, 0] = attend(query, keys, x["VC"][b, g])
    return {"AV": out}


def recompute(x, s):
    out = np.zeros((s["B"], s["H"], s["C"], s["F"]))
    for b in range(s["B"]):
        for h in range(s["H"]):
            g = h // (s["H"] // s["G"])
            keys = rotary(x["K"][b, g], range(s["C"]))
            queries = rotary(x["Q"][b, h], range(s["C"]))
            for t in range(s["C"]):
                out[b, h, t] = attend(queries[t], keys[: t + 1], x["V"][b, g, : t + 1])
    return {"AV": out}
