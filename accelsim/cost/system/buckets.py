"""Functions of sizes, asked for at a few sizes and interpolated between them.

    Exact        every size is its own node
    Bucketed     all sizes to 16, then `per_octave` nodes for each doubling; linear in between

How far interpolation is off is measured, not assumed: `interpolation_error` of `costs` says it of a
plan, and a test holds it. Over 100 random batches of Llama 3 70B iterations are off by 0.5 % in the
mean and 4 % at worst on eight H100s, by 0.3 and 2.2 % on Lamina's two H100s and four H20s: kernels
jump where tiles fill, and libraries choose others.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import ceil, floor, log2
from typing import Protocol

from accelsim.cost.system.effort import Effort

FEW = 16
"""Up to here every size is a node."""


class Nodes(Protocol):
    def around(self, size: float) -> tuple[tuple[int, float], ...]:
        """The nodes that a size lies between, each with its weight; weights add up to 1."""


@dataclass(frozen=True)
class Exact:
    def around(self, size: float) -> tuple[tuple[int, float], ...]:
        return ((max(1, round(size)), 1.0),)


@dataclass(frozen=True)
class Bucketed:
    per_octave: int = 8

    def around(self, size: float) -> tuple[tuple[int, float], ...]:
        if size <= FEW:
            low, high = max(1, floor(size)), max(1, floor(size)) + 1
        else:
            step = floor(self.per_octave * log2(size / FEW))
            step -= self._node(step) > size
            step += self._node(step + 1) <= size
            low = self._node(step)
            # Steps of less than 1 make every size a node.
            high = max(self._node(step + 1), low + 1)
        share = min(1.0, max(0.0, (size - low) / (high - low)))
        return ((low, 1.0),) if share == 0 else ((low, 1 - share), (high, share))

    def between(self, low: int, high: int) -> tuple[int, ...]:
        """The two sizes, and all nodes between them, in order."""
        few = range(low + 1, min(FEW, high))
        steps = range(ceil(self.per_octave * log2(max(low, FEW) / FEW)), self._steps(high))
        above = (node for node in map(self._node, steps) if low < node < high)
        return tuple(sorted({low, *few, *above, high}))

    def _steps(self, size: int) -> int:
        return ceil(self.per_octave * log2(max(size, FEW) / FEW)) + 1

    def _node(self, step: int) -> int:
        return round(FEW * float(2.0 ** (step / self.per_octave)))


@dataclass(frozen=True)
class Interpolated:
    """`of(sizes)` at the nodes around the sizes, remembered; `slower` times as long."""

    of: Callable[..., Effort]
    nodes: Nodes
    slower: float = 1.0
    known: dict[tuple[int, ...], Effort] = field(default_factory=dict)

    def __call__(self, *sizes: float) -> Effort:
        corners: list[tuple[tuple[int, ...], float]] = [((), 1.0)]
        for size in sizes:
            around = self.nodes.around(size)
            corners = [((*at, node), w * share) for at, w in corners for node, share in around]
        seconds = joules = 0.0
        for at, weight in corners:
            found = self.known.get(at) or self._asked(at)
            seconds += weight * found.seconds
            joules += weight * found.joules
        return Effort(seconds * self.slower, joules)

    def _asked(self, at: tuple[int, ...]) -> Effort:
        self.known[at] = self.of(*at)
        return self.known[at]
