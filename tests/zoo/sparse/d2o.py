"""D2O (Wan et al. 2025, arXiv 2406.13035), sections 3.2 and 3.3 - written from the definition.

Merging is a mean over the kept token and the weighted tokens that chose it.
"""

import numpy as np

SIZES = {"B": 2, "H": 3, "P": 19, "E": 4, "F": 5, "S": 2, "N": 5, "W": 4}


def inputs(rng, shapes, sizes):
    if "SO" not in shapes:
        return {}
    return {
        "SO": rng.uniform(0, 2, shapes["SO"]),
        "TO": rng.uniform(0, 1, shapes["TO"]),
    }


def unit(rows):
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True)


def merged(rows, kept, dropped, likeness, chosen, threshold):
    result = []
    for j, token in enumerate(kept):
        falls = [i for i in range(len(dropped)) if chosen[i] == j and likeness[i] >= threshold]
        result.append(np.mean([rows[token], *(likeness[i] * rows[dropped[i]] for i in falls)], 0))
    return np.array(result)


def prefill(x, s):
    size = s["N"] + s["W"]
    out = {
        "AV": np.zeros((s["B"], s["H"], s["P"], s["F"])),
        "FV": np.zeros(s["B"]),
        "KM": np.zeros((s["B"], s["H"], size, s["E"])),
        "VM": np.zeros((s["B"], s["H"], size, s["F"])),
        "THR": np.zeros((s["B"], s["H"])),
    }
    for b, h in np.ndindex(s["B"], s["H"]):
        q, k, v = x["Q"][b, h], x["K"][b, h], x["V"][b, h]
        scores = np.where(np.tri(s["P"], s["M"], dtype=bool), q @ k.T, -np.inf)
        weights = np.exp(scores - scores.max(axis=1, keepdims=True))
        weights /= weights.sum(axis=1, keepdims=True)
        out["AV"][b, h] = weights @ v
        columns = weights.sum(axis=0)
        out["FV"][b] += columns.var() / s["H"]
        old = np.arange(s["S"], s["M"] - s["W"])
        ranked = old[np.argsort(-columns[old])]
        heavy = s["N"] - s["S"]
        sinks, recent = np.arange(s["S"]), np.arange(s["M"] - s["W"], s["M"])
        kept = np.concatenate([sinks, recent, ranked[:heavy]])
        dropped = ranked[heavy:]
        cosine = unit(k[dropped]) @ unit(k[kept]).T
        likeness, chosen = cosine.max(axis=1), cosine.argmax(axis=1)
        threshold = likeness.mean()
        out["THR"][b, h] = threshold
        out["KM"][b, h] = merged(k, kept, dropped, likeness, chosen, threshold)
        out["VM"][b, h] = merged(v, kept, dropped, likeness, chosen, threshold)
    return out


def decode(x, s):
    out = {
        "AV": np.zeros((s["B"], s["H"], s["F"])),
        "KM": np.zeros((s["B"], s["H"], s["C"], s["E"])),
        "VM": np.zeros((s["B"], s["H"], s["C"], s["F"])),
        "SE": np.zeros((s["B"], s["H"], s["C"])),
        "THR": np.zeros((s["B"], s["H"])),
    }
    for b, h in np.ndindex(s["B"], s["H"]):
        k, v = x["K"][b, h], x["V"][b, h]
        scores = k @ x["Q"][b, h]
        weights = np.exp(scores - scores.max())
        weights /= weights.sum()
        out["AV"][b, h] = weights @ v
        summed = x["SO"][b, h] + weights
        old = np.arange(s["S"], s["M"] - s["W"])
        leaves = old[np.argmin(summed[old])]
        kept = np.delete(np.arange(s["M"]), leaves)
        cosine = unit(k[kept]) @ unit(k[leaves])
        threshold = 0.5 * x["TO"][b, h] + 0.5 * cosine.max()
        arguments = [leaves], [cosine.max()], [cosine.argmax()], threshold
        out["KM"][b, h] = merged(k, kept, *arguments)
        out["VM"][b, h] = merged(v, kept, *arguments)
        out["SE"][b, h] = summed[kept]
        out["THR"][b, h] = threshold
    return out
