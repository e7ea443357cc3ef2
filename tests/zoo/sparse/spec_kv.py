"""SpecKV (Galim et al. 2025, arXiv 2506.08373) - written from the definition."""

import numpy as np

SIZES = {"B": 2, "H": 4, "G": 2, "N": 26, "T": 3, "E": 3, "F": 5, "W": 4, "O": 7, "C": 9, "L": 6}
SIZES |= {"A": 7}
SIZES_OF = {"decode": {"P": 2, "Y": 3}}
PASSES = {"decode": {"M": (2, 1)}}


def softmax(scores):
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True)


def smoothed(row, width):
    """Average of `width` neighbors, zeros beyond the ends."""
    padded = np.pad(row, width // 2)
    return np.array([padded[i : i + width].mean() for i in range(len(row))])


def prefill(x, s):
    group = s["H"] // s["G"]
    out = {
        "AV": np.zeros((s["B"], s["H"], s["P"], s["F"])),
        "KN": np.zeros((s["B"], s["G"], s["C"], s["E"])),
        "VN": np.zeros((s["B"], s["G"], s["C"], s["F"])),
    }
    position = np.arange(s["M"])
    for b, g in np.ndindex(s["B"], s["G"]):
        k, v = x["K"][b, g], x["V"][b, g]
        rows = []
        scores = {}
        for h in range(g * group, (g + 1) * group):
            scores[h] = np.where(position[None] <= position[:, None], x["Q"][b, h] @ k.T, -np.inf)
            last = softmax(scores[h])[-(s["W"] + s["T"]) :]
            rows += [smoothed(row, s["O"]) for row in last]
        old = np.max(rows, axis=0)[: s["N"] - s["W"]]
        order = np.argsort(-old)
        out["KN"][b, g], out["VN"][b, g] = k[order[: s["C"]]], v[order[: s["C"]]]
        columns = np.isin(position, order[: s["A"]])
        near = position[:, None] - position[None] < s["L"]
        for h, each in scores.items():
            out["AV"][b, h] = softmax(np.where(near | columns, each, -np.inf)) @ v
    return out


def decode(x, s):
    k, v = (np.repeat(x[name], s["H"] // s["G"], axis=1) for name in ("K", "V"))
    scores = np.einsum("bhpe,bhme->bhpm", x["Q"], k)
    for p in range(s["P"]):
        scores[:, :, p, s["M"] - s["P"] + p + 1 :] = -np.inf
    return {"AV": np.einsum("bhpm,bhmf->bhpf", softmax(scores), v)}
