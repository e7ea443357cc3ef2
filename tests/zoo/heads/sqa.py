"""Sparse query attention (Filipek 2025, arXiv 2510.01817), section 3 - from the definition.

Grouped attention with projections; a token at a time, so that decoding is the last tokens' part.
"""

import numpy as np

SIZES = {"B": 2, "H": 4, "G": 2, "P": 5, "M": 5, "D": 6, "E": 3, "F": 4}
SIZES_OF = {"decode": {"P": 2, "M": 6}}
PASSES = {"prefill": {"M": (2, 1)}, "causal": {"M": (2, 1)}}


def one_token(x, features, keys, values):
    """Y of one token, from its features and the keys and values [G, tokens, …] it may see."""
    heads, groups = x["WQ"].shape[0], x["WK"].shape[0]
    y = np.zeros(features.shape)
    for h in range(heads):
        g = h * groups // heads
        scores = keys[g] @ (features @ x["WQ"][h])
        weights = np.exp(scores) / np.exp(scores).sum()
        y += weights @ values[g] @ x["WO"][h]
    return y


def keys_and_values(x, b):
    return (np.stack([x["X"][b] @ w for w in x[name]]) for name in ("WK", "WV"))


def prefill(x, s, causal=False):
    y = np.empty(x["X"].shape)
    for b in range(s["B"]):
        keys, values = keys_and_values(x, b)
        for p in range(s["P"]):
            seen = p + 1 if causal else s["M"]
            y[b, p] = one_token(x, x["X"][b, p], keys[:, :seen], values[:, :seen])
    return {"Y": y}


def causal(x, s):
    return prefill(x, s, causal=True)


def decode(x, s):
    y = np.empty(x["X"].shape)
    new = [tuple(keys_and_values(x, b)) for b in range(s["B"])]
    for b, (new_keys, new_values) in enumerate(new):
        for p in range(s["P"]):
            keys = np.concatenate([x["K"][b], new_keys[:, : p + 1]], axis=1)
            values = np.concatenate([x["V"][b], new_values[:, : p + 1]], axis=1)
            y[b, p] = one_token(x, x["X"][b, p], keys, values)
    return {
        "Y": y,
        "KN": np.stack([keys for keys, _ in new]),
        "VN": np.stack([values for _, values in new]),
    }
