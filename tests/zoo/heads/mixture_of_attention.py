"""BAM's soft mixture of attention experts (Zhang et al. 2024, arXiv 2408.08274), section 3."""

from math import erf

import numpy as np

SIZES = {"B": 2, "N": 3, "H": 2, "P": 5, "M": 5, "D": 6, "E": 3, "F": 4, "C": 4, "K": 2, "S": 5}
SIZES_OF = {name: {"P": 1, "M": 6} for name in ("decode", "decode_shared_keys")}
PASSES = {"prefill": {"M": (2, 1)}, "decode": {"M": (2, 1)}}


def softmax(values):
    return np.exp(values) / np.exp(values).sum(axis=-1, keepdims=True)


def attention_layer(x, n, features, keys, values):
    """Expert n, for one sequence: keys [H, M, E]; the queries are the last tokens."""
    y = np.zeros(features.shape)
    for h in range(len(keys)):
        queries = features @ x["WQ"][n, h]
        later = np.triu(
            np.full((len(queries), len(keys[h])), -np.inf), len(keys[h]) - len(queries) + 1
        )
        y += softmax(queries @ keys[h].T + later) @ values[h] @ x["WO"][n, h]
    return y


def experts(x, s, features, cached=None):
    """All sequences; `cached` gives keys and values, else they are projected."""
    y = np.zeros(features.shape)
    for b in range(s["B"]):
        gate = softmax(features[b] @ x["WG"].T)
        for n in range(s["N"]):
            if cached is None:
                own = [x[name][n] if x[name].ndim == 4 else x[name] for name in ("WK", "WV")]
                keys, values = ([features[b] @ w for w in each] for each in own)
            else:
                keys, values = (each[b, n] if each.ndim == 5 else each[b] for each in cached)
            y[b] += gate[:, n, None] * attention_layer(x, n, features[b], keys, values)
    return y


def prefill(x, s):
    return {"Y": experts(x, s, x["X"])}


shared_keys = prefill


def decode(x, s):
    return {"Y": experts(x, s, x["X"], (x["K"], x["V"]))}


decode_shared_keys = decode


def feed_forward(x, s, token):
    gate = softmax(x["WC"] @ token)
    y = np.zeros(token.shape)
    for c in np.argsort(-gate)[: s["K"]]:
        inner = token @ x["W1"][c]
        inner = inner * np.array([(1 + erf(each / np.sqrt(2))) / 2 for each in inner])
        y += gate[c] * inner @ x["W2"][c]
    return y


def parallel(x, s):
    centered = x["X"] - x["X"].mean(axis=2, keepdims=True)
    spread = np.sqrt((centered**2).mean(axis=2, keepdims=True) + 1e-5)
    normalized = centered / spread * x["LG"] + x["LB"]
    y = x["X"] + experts(x, s, normalized)
    for b, p in np.ndindex(s["B"], s["P"]):
        y[b, p] += feed_forward(x, s, normalized[b, p])
    return {"Y": y}
