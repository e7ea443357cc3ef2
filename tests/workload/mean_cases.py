"""Cascades to reduce: means and norms, and what is made with them.

name: (rank, ranks, inputs, cascade, passes before and after)
"""

MEANS: dict[str, tuple[str, str, str, str, tuple[int, int]]] = {
    "layer_norm": (
        "D",
        "{P: 3, D: 7, F: 4}",
        "{X: [P, D], G: [D], C: [D], W: [D, F]}",
        """
        MU[p] += X[p,d] / D
        VAR[p] += square(X[p,d] - MU[p]) / D
        N[p,d] = (X[p,d] - MU[p]) * rsqrt(VAR[p] + 1e-5) * G[d] + C[d]
        Y[p,f] += N[p,d] * W[d,f]
        """,
        (3, 1),
    ),
    "tanh": (
        "M",
        "{P: 5, M: 7}",
        "{S: [P, M]}",
        """
        MU[p] += S[p,m] / M
        T[p] += tanh(S[p,m] - MU[p])
        """,
        (2, 2),
    ),
    "rms_projection": (
        "D",
        "{P: 3, D: 7, F: 4}",
        "{X: [P, D], G: [D], W: [D, F]}",
        """
        Q[p] += X[p,d] * X[p,d]
        I[p] = rsqrt(Q[p] / D + 1e-5)
        N[p,d] = X[p,d] * I[p] * G[d]
        Y[p,f] += N[p,d] * W[d,f]
        """,
        (2, 1),
    ),
    "threshold": (
        "M",
        "{P: 3, M: 7}",
        "{S: [P, M]}",
        """
        MU[p] += S[p,m] / M
        Y[p] += less(MU[p], S[p,m]) * S[p,m]
        """,
        (2, 2),
    ),
    "variance_causal": (
        "M",
        "{P: 5, M: 7}",
        "{S: [P, M]}",
        """
        N[p] += equal(S[p,m], S[p,m]) where m <= p
        MU[p] += S[p,m] / N[p] where m <= p
        VAR[p] += square(S[p,m] - MU[p]) where m <= p
        """,
        (3, 1),
    ),
    "window_mean": (
        "W",
        "{P: 5, W: 3}",
        "{X: [P], K: [W]}",
        """
        MU[p] += X[p - w]
        Y[p] += (X[p - w] - MU[p]) * K[w]
        """,
        (2, 1),
    ),
}
