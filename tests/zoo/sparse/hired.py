"""HiRED (Arif et al. 2025, arXiv 2408.10945), section 4 - written from the definition."""

import numpy as np

SIZES = {"B": 2, "A": 3, "Z": 4, "Y": 2, "X": 3, "O": 4, "C": 30, "T": 3, "H": 2, "E": 3, "F": 5}
SIZES_OF = {"decode": {"P": 2, "U": 4}}
PASSES = {"decode": {"M": (2, 1)}}


def softmax(scores):
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True)


def prefill(x, s):
    rows, columns = s["Y"], s["X"]
    patches = 4 * rows * columns
    out = np.zeros((s["B"], s["H"], s["P"], s["F"]))
    mask = np.zeros((s["B"], s["M"]))
    for b in range(s["B"]):
        first = softmax(np.einsum("ao,ano->an", x["QA"][b], x["KA0"][b])).sum(axis=0)[1:]
        image = first.reshape(2 * rows, 2 * columns)
        quarters = [
            image[:rows, :columns],
            image[:rows, columns:],
            image[rows:, :columns],
            image[rows:, columns:],
        ]
        shares = np.array([quarter.sum() for quarter in quarters])
        half = s["C"] / 2
        budgets = [int(half), *np.floor(half * shares / shares.sum()).astype(int)]
        kept = []
        for i, budget in enumerate(budgets):
            scores = softmax(np.einsum("ao,ano->an", x["QB"][b, i], x["KB"][b, i])).sum(axis=0)
            kept += sorted(i * patches + np.argsort(-scores[1:])[:budget])
        kept += range(5 * patches, 5 * patches + s["T"])
        mask[b, kept] = 1
        for h in range(s["H"]):
            scores = x["Q"][b, h, kept] @ x["K"][b, h, kept].T
            scores[np.triu_indices(len(kept), 1)] = -np.inf
            out[b, h, kept] = softmax(scores) @ x["V"][b, h, kept]
    return {"AV": out, "KM": mask}


def decode(x, s):
    scores = np.einsum("bhpe,bhme->bhpm", x["Q"], x["K"])
    for p in range(s["P"]):
        scores[:, :, p, s["M"] - s["P"] + p + 1 :] = -np.inf
    return {"AV": np.einsum("bhpm,bhmf->bhpf", softmax(scores), x["V"])}
