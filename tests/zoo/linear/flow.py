"""Flow-Attention (Wu et al. 2022, arXiv 2202.06258), equations 4-9 - from the definition."""

import numpy as np

SIZES = {"B": 2, "H": 3, "P": 6, "M": 6, "E": 4, "F": 5, "N": 7}
PASSES = {"prefill": {"M": (2, 2), "P": (2, 2)}, "sequential": {"M": (1, 1)}}
EPSILON = 1e-6
STATES = ("SKP", "SQP", "SKOP", "SQIP", "ZP")


def inputs(rng, shapes, sizes):
    """Decoding's flow from the sinks is large enough to be clipped, for some keys."""
    found = {name: rng.uniform(1, 2, shapes[name]) for name in STATES if name in shapes}
    return found | ({"SQIP": rng.uniform(1, 6, shapes["SQIP"])} if found else {})


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def heads(x, s, one_head):
    out = [
        [
            one_head(sigmoid(x["Q"][b, h]), sigmoid(x["K"][b, h]), x["V"][b, h])
            for h in range(s["H"])
        ]
        for b in range(s["B"])
    ]
    return {"AV": np.array(out)}


def noncausal(q, k, v):
    """One head; the last lines say what each step is called in the paper."""
    sinks, sources = len(q), len(k)
    incoming = (q + EPSILON) @ (k.sum(axis=0) + EPSILON)
    outgoing = (k + EPSILON) @ (q.sum(axis=0) + EPSILON)
    conserved_sink = (q + EPSILON) @ ((k / outgoing[:, None]).sum(axis=0) + EPSILON)
    conserved_source = (k + EPSILON) @ ((q / incoming[:, None]).sum(axis=0) + EPSILON)
    conserved_source = np.clip(conserved_source, -1, 1)
    competition = np.exp(conserved_source) / np.exp(conserved_source).sum() * sources
    aggregation = (q / incoming[:, None]) @ (k.T @ (competition[:, None] * v))
    return sigmoid(conserved_sink * sinks / sources)[:, None] * aggregation


def causal_head(q, k, v):
    """One head, each token from the tokens up to it."""
    incoming = np.zeros(len(q))
    outgoing = np.zeros(len(q))
    weights = np.zeros(len(q))
    competition = np.zeros(len(q))
    outputs = []
    for t in range(len(q)):
        seen = slice(0, t + 1)
        count = t + 1
        incoming[t] = (q[t] + EPSILON) @ (k[seen].sum(axis=0) + EPSILON) / count
        outgoing[t] = (k[t] + EPSILON) @ (q[seen].sum(axis=0) + EPSILON) / count
        source_sum = (k[seen] / outgoing[seen, None]).sum(axis=0) + EPSILON
        sink_sum = (q[seen] / incoming[seen, None]).sum(axis=0) + EPSILON
        conserved_sink = (q[t] + EPSILON) @ source_sum / count
        conserved_source = (k[t] + EPSILON) @ sink_sum / count
        weights[t] = np.exp(np.clip(conserved_source, -1, 1))
        competition[t] = weights[t] / weights[seen].sum() * count
        query = q[t] / incoming[t] / count
        aggregation = sum((query @ k[i]) * competition[i] * v[i] for i in range(count))
        outputs.append(sigmoid(conserved_sink) * aggregation)
    return np.array(outputs)


def prefill(x, s):
    return heads(x, s, noncausal)


def causal(x, s):
    return heads(x, s, causal_head)


def decode(x, s):
    q, k, v, count = sigmoid(x["Q"]), sigmoid(x["K"]), x["V"], s["N"]

    def dot(a, b):
        return ((a + EPSILON) * (b + EPSILON)).sum(axis=-1)

    new = {"SK": x["SKP"] + k, "SQ": x["SQP"] + q}
    incoming, outgoing = dot(q, new["SK"]) / count, dot(k, new["SQ"]) / count
    new["SKO"] = x["SKOP"] + k / outgoing[..., None]
    new["SQI"] = x["SQIP"] + q / incoming[..., None]
    weight = np.exp(np.clip(dot(k, new["SQI"]) / count, -1, 1))
    new["Z"] = x["ZP"] + weight
    competition = weight / new["Z"] * count
    new["S"] = x["SP"] + k[..., :, None] * (competition[..., None] * v)[..., None, :]
    aggregation = np.einsum("bhe,bhef->bhf", q / incoming[..., None] / count, new["S"])
    allocation = sigmoid(dot(q, new["SKO"]) / count)
    return {"AV": allocation[..., None] * aggregation, **new}
