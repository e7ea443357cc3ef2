"""HyperAttention (Han et al. 2023, arXiv 2310.05869), algorithms 1 to 3 - from the definition."""

import numpy as np

SIZES = {"B": 1, "H": 2, "P": 24, "E": 3, "F": 5, "A": 3, "Z": 8, "N": 4, "C": 7, "S": 1}
SIZES_OF = {"causal": {"P": 32}}
PASSES = {"prefill": {"U": (2, 1), "C": (2, 1)}}


def inputs(rng, shapes, sizes):
    gray = [code ^ code >> 1 for code in range(sizes["Z"])]  # the codes in Gray order
    length = sizes["M"] if "L" not in sizes else sizes["L"]
    columns = [rng.permutation(length)[: sizes["C"]] for _ in range(sizes["B"] * sizes["H"])]
    return {
        "BW": 2.0 ** np.arange(sizes["A"]),
        "T": np.argsort(gray),
        "J": np.reshape(columns, shapes["J"]),
    }


def _order(vectors, projections):
    """Tokens by the place of their signs in Gray order: stable."""
    signs = vectors @ projections > 0
    places = []
    for row in signs:
        binary = 0
        flipped = False
        for sign in row[::-1]:  # from the most significant bit: Gray code to binary number
            flipped ^= bool(sign)
            binary = 2 * binary + flipped
        places.append(binary)
    return np.argsort(places, kind="stable")


def _approximate(q, k, x, b, h, s):
    """Weights [query, key], un-normalised: exact in the diagonal blocks, and sampled columns."""
    order_q, order_k = _order(q, x["W"]), _order(k, x["W"])
    weights = np.zeros((len(q), len(k)))
    for place_q, query in enumerate(order_q):
        for place_k, key in enumerate(order_k):
            score = np.exp(q[query] @ k[key])
            if place_q // s["N"] == place_k // s["N"]:
                weights[query, key] += score
            elif place_k in x["J"][b, h]:
                weights[query, key] += score * len(k) / s["C"]
    return weights


def prefill(x, s):
    out = np.zeros((s["B"], s["H"], s["P"], s["F"]))
    for b, h in np.ndindex(s["B"], s["H"]):
        weights = _approximate(x["Q"][b, h], x["K"][b, h], x, b, h, s)
        out[b, h] = weights @ x["V"][b, h] / weights.sum(1, keepdims=True)
    return {"AV": out}


def causal(x, s):
    half = s["P"] // 2
    out = np.zeros((s["B"], s["H"], s["P"], s["F"]))
    for b, h in np.ndindex(s["B"], s["H"]):
        q, k = x["Q"][b, h], x["K"][b, h]
        weights = np.zeros((s["P"], s["P"]))
        for part in (slice(0, half), slice(half, None)):
            weights[part, part] = np.tril(np.exp(q[part] @ k[part].T))
        weights[half:, :half] = _approximate(q[half:], k[:half], x, b, h, s)
        out[b, h] = weights @ x["V"][b, h] / weights.sum(1, keepdims=True)
    return {"AV": out}
