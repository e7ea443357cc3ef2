"""RCMHA (arXiv 2308.03429): depthwise convolution, then Transformer-XL's relative scores.

The convolution is numpy's, on each feature's whole row of tokens; scores by pairs of tokens.
"""

import numpy as np

SIZES = {"B": 2, "H": 2, "P": 6, "M": 6, "E": 3, "F": 4, "W": 3}
SIZES_OF = {"decode": {"P": 1, "L": 5}}
PASSES = {"prefill": {"M": (2, 1)}}


def convolved(rows, taps):
    """[B, H, tokens, features] by [H, W, features], each output from its own and earlier tokens."""
    out = np.empty(rows.shape)
    for b, h, e in np.ndindex(rows.shape[0], rows.shape[1], rows.shape[3]):
        out[b, h, :, e] = np.convolve(rows[b, h, :, e], taps[h, :, e])[: rows.shape[2]]
    return out


def one_query(x, h, table, query, keys, values):
    """The query is the last of the keys' tokens; the table's last row is the distance 0."""
    table = table[len(table) - len(keys) :]
    scores = keys @ (query + x["UB"][h]) + table @ (query + x["VB"][h])
    return np.exp(scores) / np.exp(scores).sum() @ values


def prefill(x, s):
    q, k, v = (convolved(x[name], x["C" + name]) for name in "QKV")
    out = np.empty((s["B"], s["H"], s["P"], s["F"]))
    for b, h, p in np.ndindex(*out.shape[:3]):
        out[b, h, p] = one_query(x, h, x["ER"][h], q[b, h, p], k[b, h, : p + 1], v[b, h, : p + 1])
    return {"AV": out}


def decode(x, s):
    q, k, v = (convolved(x[name + "L"], x["C" + name])[:, :, -1] for name in "QKV")
    out = np.empty((s["B"], s["H"], s["F"]))
    for b, h in np.ndindex(s["B"], s["H"]):
        keys = np.vstack([x["KC"][b, h], k[b, h]])
        values = np.vstack([x["VC"][b, h], v[b, h]])
        table = np.vstack([x["ER"][h], x["E0"][h]])
        out[b, h] = one_query(x, h, table, q[b, h], keys, values)
    return {"AV": out, "KN": k, "VN": v}
