"""RetNet (Sun et al. 2023, arXiv 2307.08621), section 2 - with complex numbers."""

import numpy as np

SIZES = {"B": 2, "H": 2, "P": 11, "D": 5, "E": 4, "F": 3, "T": 4, "N": 9}
SIZES_OF = {"decode": {"P": 2}}
PASSES = {form: {"P": (1, 1)} for form in ("recurrent", "parallel", "chunked")}


def inputs(rng, shapes, sizes):
    signs = np.where(np.arange(sizes["E"]) % 2, 1.0, -1.0)
    angles = np.repeat(10000 ** -(np.arange(sizes["E"] // 2) / (sizes["E"] // 2)), 2)
    return {"SG": signs, "TH": angles, "GA": 1 - 2.0 ** (-5 - np.arange(sizes["H"]))}


def pairs(z):
    return z[..., 0::2] + 1j * z[..., 1::2]


def project(x, first):
    """Queries and keys as complex numbers, turned by exp(i n theta), and values."""
    length = x["X"].shape[1]
    turn = np.exp(1j * np.outer(first + np.arange(length), x["TH"][::2]))
    q, k, v = (np.einsum("bpd,hde->bhpe", x["X"], x[w]) for w in ("WQ", "WK", "WV"))
    return pairs(q) * turn, pairs(k) * turn, v


def gated(x, o):
    o = (o - o.mean(-1, keepdims=True)) / np.sqrt(o.var(-1, keepdims=True) + 1e-5)
    gate = np.einsum("bpd,hdf->bhpf", x["X"], x["WG"])
    return np.einsum("bhpf,hfd->bpd", gate / (1 + np.exp(-gate)) * o, x["WO"])


def recurrent(x, s):
    """Equation 5: (Q K^* . D) V with D = gamma^(n - m) for n >= m."""
    q, k, v = project(x, 0)
    n = np.arange(s["P"])
    gap = n[:, None] - n[None, :]
    decay = np.where(gap >= 0, x["GA"][:, None, None] ** np.maximum(gap, 0), 0)
    scores = np.einsum("bhpe,bhme->bhpm", q, k.conj()).real
    return {"Y": gated(x, np.einsum("bhpm,bhmf->bhpf", scores * decay, v))}


def decode(x, s):
    """Equation 6 from a given state, whose rows are pairs as well."""
    q, k, v = project(x, s["N"])
    state = x["SI"][:, :, 0::2] + 1j * x["SI"][:, :, 1::2]
    out = []
    for p in range(s["P"]):
        kv = k[:, :, p, :, None] * v[:, :, p, None, :]
        state = x["GA"][None, :, None, None] * state + kv
        out.append(np.einsum("bhe,bhef->bhf", q[:, :, p], state.conj()).real)
    last = np.empty_like(x["SI"])
    last[:, :, 0::2], last[:, :, 1::2] = state.real, state.imag
    return {"Y": gated(x, np.stack(out, 2)), "SO": last}
