"""Attention-Gate (Zeng et al. 2024, arXiv 2410.12876), section 3 - written from the definition."""

import numpy as np

SIZES = {"B": 2, "H": 4, "P": 9, "D": 6, "E": 3, "F": 5, "A": 2, "I": 3}
SIZES_OF = {"decode": {"P": 1, "M": 9}}
PASSES = {"decode": {"M": (2, 1), "N": (2, 1)}}


def inputs(rng, shapes, sizes):
    """A bias with which the first token is kept everywhere, so that every query sees a key; for one
    token, a bias that puts the first sequence's gates close to the threshold, on both sides."""
    if "KEEP" in shapes:
        keep = (rng.uniform(size=shapes["KEEP"]) < 0.5).astype(float)
        keep[..., 0] = 1
        made = {name: rng.normal(size=shapes[name]) for name in ("X", "WQ", "WO", "KC", "VC")}
        near = 0.01 * (-1.0) ** np.arange(sizes["H"])
        return made | {"KEEP": keep, "BO": near - one_gate(made, 0)}
    made = {name: rng.normal(size=shapes[name]) for name in ("X", "WQ", "WK", "WV", "WO")}
    plain = gate(made["X"], made["X"], made)
    return made | {"BO": 0.1 - plain[:, 0].min(axis=0)}


def softmax(scores):
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True)


def gate(queries, context, x):
    """One number a token and head, without the bias."""
    result = []
    for own, whole in zip(queries, context, strict=True):
        parts = []
        for a in range(x["WQ"].shape[1]):
            q, k, v = own @ x["WQ"][:, a], whole @ x["WK"][:, a], whole @ x["WV"][:, a]
            parts.append(softmax(q @ k.T) @ v)
        joined = np.concatenate(parts, axis=1)
        result.append(joined @ x["WO"].reshape(-1, x["WO"].shape[-1]))
    return np.array(result)


def one_gate(x, b):
    """One number a head for the new token of sequence b, from the gate's cache."""
    parts = []
    for a in range(x["WQ"].shape[1]):
        query = x["X"][b] @ x["WQ"][:, a]
        parts.append(softmax(x["KC"][b, :, a] @ query) @ x["VC"][b, :, a])
    return np.concatenate(parts) @ x["WO"].reshape(-1, x["WO"].shape[-1])


def prefill(x, s):
    score = 1 / (1 + np.exp(-(gate(x["X"], x["X"], x) + x["BO"])))
    keep = np.swapaxes(score >= 0.5, 1, 2)
    scores = np.einsum("bhpe,bhme->bhpm", x["Q"], x["K"])
    seen = np.tri(s["P"], s["M"], dtype=bool) & keep[:, :, None, :]
    weights = softmax(np.where(seen, scores, -np.inf))
    return {"AV": np.einsum("bhpm,bhmf->bhpf", weights, x["V"]), "KEEP": keep.astype(float)}


def decode(x, s):
    out = np.zeros((s["B"], s["H"], s["F"]))
    flags = np.zeros((s["B"], s["H"]))
    for b in range(s["B"]):
        logits = one_gate(x, b) + x["BO"]
        flags[b] = 1 / (1 + np.exp(-logits)) >= 0.5
        for h in range(s["H"]):
            kept = x["KEEP"][b, h] == 1
            keys, values = x["K"][b, h, kept], x["V"][b, h, kept]
            if flags[b, h]:
                keys = np.concatenate([keys, x["K1"][b, h][None]])
                values = np.concatenate([values, x["V1"][b, h][None]])
            out[b, h] = softmax(keys @ x["Q"][b, h]) @ values
    return {"AV": out, "KX": flags}
