"""TransNormer (Qin et al. 2022, arXiv 2210.10340), section 4 - written from the definition."""

import numpy as np

SIZES = {"B": 2, "H": 3, "P": 10, "M": 10, "E": 4, "F": 5, "U": 3, "W": 4}
PASSES = {"prefill": {"M": (1, 1)}, "sequential": {"M": (1, 1)}, "diag": {"M": (2, 1)}}


def feature(x):
    return np.where(x > 0, x + 1.0, np.exp(x))


def norm(o, gain):
    return o / np.sqrt(np.mean(o**2, axis=-1, keepdims=True) + 1e-8) * gain


def norm_attention(x, causal):
    scores = np.einsum("bhpe,bhme->bhpm", feature(x["Q"]), feature(x["K"]))
    return {"AV": norm((np.tril(scores) if causal else scores) @ x["V"], x["G"])}


def prefill(x, s):
    return norm_attention(x, causal=False)


def causal(x, s):
    return norm_attention(x, causal=True)


def blocks(x, s, causal):
    """Softmax attention of each block by itself."""
    outputs = []
    for start in range(0, s["P"], s["W"]):
        query, key, value = (x[name][:, :, start : start + s["W"]] for name in "QKV")
        scores = np.einsum("bhpe,bhme->bhpm", query, key)
        if causal:
            later = np.triu(np.ones(scores.shape[-2:], bool), 1)
            scores = np.where(later, -np.inf, scores)
        weights = np.exp(scores)
        outputs.append(weights / weights.sum(axis=-1, keepdims=True) @ value)
    return {"AV": np.concatenate(outputs, axis=2)}


def diag(x, s):
    return blocks(x, s, causal=False)


def diag_causal(x, s):
    return blocks(x, s, causal=True)


def decode(x, s):
    state = x["SP"] + np.einsum("bhe,bhf->bhef", feature(x["K"]), x["V"])
    return {"AV": norm(np.einsum("bhe,bhef->bhf", feature(x["Q"]), state), x["G"]), "S": state}


def diag_decode(x, s):
    weights = np.exp(np.einsum("bhe,bhwe->bhw", x["Q"], x["KC"]))
    weights /= weights.sum(axis=-1, keepdims=True)
    return {"AV": np.einsum("bhw,bhwf->bhf", weights, x["VC"])}
