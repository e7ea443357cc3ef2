"""HiP (Lee et al. 2024, arXiv 2406.09827), section 3 and algorithm 1 - from the definition."""

import numpy as np

SIZES = {
    **{"B": 2, "H": 2, "G": 1, "P": 24, "M": 24, "E": 3, "F": 4},
    **{"U": 2, "K": 3, "S": 2, "N": 4},
}
SIZES_OF = {"decode": {"P": 2, "M": 26}, "decode_reuse": {"P": 2}}
PASSES = {"decode_reuse": {"K": (2, 1)}}


def inputs(rng, shapes, sizes):
    """Distinct blocks."""
    if "I" not in shapes:
        return {}
    blocks = sizes["M"] // sizes["U"]
    rows = [rng.permutation(blocks)[: sizes["K"]] for _ in np.ndindex(*shapes["I"][:-1])]
    return {"I": np.array(rows).reshape(shapes["I"])}


def softmax(scores):
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True)


def searched(queries, positions, keys, blocks, s):
    """The key blocks that a block of queries finds among the first `blocks`."""
    k, u = s["K"], s["U"]
    segments = [(i * blocks // k, (i + 1) * blocks // k) for i in range(k)]
    for _ in range(s["L"]):
        halves = []
        for start, end in segments:
            middle = (start + end) // 2
            halves += [half for half in ((start, middle), (middle, end)) if half[0] < half[1]]
        scores = []
        for start, end in halves:
            first = (start + end) // 2 * u
            seen = [
                q @ keys[m]
                for q, p in zip(queries, positions, strict=True)
                for m in range(first, first + u)
                if m <= p
            ]
            scores.append(max(seen))
        segments = [halves[i] for i in np.argsort(scores)[::-1][:k]]
    assert all(end - start <= 1 for start, end in segments)
    return sorted({start for start, end in segments if start < end})


def prefill(x, s):
    out = np.zeros((s["B"], s["H"], s["P"], s["F"]))
    share = s["H"] // s["G"]
    for b, h, start in np.ndindex(s["B"], s["H"], s["P"] // s["N"]):
        q, keys, values = x["Q"][b, h], x["K"][b, h // share], x["V"][b, h // share]
        block = range(start * s["N"], (start + 1) * s["N"])
        kept = searched(q[block], block, keys, block.stop // s["U"], s)
        for p in block:
            tokens = [c * s["U"] + i for c in kept for i in range(s["U"])]
            tokens = [m for m in tokens if m <= p]
            out[b, h, p] = softmax(keys[tokens] @ q[p]) @ values[tokens]
    return {"AV": out}


def last_block(x, s, kept):
    """The last P tokens over the kept blocks of each head."""
    out = np.zeros((s["B"], s["H"], s["P"], s["F"]))
    share = s["H"] // s["G"]
    for b, h, p in np.ndindex(s["B"], s["H"], s["P"]):
        tokens = [c * s["U"] + i for c in kept[b][h] for i in range(s["U"])]
        tokens = [m for m in tokens if m <= p + s["M"] - s["P"]]
        keys, values = x["K"][b, h // share, tokens], x["V"][b, h // share, tokens]
        out[b, h, p] = softmax(keys @ x["Q"][b, h, p]) @ values
    return {"AV": out}


def decode(x, s):
    positions = range(s["M"] - s["P"], s["M"])
    blocks, share = s["M"] // s["U"], s["H"] // s["G"]
    kept = [
        [searched(x["Q"][b, h], positions, x["K"][b, h // share], blocks, s) for h in range(s["H"])]
        for b in range(s["B"])
    ]
    return last_block(x, s, kept)


def decode_reuse(x, s):
    return last_block(x, s, x["I"].astype(int))
