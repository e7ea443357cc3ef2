"""Nystrom attention (Xiong et al. 2021, arXiv 2102.03902), equations 8-14 - from the definition."""

import numpy as np

SIZES = {"B": 2, "H": 2, "P": 9, "M": 9, "E": 4, "F": 5, "A": 3, "N": 4, "W": 5}
PASSES = {"prefill": {"M": (2, 1), "P": (2, 2)}}


def softmax(x):
    weights = np.exp(x - x.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True)


def inverse(a, steps):
    z = a.T / (np.abs(a).sum(axis=0).max() * np.abs(a).sum(axis=1).max())
    one = np.eye(len(a))
    for _ in range(steps):
        az = a @ z
        z = z @ (13 * one - az @ (15 * one - az @ (7 * one - az))) / 4
    return z


def convolved(v, kernel):
    half = len(kernel) // 2
    padded = np.pad(v, ((half, half), (0, 0)))
    return np.array([kernel @ padded[p : p + len(kernel)] for p in range(len(v))])


def prefill(x, s):
    out = np.zeros((s["B"], s["H"], s["P"], s["F"]))
    for b in range(s["B"]):
        for h in range(s["H"]):
            q, k, v = (x[name][b, h] for name in "QKV")
            q_marks = q.reshape(s["A"], -1, s["E"]).mean(axis=1)
            k_marks = k.reshape(s["A"], -1, s["E"]).mean(axis=1)
            middle = inverse(softmax(q_marks @ k_marks.T), s["N"])
            outer = softmax(q @ k_marks.T) @ middle @ softmax(q_marks @ k.T)
            out[b, h] = outer @ v + convolved(v, x["WC"][h])
    return {"AV": out}
