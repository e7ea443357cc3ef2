"""Lengths of the sequences of a ragged batch, drawn once and for all.

    longest    one sequence has it, whatever the draw
    others     longest · u^k, of u that are spread over (0, 1): one in each of b - 1 equal parts;
               the mean of u^k is 1 / (k + 1), so that k = 1 / t - 1, where t = (b · mean - 1) /
               (b - 1) is what the others must have in the mean, as a share of the longest

Then all are shuffled. The same seed gives the same shares at every length.
"""

import numpy as np

from accelsim.base.errors import StudyError


def drawn_lengths(longest: int, number: int, mean: float, seed: int) -> tuple[int, ...]:
    """`number` lengths, the greatest `longest`, about `mean · longest` in the mean.

    Raises
    ------
    StudyError
        if the longest alone has more than that mean, or the mean is more than the longest.
    """
    if not (1 / number < mean <= 1 or number == mean == 1):
        fact = f"{number} sequences cannot have {mean:g} of the longest one in the mean"
        raise StudyError(fact, remedy="Take more than 1 / sequences, and 1 at most")
    rng = np.random.default_rng(seed)
    others = number - 1
    spread = (np.arange(others) + rng.random(others)) / max(1, others)
    power = others / (number * mean - 1) - 1 if others else 0.0
    keys = np.maximum(1, np.ceil(longest * spread**power)).astype(int)
    return tuple(int(each) for each in rng.permutation([longest, *keys]))
