"""DuoAttention (Xiao et al. 2025, arXiv 2410.10819), section 3 - written from the definition."""

import numpy as np

SIZES = {"B": 2, "H": 6, "G": 3, "X": 1, "P": 17, "E": 3, "F": 5, "S": 2, "W": 4, "T": 5}
SIZES_OF = {"decode": {"P": 2, "M": 13}}
PASSES = {
    "prefill": {"M": (2, 1)},
    "chunked": {"M": (2, 1)},
    "decode": {"M": (2, 1), "C": (2, 1)},
}


def attend(query, keys, values):
    scores = keys @ query
    weights = np.exp(scores - scores.max())
    return weights @ values / weights.sum()


def by_mask(x, s, streaming):
    """`streaming(p)`: the keys a streaming head sees."""
    out = np.zeros((s["B"], s["H"], s["P"], s["F"]))
    for b, h, p in np.ndindex(s["B"], s["H"], s["P"]):
        g = h // (s["H"] // s["G"])
        kept = list(range(p + 1)) if g < s["X"] else sorted(streaming(p))
        out[b, h, p] = attend(x["Q"][b, h, p], x["K"][b, g, kept], x["V"][b, g, kept])
    return {"AV": out}


def prefill(x, s):
    def streaming(p):
        return {*range(min(s["S"], p + 1)), *range(max(0, p - s["W"] + 1), p + 1)}

    return by_mask(x, s, streaming)


def chunked(x, s):
    def streaming(p):
        start = p - p % s["T"]
        sinks = range(min(s["S"], p + 1))
        return {*sinks, *range(max(0, start - s["W"]), start), *range(start, p + 1)}

    return by_mask(x, s, streaming)


def decode(x, s):
    out = {}
    group = s["H"] // s["G"]
    for name, keys, values, first in (("AVF", "KF", "VF", 0), ("AVS", "KS", "VS", s["X"])):
        heads, length = x[keys].shape[1:3]
        result = np.zeros((s["B"], heads, group, s["P"], s["F"]))
        for b, g, r, p in np.ndindex(*result.shape[:-1]):
            seen = length - s["P"] + p + 1
            query = x["Q"][b, (first + g) * group + r, p]
            result[b, g, r, p] = attend(query, x[keys][b, g, :seen], x[values][b, g, :seen])
        out[name] = result
    return out


def torch_prefill(x, s):
    import torch
    from torch.nn.functional import scaled_dot_product_attention

    q, k, v = (torch.from_numpy(x[name]) for name in ("Q", "K", "V"))
    causal = torch.ones(s["P"], s["P"], dtype=torch.bool).tril()
    lower = torch.ones(s["P"], s["P"], dtype=torch.bool).tril(-s["W"])
    lower[:, : s["S"]] = False
    full = s["X"] * (s["H"] // s["G"])
    masks = torch.stack([causal if h < full else causal & ~lower for h in range(s["H"])])
    out = scaled_dot_product_attention(q, k, v, attn_mask=masks, scale=1.0, enable_gqa=True)
    return {"AV": out.numpy()}
