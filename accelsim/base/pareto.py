"""Which of many rows of numbers no other row beats: what `study` and `mapper` call a front.

By moocore, whose C is compiled from the algorithms of Kung, Luccio and Preparata ("On finding the
maxima of a set of vectors", J. ACM 22, 1975) and later ones: a million rows in half a second.
"""

from typing import Any

import numpy as np

Values = np.ndarray[Any, np.dtype[np.float64]]
Mask = np.ndarray[Any, np.dtype[np.bool_]]

LARGEST = np.finfo(float).max


def unbeaten(values: Values) -> Mask:
    """Of n rows of k numbers, all to be minimised: which no other row beats.

    A row beats another if it is no worse in any number and better in one, so that equal rows are
    beaten together or not at all; a row with a NaN never counts.
    """
    # moocore takes a moment to load, which only fronts are worth.
    from moocore import is_nondominated

    found = np.zeros(len(values), dtype=bool)
    there = np.flatnonzero(~np.isnan(values).any(axis=1))
    if len(there):
        # It knows no infinities: the largest numbers there are stand for them.
        finite = np.clip(values[there], -LARGEST, LARGEST)
        found[there] = is_nondominated(finite, keep_weakly=True)
    return found
