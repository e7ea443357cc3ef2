"""What selections and transforms mean on numpy arrays, a block of points at once.

    I[p,k] topk= C[p,m]      positions m of the K largest, largest first; of equals the first
    I[p,r] sort= C[p,m]      all positions, smallest value first; of equals the first
    Z[m] argmax= S[m,s]      position of the largest, `argmin` of the smallest; of equals the first
    X[w] fft= A[m]           X_w = Σ_m A_m · exp(-2πi·w·m / W), A taken as 0 from M to W
    Y[p] ifft= X[w]          Y_p = Re( 1/W · Σ_w X_w · exp(+2πi·w·p / W) ), for p < P <= W

Points that do not exist are no candidates (0 in a transform); slots without a candidate hold -1.
"""

from collections.abc import Callable

import numpy as np

from accelsim.workload.gather import Array, Mask

NOTHING = -1


def selected(kind: str, values: Array, exists: Mask | None, slots: int) -> Array:
    """The last axis of `values`, candidates, turned into `slots` results."""
    return _MEANINGS[kind](values, exists, slots)


def _largest(values: Array, exists: Mask | None, slots: int) -> Array:
    return _first(-values, exists, slots)


def _first(keys: Array, exists: Mask | None, slots: int) -> Array:
    """Positions by rising key; those that do not exist come last, as -1."""
    if exists is None:
        order = np.argsort(keys, axis=-1, kind="stable")
        return _padded(order, slots)
    there = np.broadcast_to(exists, keys.shape)
    order = np.lexsort((keys, ~there), axis=-1)
    found = np.where(np.take_along_axis(there, order, axis=-1), order, NOTHING)
    return _padded(found, slots)


def _padded(order: Array, slots: int) -> Array:
    missing = max(0, slots - order.shape[-1])
    width = [(0, 0)] * (order.ndim - 1) + [(0, missing)]
    return np.pad(order, width, constant_values=NOTHING)[..., :slots]


def _fft(values: Array, exists: Mask | None, slots: int) -> Array:
    return np.fft.fft(_zeroed(values, exists), n=slots, axis=-1)


def _ifft(values: Array, exists: Mask | None, slots: int) -> Array:
    return np.fft.ifft(_zeroed(values, exists), axis=-1).real[..., :slots]


def _zeroed(values: Array, exists: Mask | None) -> Array:
    return values if exists is None else np.where(exists, values, 0)


_MEANINGS: dict[str, Callable[[Array, Mask | None, int], Array]] = {
    "topk": _largest,
    "sort": _first,
    "argmax": _largest,
    "argmin": _first,
    "fft": _fft,
    "ifft": _ifft,
}
