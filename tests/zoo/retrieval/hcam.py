"""HCAM (Lampinen et al. 2021, arXiv 2105.14039), section 2 - written from the definition."""

import numpy as np

SIZES = {
    **{"B": 2, "P": 3, "M": 15, "D": 6, "A": 4, "H": 2, "E": 3, "F": 4},
    **{"N": 3, "K": 2},
}


def softmax(scores):
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True)


def decode(x, s):
    out = np.zeros((s["B"], s["P"], s["D"]))
    for b, p in np.ndindex(s["B"], s["P"]):
        chunks = x["MEM"][b].reshape(-1, s["N"], s["D"])
        asked = x["X"][b, p] @ x["WQ"]
        relevance = softmax((chunks.mean(axis=1) @ x["WS"]) @ asked)
        for c in np.argsort(relevance)[::-1][: s["K"]]:
            for h in range(s["H"]):
                keys, values = chunks[c] @ x["WK"][h], chunks[c] @ x["WV"][h]
                found = softmax(keys @ (x["X"][b, p] @ x["WD"][h])) @ values
                out[b, p] += relevance[c] * found @ x["WO"][h]
    return {"AV": out}
