"""Magnitude-aware linear attention (Fan et al. 2025, arXiv 2507.00698) - from the definition."""

import numpy as np

SIZES = {"B": 2, "H": 3, "P": 12, "M": 12, "E": 4, "F": 5, "C": 4, "D": 6, "U": 5, "W": 5}
PASSES = {"prefill": {"M": (1, 1)}}


def inputs(rng, shapes, sizes):
    angles = rng.uniform(0, 6, shapes["CO"])
    return {"CO": np.cos(angles), "SI": np.sin(angles)}


def rotate(x, cos, sin):
    """Each pair of elements as a complex number, turned."""
    turned = (x[..., 0::2] + 1j * x[..., 1::2]) * (cos + 1j * sin)
    return np.stack([turned.real, turned.imag], axis=-1).reshape(x.shape)


def prefill(x, s):
    query = np.where(x["Q"] > 0, x["Q"] + 1, np.exp(x["Q"])) / np.sqrt(s["E"])
    key = np.where(x["K"] > 0, x["K"] + 1, np.exp(x["K"]))
    mean = (query @ np.swapaxes(key, -1, -2)).mean(axis=-1, keepdims=True)
    beta, gamma = (1 + 1 / mean) / s["M"], mean / s["M"]
    turned = rotate(query, x["CO"], x["SI"]) @ np.swapaxes(rotate(key, x["CO"], x["SI"]), -1, -2)
    return {"AV": (beta * turned - gamma) @ x["V"]}


def block(x, s):
    rows = s["P"] // s["C"]
    image = x["V"].reshape(s["B"], s["H"], rows, s["C"], s["F"])
    padded = np.pad(image, ((0, 0), (0, 0), (2, 2), (2, 2), (0, 0)))
    conv = np.zeros_like(image)
    for u in range(5):
        for w in range(5):
            part = padded[:, :, u : u + rows, w : w + s["C"]]
            conv += x["DW"][:, None, None, :, u, w] * part
    out = (prefill(x, s)["AV"] + conv.reshape(x["V"].shape)) * x["O"]
    return {"Y": np.einsum("bhpf,hfd->bpd", out, x["WO"])}
