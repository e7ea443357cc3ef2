"""Aaren (Feng et al. 2024, arXiv 2405.13956), section 3 - written from the definition."""

import numpy as np

SIZES = {"B": 2, "H": 3, "P": 7, "E": 4, "F": 5, "T": 3, "L": 3}
SIZES_OF = {"decode": {"P": 2}}
PASSES = {"sequential": {"P": (1, 1)}, "prefix_softmax": {"W": (2, 1)}, "chunked": {"P": (1, 1)}}


def inputs(rng, shapes, sizes):
    return {"SD": rng.uniform(1, 5, shapes["SD"])} if "SD" in shapes else {}


def sequential(x, s):
    """Softmax attention of the learned query over each prefix, as a full masked matrix."""
    scores = np.einsum("he,bhme->bhm", x["Q"], x["K"])
    scores = np.broadcast_to(scores[:, :, None, :], (s["B"], s["H"], s["P"], s["P"]))
    scores = np.where(np.tril(np.ones((s["P"], s["P"]), bool)), scores, -np.inf)
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    weights /= weights.sum(-1, keepdims=True)
    return {"AV": np.einsum("bhpm,bhmf->bhpf", weights, x["V"])}


def decode(x, s):
    """The state is one more key, of score SM, that stands for SD keys of the sum SNV."""
    scores = np.einsum("he,bhme->bhm", x["Q"], x["K"])
    out = []
    for p in range(s["P"]):
        seen = np.concatenate([x["SM"][..., None], scores[..., : p + 1]], -1)
        top = seen.max(-1)
        weight = np.exp(seen - top[..., None])
        down = weight[..., 0] * x["SD"] + weight[..., 1:].sum(-1)
        up = weight[..., :1] * x["SNV"]
        up = up + np.einsum("bhm,bhmf->bhf", weight[..., 1:], x["V"][:, :, : p + 1])
        out.append(up / down[..., None])
    return {"AV": np.stack(out, 2), "NM": top, "ND": down, "NNV": up}
