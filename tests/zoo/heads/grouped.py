"""Grouped heads (Ainslie et al. 2023, arXiv 2305.13245), section 2.2 - from the definition.

A query head uses the key and value head of its group; every softmax is a whole row.
"""

import numpy as np

SIZES = {"B": 2, "H": 6, "G": 3, "P": 5, "M": 5, "E": 3, "F": 4, "M0": 3}
SIZES_OF = {
    "cross": {"P": 4, "M": 7},
    "cross_causal": {"P": 4, "M": 6},
    "decode": {"P": 1, "M": 8},
    "decode_tokens": {"P": 3, "M": 8},
    "decode_split": {"P": 1, "M": 8},
    "decode_append": {"P": 2, "M": 6},
}
PASSES = {"prefill": {"M": (2, 1)}, "causal": {"M": (2, 1)}, "decode": {"M": (2, 1)}}


def attention(q, k, v, allowed):
    """All heads; `allowed` is a P x M table of truths."""
    group_size = q.shape[1] // k.shape[1]
    out = np.empty((*q.shape[:3], v.shape[3]))
    for b in range(q.shape[0]):
        for h in range(q.shape[1]):
            g = h // group_size
            scores = np.where(allowed, q[b, h] @ k[b, g].T, -np.inf)
            weights = np.exp(scores - scores.max(axis=1, keepdims=True))
            out[b, h] = weights / weights.sum(axis=1, keepdims=True) @ v[b, g]
    return out


def up_to(queries, keys):
    """The queries are the last of the keys; none sees a later key."""
    return np.tril(np.ones((queries, keys), bool), keys - queries)


def prefill(x, s):
    return {"AV": attention(x["Q"], x["K"], x["V"], np.ones((s["P"], s["M"]), bool))}


def causal(x, s):
    return {"AV": attention(x["Q"], x["K"], x["V"], up_to(s["P"], s["M"]))}


cross = decode = prefill
cross_causal = decode_tokens = causal


def decode_append(x, s):
    keys = np.concatenate([x["K"], x["KN"]], axis=2)
    values = np.concatenate([x["V"], x["VN"]], axis=2)
    allowed = up_to(s["P"], s["M"] + s["P"])
    return {
        "KA": keys[:, :, s["M"] :],
        "VA": values[:, :, s["M"] :],
        "AV": attention(x["Q"], keys, values, allowed),
    }


def torch_prefill(x, s, mask=None):
    import torch

    q, k, v = (torch.from_numpy(x[name]) for name in "QKV")
    attend = torch.nn.functional.scaled_dot_product_attention
    out = attend(q, k, v, attn_mask=mask, scale=1.0, enable_gqa=True)
    return {"AV": out.numpy()}


def torch_causal(x, s):
    import torch

    return torch_prefill(x, s, torch.from_numpy(up_to(s["P"], s["M"])))


torch_cross = torch_decode = torch_prefill
torch_cross_causal = torch_decode_tokens = torch_causal
