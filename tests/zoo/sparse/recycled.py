"""Recycled Attention (Xu et al. 2024, arXiv 2411.05787), section 3.

Written from the definition.
"""

import numpy as np

SIZES = {"B": 2, "H": 6, "G": 2, "M": 13, "E": 3, "F": 5, "N": 4}
PASSES = {"full": {"M": (3, 2)}, "recycled": {"N": (2, 1)}}


def inputs(rng, shapes, sizes):
    return {"CO": rng.uniform(size=shapes["CO"])} if "CO" in shapes else {}


def probabilities(query, keys):
    scores = keys @ query
    weights = np.exp(scores - scores.max())
    return weights / weights.sum()


def full(x, s):
    group = s["H"] // s["G"]
    out = {
        "AV": np.zeros((s["B"], s["H"], s["F"])),
        "KN": np.zeros((s["B"], s["G"], s["N"], s["E"])),
        "VN": np.zeros((s["B"], s["G"], s["N"], s["F"])),
        "CN": np.zeros((s["B"], s["G"], s["N"])),
    }
    for b, g in np.ndindex(s["B"], s["G"]):
        heads = range(g * group, (g + 1) * group)
        each = np.array([probabilities(x["Q"][b, h], x["K"][b, g]) for h in heads])
        out["AV"][b, list(heads)] = each @ x["V"][b, g]
        score = each.max(axis=0)
        kept = np.argsort(-score)[: s["N"]]
        out["KN"][b, g], out["VN"][b, g] = x["K"][b, g, kept], x["V"][b, g, kept]
        out["CN"][b, g] = score[kept]
    return out


def recycled(x, s):
    group = s["H"] // s["G"]
    out = {
        "AV": np.zeros((s["B"], s["H"], s["F"])),
        "CX": np.zeros((s["B"], s["G"])),
        "J": np.zeros((s["B"], s["G"])),
    }
    for b, g in np.ndindex(s["B"], s["G"]):
        keys = np.concatenate([x["KO"][b, g], x["KX"][b, g][None]])
        values = np.concatenate([x["VO"][b, g], x["VX"][b, g][None]])
        heads = list(range(g * group, (g + 1) * group))
        each = np.array([probabilities(x["Q"][b, h], keys) for h in heads])
        out["AV"][b, heads] = each @ values
        out["CX"][b, g] = each[:, -1].max()
        out["J"][b, g] = np.argmin(x["CO"][b, g])
    return out
