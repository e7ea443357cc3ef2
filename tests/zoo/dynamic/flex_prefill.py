"""FlexPrefill (Lai et al. 2025, arXiv 2502.20766), section 3 - written from the definition."""

import numpy as np

SIZES = {"B": 1, "H": 4, "G": 2, "P": 40, "E": 3, "F": 5, "N": 4, "A": 2}
PASSES = {"query_aware": {"M": (2, 1)}}


def inputs(rng, shapes, sizes):
    """The first heads' queries are small, so that their attention is flat: both choices occur. For
    the choice alone they are scaled until the divergence is just below or above the threshold."""
    queries = rng.normal(size=shapes["Q"])
    queries[:, : sizes["H"] // 2] *= 0.1
    queries[:, sizes["H"] // 2 :] *= 2.5
    if "V" in shapes:
        return {"Q": queries}
    keys = rng.normal(size=shapes["K"])
    for b, h in np.ndindex(sizes["B"], sizes["H"]):
        low, high = 0.0, 8.0
        direction = rng.normal(size=queries[b, h].shape)
        for _ in range(40):
            scale = (low + high) / 2
            queries[b, h] = scale * direction
            below = _divergence({"Q": queries, "K": keys}, sizes, b, h) < 0.1 + 0.001 * (-1) ** h
            low, high = (scale, high) if below else (low, scale)
    return {"Q": queries, "K": keys}


def _softmax(scores):
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    return weights / weights.sum(-1, keepdims=True)


def _attend(x, keep):
    share = x["Q"].shape[1] // x["K"].shape[1]
    keys, values = (np.repeat(x[name], share, axis=1) for name in "KV")
    return {"AV": _softmax(np.where(keep, x["Q"] @ keys.swapaxes(-1, -2), -np.inf)) @ values}


def _by_token(blocks, size):
    """A mask by blocks as a mask by tokens, causal."""
    mask = np.kron(blocks, np.ones((size, size))) > 0
    return mask & np.tri(len(mask), dtype=bool)


def _last_block(x, s, b, h):
    """Attention of the last block of queries, and of their keys' positions."""
    length, size = s["P"], s["N"]
    scores = x["Q"][b, h, -size:] @ x["K"][b, h // (s["H"] // s["G"])].T
    later = np.arange(length - size, length)[:, None] < np.arange(length)
    return _softmax(np.where(later, -np.inf, scores))


def _number_to_cover(shares, gamma=0.95):
    """How many of the largest shares are needed for a sum of gamma."""
    total, count = 0.0, 0
    for share in sorted(shares, reverse=True):
        if total >= gamma:
            break
        total, count = total + share, count + 1
    return count


def query_aware(x, s):
    size, blocks = s["N"], s["P"] // s["N"]
    keep = np.zeros((s["B"], s["H"], s["P"], s["P"]), bool)
    for b, h in np.ndindex(s["B"], s["H"]):
        queries = x["Q"][b, h].reshape(blocks, size, -1).mean(1)
        keys = x["K"][b, h // (s["H"] // s["G"])].reshape(blocks, size, -1).mean(1)
        causal = np.tri(blocks, dtype=bool)
        attention = _softmax(np.where(causal, queries @ keys.T, -np.inf))
        attention /= attention.sum()
        kept, total = np.eye(blocks, dtype=bool), 0.0
        kept[:, 0] = True
        for pair in np.argsort(-attention.ravel()):
            if total >= 0.95:
                break
            kept[divmod(pair, blocks)] = True
            total += attention.ravel()[pair]
        keep[b, h] = _by_token(kept, size)
    return _attend(x, keep)


def vertical_slash(x, s):
    length, size = s["P"], s["N"]
    blocks = length // size
    keep = np.zeros((s["B"], s["H"], length, length), bool)
    for b, h in np.ndindex(s["B"], s["H"]):
        attention = _last_block(x, s, b, h) / size
        columns = attention.sum(0)
        diagonals = np.zeros(length)
        for row in range(size):
            for key in range(length - size + row + 1):
                diagonals[length - size + row - key] += attention[row, key]
        kept = np.zeros((blocks, blocks), bool)
        for shares, direction in ((columns, "column"), (diagonals, "diagonal")):
            count = max(_number_to_cover(shares) // size + 1, s["A"])
            sums = shares.reshape(blocks, size).sum(1)
            sums[0] = np.inf
            for best in np.argsort(-sums)[:count]:
                if direction == "column":
                    kept[:, best] = True
                else:
                    kept |= np.eye(blocks, k=-best, dtype=bool)
        keep[b, h] = _by_token(kept, size)
    return _attend(x, keep)


def _divergence(x, s, b, h):
    """The root of the Jensen-Shannon divergence of the last queries' attention and its estimate."""
    size, blocks = s["N"], s["P"] // s["N"]
    keys = x["K"][b, h // (s["H"] // s["G"])].reshape(blocks, size, -1).mean(1)
    estimated = _softmax(keys @ x["Q"][b, h, -size:].mean(0))
    exact = _last_block(x, s, b, h).mean(0).reshape(blocks, size).sum(1)
    middle = (estimated + exact) / 2
    return np.sqrt(sum((p * np.log(p / middle)).sum() for p in (estimated, exact)) / 2)


def choice(x, s):
    chosen = np.zeros((s["B"], s["H"]))
    for b, h in np.ndindex(s["B"], s["H"]):
        chosen[b, h] = _divergence(x, s, b, h) < 0.1
    return {"QA": chosen}


def both(x, s):
    chosen = choice(x, s)["QA"][:, :, None, None] > 0
    return {"AV": np.where(chosen, query_aware(x, s)["AV"], vertical_slash(x, s)["AV"])}
