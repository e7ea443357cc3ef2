"""SEA (Lee et al. 2023, arXiv 2310.01777), section 3, causal - written from the definition."""

from math import erf

import numpy as np

SIZES = {
    **{"B": 2, "H": 2, "P": 19, "E": 3, "Y": 4, "D": 5},
    **{"X": 2, "Z": 3, "U": 3, "W": 3, "K": 4, "S": 4},
}
SIZES_OF = {"decode": {"P": 24}}


def inputs(rng, shapes, sizes):
    """Decoding starts from the states that the tokens before the last one left."""
    if "YB" not in shapes:
        return {}
    s, last = sizes, sizes["M"] - 1
    x = {name: rng.normal(size=shape) for name, shape in shapes.items()}
    x["KN"], x["VN"] = x["K"][:, :, last], x["V"][:, :, last]
    earlier = rng.normal(size=(s["B"], s["H"], last, s["E"]))
    places = rng.normal(size=(last, s["E"]))
    features = np.maximum(x["K"][:, :, :last] @ x["WF"].T, 0) + 0.001
    x["ZN0"] = features.sum(axis=2)
    x["ZV0"] = np.einsum("bhmy,bhmf->bhyf", features, x["V"][:, :, :last])
    x["ZE0"] = np.einsum("bhmy,mf->bhyf", features, places)
    x["VS0"] = x["V"][:, :, :last].sum(axis=2)
    for b in range(s["B"]):
        values = np.concatenate([places[None] + 0 * earlier[b], x["V"][b, :, :last]], axis=-1)
        heads = [
            hidden_rows(earlier[b, h], x["K"][b, h, :last], values[h], x) for h in range(s["H"])
        ]
        image = first_image(heads, x, s)
        x["YB"][b] = image[:, -4:]
        x["RB"][b] = convolved(image, x["C1"])[:, -4:]
    return x


def softmax(scores):
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True)


def normalized(rows):
    variance = rows.var(axis=-1, keepdims=True)
    return (rows - rows.mean(axis=-1, keepdims=True)) / np.sqrt(variance + 1e-5)


def performer(q, k, values, features):
    """Causal linear attention of one head, row by row, with the features relu(x w) + 0.001."""
    out = np.zeros((len(q), values.shape[1]))
    for p in range(len(q)):
        fq = np.maximum(features @ q[p], 0) + 0.001
        weights = np.array([fq @ (np.maximum(features @ k[m], 0) + 0.001) for m in range(p + 1)])
        out[p] = weights @ values[: p + 1] / weights.sum()
    return out


def convolved(image, kernel):
    """[A, P, Z] to [O, P, Z]: rows p, p - 2, p - 4 and columns z - 2, z, z + 2; then ReLU."""
    _, rows, columns = image.shape
    padded = np.pad(image, ((0, 0), (4, 0), (2, 2)))
    out = np.zeros((kernel.shape[0], rows, columns))
    for p, z in np.ndindex(rows, columns):
        patch = padded[:, p : p + 5 : 2, z : z + 5 : 2]
        out[:, p, z] = np.tensordot(kernel, patch, axes=3)
    return np.maximum(out, 0)


def gelu(v):
    return 0.5 * v * (1 + np.vectorize(erf)(v / np.sqrt(2)))


def hidden_rows(q, k, values, x):
    """The estimator's layer for one head; values are the places' and the tokens' side by side."""
    both = performer(q, k, values, x["WF"])
    weights = np.concatenate([x["WA"], x["WB"], x["WC"]])
    own = values[:, values.shape[1] // 2 :]
    return gelu(normalized(np.concatenate([both, own], axis=1) @ weights))


def first_image(heads, x, s):
    """The channels before the convolutions, from the hidden rows of all heads."""
    return np.array([normalized(rows @ x["WY"][c].T) for rows in heads for c in range(s["X"])])


def attended(q, k, v, columns, gate, s):
    """The last of the tokens: its best columns, attention, and the blend with the mean value."""
    length = len(k)
    budget = int(np.clip(np.round(s["K"] * s["J"] / length), 1, s["J"]))
    best = set(np.argsort(-columns, kind="stable")[:budget])
    tokens = [m for m in range(length) if m * s["J"] // length in best]
    exact = softmax(k[tokens] @ q) @ v[tokens]
    return gate * exact + (1 - gate) * v.mean(axis=0)


def prefill(x, s):
    out = np.zeros((s["B"], s["H"], s["P"], s["E"]))
    for b in range(s["B"]):
        q, k, v = x["Q"][b], x["K"][b], x["V"][b]
        values = [np.concatenate([x["VE"], v[h]], axis=1) for h in range(s["H"])]
        heads = [hidden_rows(q[h], k[h], values[h], x) for h in range(s["H"])]
        image = convolved(convolved(first_image(heads, x, s), x["C1"]), x["C2"])
        columns = np.einsum("ha,apz->hpz", x["WJ"], image).repeat(4, axis=-1)
        for h, p in np.ndindex(s["H"], s["P"]):
            gate = 1 / (1 + np.exp(-heads[h][p] @ x["WG"]))
            seen = slice(p + 1)
            out[b, h, p] = attended(q[h, p], k[h, seen], v[h, seen], columns[h, p], gate, s)
    return {"AV": out}


def decode(x, s):
    """One step from the states, each of which is a sum or the last rows of the definition above."""
    out = np.zeros((s["B"], s["H"], s["E"]))
    own_v = x["VN"]
    features = np.maximum(x["KN"] @ x["WF"].T, 0) + 0.001
    asked = np.maximum(x["Q"] @ x["WF"].T, 0) + 0.001
    sums = {
        "ZN": x["ZN0"] + features,
        "ZV": x["ZV0"] + features[..., None] * own_v[:, :, None],
        "ZE": x["ZE0"] + features[..., None] * x["VE"],
        "VS": x["VS0"] + own_v,
    }
    rows = {"Y1": np.zeros(x["YB"][:, :, 0].shape), "R1": np.zeros(x["RB"][:, :, 0].shape)}
    weights = np.concatenate([x["WA"], x["WB"], x["WC"]])
    for b in range(s["B"]):
        heads = []
        for h in range(s["H"]):
            norm = asked[b, h] @ sums["ZN"][b, h]
            places, values = (asked[b, h] @ sums[name][b, h] / norm for name in ("ZE", "ZV"))
            whole = np.concatenate([places, values, own_v[b, h]]) @ weights
            heads.append(gelu(normalized(whole[None])))
        rows["Y1"][b] = first_image(heads, x, s)[:, 0]
        image = np.concatenate([x["YB"][b], rows["Y1"][b][:, None]], axis=1)
        rows["R1"][b] = convolved(image, x["C1"])[:, -1]
        image = np.concatenate([x["RB"][b], rows["R1"][b][:, None]], axis=1)
        columns = (x["WJ"] @ convolved(image, x["C2"])[:, -1]).repeat(4, axis=-1)
        for h in range(s["H"]):
            gate = 1 / (1 + np.exp(-heads[h][0] @ x["WG"]))
            q, k, v = x["Q"][b, h], x["K"][b, h], x["V"][b, h]
            out[b, h] = attended(q, k, v, columns[h], gate, s)
    return {"AV": out, **sums, **rows}
