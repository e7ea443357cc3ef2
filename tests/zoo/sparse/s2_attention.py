"""S2-Attention (Lin et al. 2024, arXiv 2407.17678), section 3 - written from the definition.

A block mask for every head: local blocks and the head's own stride class.
"""

import numpy as np

SIZES = {"B": 2, "H": 4, "G": 2, "P": 19, "E": 3, "F": 5, "N": 2, "L": 2, "Y": 3}
SIZES_OF = {"decode": {"P": 2, "M": 19}}
PASSES = {"prefill": {"M": (2, 1)}, "decode": {"M": (2, 1)}}


def attention(x, s):
    k, v = (np.repeat(x[name], s["H"] // s["G"], axis=1) for name in ("K", "V"))
    scores = np.einsum("bhpe,bhme->bhpm", x["Q"], k)
    step = max(1, s["Y"] // s["H"])
    for h in range(s["H"]):
        for p in range(s["P"]):
            query = p + s["M"] - s["P"]
            for m in range(s["M"]):
                apart = query // s["N"] - m // s["N"]
                own = (m // s["N"] + h * step + 1) % s["Y"] == 0
                if m > query or not (apart < s["L"] or own):
                    scores[:, h, p, m] = -np.inf
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    return {"AV": np.einsum("bhpm,bhmf->bhpf", weights / weights.sum(-1, keepdims=True), v)}


prefill = decode = attention
