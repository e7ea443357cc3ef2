"""Cascades to reduce: softmax under masks, over several ranks, more than once; sigmoid instead.

name: (rank, ranks, inputs, cascade, passes before and after)
"""

SOFTMAX: dict[str, tuple[str, str, str, str, tuple[int, int]]] = {
    "several_v_lse": (
        "M",
        "{P: 5, M: 7, F: 2, U: 3}",
        "{S: [P, M], V: [M, F], X: [M, U]}",
        """
        G[p] max= S[p,m]
        N[p,m] = exp(S[p,m] - G[p])
        D[p] += N[p,m]
        A[p,m] = N[p,m] / D[p]
        O[p,f] += A[p,m] * V[m,f]
        O2[p,u] += A[p,m] * X[m,u]
        L[p] = G[p] + log(D[p])
        """,
        (3, 1),
    ),
    "two_ranks": (
        "N",
        "{P: 3, N: 5, J: 4, F: 2}",
        "{S: [P, N, J], V: [N, J, F]}",
        """
        G[p] max= S[p,n,j]
        E[p,n,j] = exp(S[p,n,j] - G[p])
        D[p] += E[p,n,j]
        A[p,n,j] = E[p,n,j] / D[p]
        O[p,f] += A[p,n,j] * V[n,j,f]
        """,
        (3, 1),
    ),
    "two_ranks_causal": (
        "N",
        "{P: 20, N: 5, J: 4, F: 2}",
        "{S: [P, N, J], V: [N, J, F]}",
        """
        G[p] max= S[p,n,j] where n*J + j <= p
        E[p,n,j] = exp(S[p,n,j] - G[p]) where n*J + j <= p
        D[p] += E[p,n,j] where n*J + j <= p
        A[p,n,j] = E[p,n,j] / D[p] where n*J + j <= p
        O[p,f] += A[p,n,j] * V[n,j,f] where n*J + j <= p
        """,
        (3, 1),
    ),
    "grouped": (
        "M",
        "{B: 1, H: 4, R: 2, Z: H / R, P: 5, M: 7, E: 3, F: 2}",
        "{Q: [B, H, P, E], K: [B, Z, M, E], V: [B, Z, M, F]}",
        """
        QK[b,h,p,m] += Q[b,h,p,e] * K[b,h//R,m,e] where m <= p
        GM[b,h,p] max= QK[b,h,p,m] where m <= p
        SN[b,h,p,m] = exp(QK[b,h,p,m] - GM[b,h,p]) where m <= p
        SD[b,h,p] += SN[b,h,p,m] where m <= p
        SNV[b,h,p,f] += SN[b,h,p,m] * V[b,h//R,m,f] where m <= p
        AV[b,h,p,f] = SNV[b,h,p,f] / SD[b,h,p]
        """,
        (2, 1),
    ),
    "sigmoid": (
        "M",
        "{P: 5, M: 7, F: 2}",
        "{S: [P, M], V: [M, F]}",
        """
        A[p,m] = sigmoid(S[p,m])
        O[p,f] += A[p,m] * V[m,f]
        """,
        (1, 1),
    ),
    "weights_out": (
        "M",
        "{P: 5, M: 7, F: 2}",
        "{S: [P, M], V: [M, F]}",
        """
        G[p] max= S[p,m]
        N[p,m] = exp(S[p,m] - G[p])
        D[p] += N[p,m]
        A[p,m] = N[p,m] / D[p]
        """,
        (3, 2),
    ),
    "entropy": (
        "M",
        "{P: 5, M: 7}",
        "{S: [P, M]}",
        """
        G[p] max= S[p,m]
        N[p,m] = exp(S[p,m] - G[p])
        D[p] += N[p,m]
        A[p,m] = N[p,m] / D[p]
        H[p] += A[p,m] * log(A[p,m])
        """,
        (3, 1),
    ),
    "alibi": (
        "M",
        "{H: 2, P: 5, M: 7, F: 2}",
        "{S: [H, P, M], L: [H], V: [M, F]}",
        """
        B[h,p,m] = S[h,p,m] - L[h] * (p - m) where m <= p
        GM[h,p] max= B[h,p,m] where m <= p
        SN[h,p,m] = exp(B[h,p,m] - GM[h,p]) where m <= p
        SD[h,p] += SN[h,p,m] where m <= p
        A[h,p,m] = SN[h,p,m] / SD[h,p] where m <= p
        AV[h,p,f] += A[h,p,m] * V[m,f] where m <= p
        """,
        (3, 1),
    ),
    "mask": (
        "M",
        "{P: 5, M: 9, F: 2}",
        "{S: [P, M], T: [P, M], V: [M, F]}",
        """
        X[p,m] = less(T[p,m], 0.5)
        QK[p,m] = S[p,m] where X[p,m] and m < 8
        GM[p] max= QK[p,m] where X[p,m] and m < 8
        SN[p,m] = exp(QK[p,m] - GM[p]) where X[p,m] and m < 8
        SD[p] += SN[p,m] where X[p,m] and m < 8
        SNV[p,f] += SN[p,m] * V[m,f] where X[p,m] and m < 8
        AV[p,f] = SNV[p,f] / SD[p]
        """,
        (2, 1),
    ),
    "mean_then_softmax": (
        "M",
        "{P: 5, M: 7, F: 2}",
        "{S: [P, M], V: [M, F]}",
        """
        MU[p] += S[p,m] / M
        C[p,m] = S[p,m] - MU[p]
        G[p] max= C[p,m]
        N[p,m] = exp(C[p,m] - G[p])
        D[p] += N[p,m]
        O[p,f] += N[p,m] * V[m,f] / D[p]
        """,
        (4, 1),
    ),
    "heads_mixed": (
        "M",
        "{H: 2, P: 3, M: 7, F: 2}",
        "{S: [H, P, M], V: [H, M, F]}",
        """
        G[h,p] max= S[h,p,m]
        N[h,p,m] = exp(S[h,p,m] - G[h,p])
        D[h,p] += N[h,p,m]
        O[p,f] += N[h,p,m] / D[h,p] * V[h,m,f]
        """,
        (3, 1),
    ),
    "softmax_then_max": (
        "M",
        "{P: 5, M: 7}",
        "{S: [P, M]}",
        """
        G[p] max= S[p,m]
        N[p,m] = exp(S[p,m] - G[p])
        D[p] += N[p,m]
        A[p,m] = N[p,m] / D[p]
        B[p] max= A[p,m]
        """,
        (3, 1),
    ),
    "double_softmax": (
        "M",
        "{P: 5, M: 7}",
        "{S: [P, M], V: [M]}",
        """
        G[p] max= S[p,m]
        N[p,m] = exp(S[p,m] - G[p])
        D[p] += N[p,m]
        A[p,m] = N[p,m] / D[p]
        G2[p] max= A[p,m]
        N2[p,m] = exp(A[p,m] - G2[p])
        D2[p] += N2[p,m]
        O[p] += N2[p,m] / D2[p] * V[m]
        """,
        (5, 2),
    ),
    "gathered_keys": (
        "K",
        "{P: 3, M: 9, K: 5, E: 2, F: 2}",
        "{C: [P, M], Q: [P, E], KY: [M, E], V: [M, F]}",
        """
        I[p,k] topk= C[p,m]
        QK[p,k] += Q[p,e] * KY[I[p,k],e]
        GM[p] max= QK[p,k]
        SN[p,k] = exp(QK[p,k] - GM[p])
        SD[p] += SN[p,k]
        A[p,k] = SN[p,k] / SD[p]
        AV[p,f] += A[p,k] * V[I[p,k],f]
        """,
        (3, 1),
    ),
    "implied_window": (
        "W",
        "{P: 7, M: P, W: 5, F: 2}",
        "{S: [P, M], V: [M, F]}",
        """
        GM[p] max= S[p,p - w]
        SN[p,w] = exp(S[p,p - w] - GM[p])
        SD[p] += SN[p,w] where w <= p
        SNV[p,f] += SN[p,w] * V[p - w,f]
        AV[p,f] = SNV[p,f] / SD[p]
        """,
        (2, 1),
    ),
    "every_third": (
        "M",
        "{P: 5, M: 9}",
        "{S: [P, M], V: [M]}",
        """
        GM[p] max= S[p,m] where m % 3 == 0
        SN[p,m] = exp(S[p,m] - GM[p]) where m % 3 == 0
        SD[p] += SN[p,m] where m % 3 == 0
        SNV[p] += SN[p,m] * V[m] where m % 3 == 0
        AV[p] = SNV[p] / SD[p]
        """,
        (2, 1),
    ),
    "one_key_again": (
        "M",
        "{P: 5, M: 9, F: 2}",
        "{S: [P, M], V: [M, F]}",
        """
        GM[p] max= S[p,m]
        SN[p,m] = exp(S[p,m] - GM[p])
        SD[p] += SN[p,m]
        SNV[p,f] += SN[p,m] * V[m,f]
        ZN[p] = 2 * SN[p,0]
        AV[p,f] = (SNV[p,f] + ZN[p] * V[0,f]) / (SD[p] + ZN[p])
        """,
        (2, 1),
    ),
    "given_tiles": (
        "M",
        "{P: 9, M: 11, M0: 3, W: 2, F: 2}",
        "{S: [P, M], V: [M, F]}",
        """
        m -> m1, m0
        GM[p] max= S[p,m1,m0] where {near}
        SN[p,m1,m0] = exp(S[p,m1,m0] - GM[p]) where {near}
        SD[p] += SN[p,m1,m0] where {near}
        SNV[p,f] += SN[p,m1,m0] * V[m1,m0,f] where {near}
        AV[p,f] = SNV[p,f] / SD[p]
        """.replace("{near}", "m1*M0 + m0 <= p and (p - m1*M0 < W or m1 == 0)"),
        (2, 1),
    ),
    "slots_of_weights": (
        "M",
        "{P: 4, M: 6, A: 2, F: 2}",
        "{S: [P, A, M], V: [M, F]}",
        """
        GM[p] max= S[p,a,m] where a == 0 and m < 2 or a == 1 and 2 <= m
        SN[p,a,m] = exp(S[p,a,m] - GM[p]) where a == 0 and m < 2 or a == 1 and 2 <= m
        SD[p] += SN[p,a,m] where a == 0 and m < 2 or a == 1 and 2 <= m
        SNV[p,f] += SN[p,a,m] * V[m,f] where a == 0 and m < 2 or a == 1 and 2 <= m
        AV[p,f] = SNV[p,f] / SD[p]
        """,
        (2, 1),
    ),
}
