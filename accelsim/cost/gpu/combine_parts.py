"""The kernel that adds up the parts of output tiles which a plan has cut over several blocks.

It is launched whether there are parts or not. A warp adds up a row: it reads how many parts there
are; of more than one, their sums, and then one pair of parts after the other.

    trips to L2 that need one another      1,  or  1 + 1 + ⌈parts / 2⌉ of the tile with most of them

Source: deepseek-ai/FlashMLA, csrc/sm90/kernels/mla_combine.cu (blocks of eight rows, a warp each;
the loop over parts is unrolled twice).
"""

from dataclasses import dataclass
from functools import cached_property
from math import ceil

import numpy as np

from accelsim.cost.gpu.combine import CombineWork
from accelsim.cost.gpu.tile import ACCUMULATOR_BYTES
from accelsim.mapping.stream_k import Walk

AT_ONCE = 2
"""Parts that a warp asks for before it waits."""


@dataclass(frozen=True)
class PartsCombineWork(CombineWork):
    @property
    def trips(self) -> int:
        most = int(self._walk.helpers.max()) + 1
        return 2 + ceil(most / AT_ONCE) if most > 1 else 1

    @property
    def parts(self) -> int:
        """Of all output tiles that were cut: the first block of a tile leaves one, too."""
        helpers = self._walk.helpers
        return int(np.count_nonzero(helpers) + helpers.sum())

    @property
    def _bytes(self) -> float:
        """Parts and their sums are written, and read."""
        call, bound = self.bound.call, self.bound
        rows = min(bound.tile.queries, bound.fold * call.p)
        return 2.0 * self.parts * rows * (call.value_dim + 1) * ACCUMULATOR_BYTES

    @cached_property
    def _walk(self) -> Walk:
        walk = self.bound.walk
        assert walk is not None
        return walk
