"""The cascade of attention's gradients, beside differences of its result."""

import numpy as np

from accelsim.workload.interpret import interpret
from accelsim.workload.load import load_workload

SIZES = {"B": 1, "H": 2, "G": 2, "P": 5, "M": 7, "E": 3, "F": 4}


def attention(q, k, v):
    """Result, and the logarithm of each row's sum: [b, h, g, p, f], [b, h, g, p]."""
    scores = np.einsum("bhgpe,bhme->bhgpm", q, k)
    sums = np.log(np.exp(scores).sum(-1))
    return np.einsum("bhgpm,bhmf->bhgpf", np.exp(scores - sums[..., None]), v), sums


def difference(function, at, step=1e-6):
    """Central differences of a number in every element."""
    found = np.zeros_like(at)
    for index in np.ndindex(at.shape):
        high, low = at.copy(), at.copy()
        high[index] += step
        low[index] -= step
        found[index] = (function(high) - function(low)) / (2 * step)
    return found


def test_it_computes_what_differences_say():
    rng = np.random.default_rng(5)
    q, k, v = (rng.normal(size=shape) for shape in ((1, 2, 2, 5, 3), (1, 2, 7, 3), (1, 2, 7, 4)))
    gradient = rng.normal(size=(1, 2, 2, 5, 4))
    result, sums = attention(q, k, v)
    cascade = load_workload(
        "kernels/attention_backward", {f"ranks.{r}": str(n) for r, n in SIZES.items()}
    )
    inputs = {"Q": q, "K": k, "V": v, "AV": result, "DAV": gradient, "L": sums}
    found = interpret(cascade, inputs)

    def loss(q, k, v):
        return float((attention(q, k, v)[0] * gradient).sum())

    assert np.allclose(found["DQ"], difference(lambda at: loss(at, k, v), q), atol=1e-7)
    assert np.allclose(found["DK"], difference(lambda at: loss(q, at, v), k), atol=1e-7)
    assert np.allclose(found["DV"], difference(lambda at: loss(q, k, at), v), atol=1e-7)
