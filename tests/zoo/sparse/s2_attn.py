"""Shifted sparse attention (Chen et al. 2024, LongLoRA, arXiv 2309.12307), algorithm 1.

Written from the definition: roll half the heads, cut into groups, attend, roll back.
"""

import numpy as np

SIZES = {"B": 2, "H": 4, "G": 2, "P": 16, "E": 3, "F": 5}
PASSES = {"training": {"M": (2, 1)}, "grouped": {"Z": (2, 1)}}


def causal(q, k, v):
    scores = q @ k.T
    scores[np.triu_indices(len(q), 1)] = -np.inf
    weights = np.exp(scores - scores.max(1, keepdims=True))
    return weights @ v / weights.sum(1, keepdims=True)


def training(x, s):
    q = x["Q"]
    k, v = (np.repeat(x[name], s["H"] // s["G"], axis=1) for name in ("K", "V"))
    size = s["P"] // 4
    out = np.zeros((s["B"], s["H"], s["P"], s["F"]))
    for b in range(s["B"]):
        for h in range(s["H"]):
            shift = size // 2 if h >= s["H"] // 2 else 0
            rolled = [np.roll(each[b, h], -shift, axis=0) for each in (q, k, v)]
            groups = [
                causal(*(each[at : at + size] for each in rolled)) for at in range(0, s["P"], size)
            ]
            out[b, h] = np.roll(np.concatenate(groups), shift, axis=0)
    return {"AV": out}


def torch_training(x, s):
    import torch
    from torch.nn.functional import scaled_dot_product_attention

    size, half = s["P"] // 4, s["H"] // 2
    q = torch.from_numpy(x["Q"])
    k, v = (
        torch.from_numpy(x[name]).repeat_interleave(s["H"] // s["G"], dim=1) for name in ("K", "V")
    )

    def shifted(each, by):
        return torch.cat([each[:, :half], each[:, half:].roll(by, dims=2)], dim=1)

    groups = [shifted(each, -(size // 2)).unflatten(2, (4, size)) for each in (q, k, v)]
    attended = scaled_dot_product_attention(*groups, is_causal=True, scale=1.0)
    return {"AV": shifted(attended.flatten(2, 3), size // 2).numpy()}
