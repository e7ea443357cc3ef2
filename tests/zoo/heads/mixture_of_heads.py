"""Mixture of heads (Jin et al. 2024, arXiv 2410.11842), section 3.2 - a token at a time."""

import numpy as np

SIZES = {"B": 2, "H": 8, "G": 4, "S": 2, "K": 3, "J": 2, "P": 5, "M": 5, "D": 6, "E": 3, "F": 4}
SIZES_OF = {"decode": {"P": 1, "M": 6}}
PASSES = {"prefill": {"M": (2, 1)}, "decode": {"M": (2, 1)}}


def softmax(values):
    return np.exp(values) / np.exp(values).sum()


def gates(x, s, features):
    """Equations 5 to 7: one gate a head, 0 for those that were not chosen."""
    shared = softmax(x["WR"][: s["S"]] @ features)
    routed = softmax(x["WR"][s["S"] :] @ features)
    kinds = softmax(x["WJ"] @ features)
    left_out = np.argsort(routed)[: -s["K"]]
    routed[left_out] = 0
    return np.concatenate([kinds[0] * shared, kinds[1] * routed])


def mixed(x, s, gates_of):
    y = np.zeros((s["B"], s["P"], s["D"]))
    for b, p in np.ndindex(s["B"], s["P"]):
        seen = s["M"] - s["P"] + p + 1
        for h, gate in enumerate(gates_of(b, p)):
            if gate:
                g = h * s["G"] // s["H"]
                weights = softmax(x["KH"][b, g, :seen] @ x["Q"][b, h, p])
                y[b, p] += gate * (weights @ x["V"][b, g, :seen]) @ x["WO"][h]
    return {"Y": y}


def prefill(x, s):
    return mixed(x, s, lambda b, p: gates(x, s, x["X"][b, p]))


decode = prefill


def norm_router(x, s):
    def chosen(b, p):
        norms = np.linalg.norm(x["Q"][b, s["S"] :, p], axis=1)
        best = s["S"] + np.argsort(-norms)[: s["K"]]
        on = np.zeros(s["H"])
        on[: s["S"]] = on[best] = 1
        return on

    return mixed(x, s, chosen)
