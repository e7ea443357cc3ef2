"""MixFormer's mixed attention (Cui et al. 2022, arXiv 2203.11082), equations 1-2 - written out."""

import numpy as np

SIZES = {"B": 2, "H": 3, "P": 8, "M": 8, "E": 4, "F": 5, "T": 3}
PASSES = {"prefill": {"M": (2, 1)}}


def attention(query, key, value):
    scores = np.exp(query @ np.swapaxes(key, -1, -2))
    return scores / scores.sum(axis=-1, keepdims=True) @ value


def prefill(x, s):
    t = s["T"]
    template = attention(x["Q"][:, :, :t], x["K"][:, :, :t], x["V"][:, :, :t])
    search = attention(x["Q"][:, :, t:], x["K"], x["V"])
    return {"AV": np.concatenate([template, search], axis=2)}


def symmetric(x, s):
    return {"AV": attention(x["Q"], x["K"], x["V"])}


def tracking(x, s):
    key = np.concatenate([x["KT"], x["K"]], axis=2)
    value = np.concatenate([x["VT"], x["V"]], axis=2)
    return {"AV": attention(x["Q"], key, value)}
