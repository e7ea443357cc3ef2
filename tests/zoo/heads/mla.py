"""Multi-head latent attention (DeepSeek-V2, arXiv 2405.04434), equations 9 to 19 - from them.

A head's key is its own part, made from the latent, joined with the shared rotated part.
"""

import numpy as np

SIZES = {"B": 2, "H": 3, "P": 5, "M": 5, "C": 4, "E": 3, "R": 4, "F": 5, "D": 7, "L": 6}
SIZES_OF = {
    "decode": {"P": 1, "M": 7},
    "decode_absorbed": {"P": 1, "M": 7},
    "decode_tokens": {"P": 2, "M": 7},
}
PASSES = {"prefill": {"M": (2, 1)}, "decode_absorbed": {"M": (2, 1)}}


def angles(positions, rotated):
    frequencies = 10000.0 ** (-2 * np.arange(rotated // 2) / rotated)
    return np.outer(np.arange(positions), frequencies)


def inputs(rng, shapes, sizes):
    if "TC" not in shapes:
        return {}
    half = angles(*shapes["TC"])
    return {
        "TC": np.hstack([np.cos(half), np.cos(half)]),
        "TS": np.hstack([-np.sin(half), np.sin(half)]),
        "NQ": rng.uniform(0.5, 1.5, shapes["NQ"]),
        "NKV": rng.uniform(0.5, 1.5, shapes["NKV"]),
    }


def attend(x, s, queries, rotated_queries, latent, rotated_keys):
    """All heads with keys [k_c ; k_r]; the queries are the last ones."""
    out = np.empty((s["B"], s["H"], s["P"], s["F"]))
    allowed = np.tril(np.ones((s["P"], s["M"]), bool), s["M"] - s["P"])
    for b in range(s["B"]):
        for h in range(s["H"]):
            key = np.hstack([latent[b] @ x["WUK"][h], rotated_keys[b]])
            query = np.hstack([queries[b, h], rotated_queries[b, h]])
            weights = np.where(allowed, np.exp(query @ key.T), 0)
            weights /= weights.sum(axis=1, keepdims=True)
            out[b, h] = weights @ (latent[b] @ x["WUV"][h])
    return out


def prefill(x, s):
    return {"AV": attend(x, s, x["Q"], x["QR"], x["CKV"], x["KR"])}


decode = decode_tokens = prefill


def rotate(vectors):
    """Each pair (a, b) as the complex number a + ib, turned by its position's angle."""
    positions, rotated = vectors.shape[-2:]
    half = rotated // 2
    turned = vectors[..., :half] + 1j * vectors[..., half:]
    turned = turned * np.exp(1j * angles(positions, rotated))
    return np.concatenate([turned.real, turned.imag], axis=-1)


def rms_norm(vectors, weights):
    return vectors / np.sqrt((vectors**2).mean(axis=-1, keepdims=True) + 1e-6) * weights


def layer(x, s):
    c_q = rms_norm(x["X"] @ x["WDQ"], x["NQ"])
    c_kv = rms_norm(x["X"] @ x["WDKV"], x["NKV"])
    k_r = rotate(x["X"] @ x["WKR"])
    q_c = np.stack([c_q @ w for w in x["WUQ"]], axis=1)
    q_r = rotate(np.stack([c_q @ w for w in x["WQR"]], axis=1))
    heads = attend(x, s, q_c, q_r, c_kv, k_r)
    joined = heads.transpose(0, 2, 1, 3).reshape(s["B"], s["P"], -1)
    return {"LKV": c_kv, "RK": k_r, "Y": joined @ x["WO"].reshape(-1, s["D"])}
