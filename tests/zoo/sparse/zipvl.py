"""ZipVL (He et al. 2024, arXiv 2410.08584), sections 4.1 and 4.2 - written from the definition."""

import numpy as np

SIZES = {"B": 2, "H": 4, "G": 2, "P": 23, "E": 3, "F": 5, "N": 7, "T": 9, "U": 14, "W": 4}
SIZES_OF = {"decode": {"P": 1}}
PASSES = {"decode": {"T": (2, 1), "U": (2, 1), "W": (2, 1)}}


def inputs(rng, shapes, sizes):
    made = {}
    if "ROW" in shapes:
        recent = np.arange(sizes["M"] - 3, sizes["M"])
        made["ROW"] = np.concatenate([rng.permutation(sizes["M"] - 3)[: sizes["N"] - 3], recent])
    if "IT" in shapes:
        orders = np.array([rng.permutation(sizes["M"]) for _ in range(sizes["B"])])
        made |= {"IT": orders[:, : sizes["T"]], "IU": orders[:, sizes["T"] :]}
    for name, levels in (("KT", 16), ("VT", 16), ("KU", 4), ("VU", 4)):
        if name in shapes:
            made[name] = rng.integers(0, levels, shapes[name]).astype(float)
    return made


def softmax(scores):
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True)


def causal(q, k, rows, columns):
    return softmax(
        np.where(np.asarray(columns)[None] <= np.asarray(rows)[:, None], q @ k.T, -np.inf)
    )


def prefill(x, s):
    group = s["H"] // s["G"]
    rows = x["ROW"].astype(int)
    out = np.zeros((s["B"], s["H"], s["P"], s["F"]))
    keep = np.zeros((s["B"], s["M"]))
    for b in range(s["B"]):
        mass = np.zeros(s["M"])
        for h in range(s["H"]):
            q, k = x["Q"][b, h, rows], x["K"][b, h // group]
            mass += causal(q, k, rows, range(s["M"])).sum(axis=0)
        seen = np.array([(rows >= m).sum() for m in range(s["M"])])
        number, reached = 0, 0.0
        for value in sorted(mass, reverse=True):
            if reached >= 0.975 * mass.sum():
                break
            reached += value
            number += 1
        kept = np.sort(np.argsort(-mass / seen)[:number])
        keep[b, kept] = 1
        for h in range(s["H"]):
            q, k, v = x["Q"][b, h, kept], x["K"][b, h // group, kept], x["V"][b, h // group, kept]
            out[b, h, kept] = causal(q, k, kept, kept) @ v
    return {"AV": out, "KEEP": keep}


def compress(x, s):
    out = {}
    for part, levels in (("T", 15), ("U", 3)):
        for name in ("K", "V"):
            tokens = x["I" + part].astype(int)
            rows = np.stack([x[name][b][:, tokens[b]] for b in range(s["B"])])
            low, high = rows.min(axis=-1), rows.max(axis=-1)
            step = (high - low) / levels
            out[name + part] = np.round((rows - low[..., None]) / step[..., None])
            out[name + part + "S"], out[name + part + "Z"] = step, low
    return out


def decode(x, s):
    group = s["H"] // s["G"]
    whole = {}
    for name in ("K", "V"):
        parts = [
            x[name + p] * x[name + p + "S"][..., None] + x[name + p + "Z"][..., None] for p in "TU"
        ]
        whole[name] = np.repeat(np.concatenate([*parts, x[name + "W"]], axis=2), group, axis=1)
    weights = softmax(np.einsum("bhpe,bhme->bhpm", x["Q"], whole["K"]))
    return {"AV": np.einsum("bhpm,bhmf->bhpf", weights, whole["V"])}
