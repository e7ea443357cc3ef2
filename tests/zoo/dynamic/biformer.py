"""BiFormer (Zhu et al. 2023, arXiv 2303.08810), section 3.2 - written from the definition."""

import numpy as np

SIZES = {"B": 2, "H": 2, "S": 3, "T": 2, "E": 3, "F": 4, "C": 2, "I": 5, "J": 5}
PASSES = {"prefill": {"C": (2, 1), "V": (2, 1)}}


def _tokens(region, s):
    """Rows and columns of a region's tokens."""
    top, left = divmod(region, s["S"])
    rows, columns = np.indices((s["T"], s["T"])).reshape(2, -1)
    return top * s["T"] + rows, left * s["T"] + columns


def prefill(x, s):
    side, regions = s["S"] * s["T"], range(s["S"] ** 2)
    out = np.zeros((s["B"], s["H"], side, side, s["F"]))
    for b in range(s["B"]):
        # all heads' channels together decide which regions are taken
        means = [
            np.array([x[name][b][:, *_tokens(n, s)].mean(1).ravel() for n in regions])
            for name in "QK"
        ]
        affinity = means[0] @ means[1].T
        for n in regions:
            taken = np.argsort(-affinity[n])[: s["C"]]
            rows, columns = np.hstack([_tokens(region, s) for region in taken])
            for h in range(s["H"]):
                own = _tokens(n, s)
                scores = x["Q"][b, h][own] @ x["K"][b, h, rows, columns].T
                weights = np.exp(scores)
                weights /= weights.sum(1, keepdims=True)
                out[b, h][own] = weights @ x["V"][b, h, rows, columns]
    padded = np.pad(x["V"], ((0, 0), (0, 0), (2, 2), (2, 2), (0, 0)))
    for i, j in np.ndindex(5, 5):
        kernel = x["W"][:, :, i, j][None, :, None, None]
        out += padded[:, :, i : i + side, j : j + side] * kernel
    return {"AV": out}
