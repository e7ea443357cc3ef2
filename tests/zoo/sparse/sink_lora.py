"""SF-Attn (Zhang 2024, SinkLoRA, arXiv 2406.05678), section 3 - written from the definition.

One mask a head: the groups of LongLoRA in text order, and the sinks.
"""

import numpy as np

SIZES = {"B": 2, "H": 4, "G": 2, "P": 16, "E": 3, "F": 5, "C": 2, "S": 2}
PASSES = {"training": {"M": (2, 1)}}


def mask(h, s):
    size = s["P"] // 4
    order = np.arange(s["P"])
    if h >= s["H"] // 2:
        order = np.roll(order, -(size // 2))
    kept = np.zeros((s["P"], s["P"]), bool)
    for start in range(0, s["P"], size):
        group = order[start : start + size]
        for at, query in enumerate(group):
            kept[query, group[: at + 1]] = True
    for query in range(s["P"]):
        kept[query, : min(query + 1, s["S"])] = True
    return kept


def training(x, s):
    k, v = (np.repeat(x[name], s["H"] // s["G"], axis=1) for name in ("K", "V"))
    scores = np.einsum("bhpe,bhme->bhpm", x["Q"], k)
    for h in range(s["H"]):
        scores[:, h][:, ~mask(h, s)] = -np.inf
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    return {"AV": np.einsum("bhpm,bhmf->bhpf", weights / weights.sum(-1, keepdims=True), v)}


def torch_training(x, s):
    import torch
    from torch.nn.functional import scaled_dot_product_attention

    q, k, v = (torch.from_numpy(x[name]) for name in ("Q", "K", "V"))
    masks = torch.from_numpy(np.stack([mask(h, s) for h in range(s["H"])]))
    out = scaled_dot_product_attention(q, k, v, attn_mask=masks, scale=1.0, enable_gqa=True)
    return {"AV": out.numpy()}
