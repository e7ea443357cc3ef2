"""A search that has so many seconds: when they are over it is interrupted, and keeps its best."""

from math import inf
from time import perf_counter

from accelsim.mapper.question import Progress


class OutOfTime(KeyboardInterrupt):
    """To strategies it is Ctrl-C, which all of them know what to do with."""


GRACE_S = 1.0
"""So long has who was interrupted to come to an answer, where others have answered."""


class Deadline:
    """So many seconds after it was made; `has_rung`: somebody was interrupted.

    Whoever goes on is interrupted once more, if `is_strict`: others have answered.
    """

    def __init__(self, seconds: float = inf) -> None:
        self._ends = perf_counter() + seconds
        self.has_rung = self.is_strict = False

    @property
    def left_s(self) -> float:
        return max(0.0, self._ends - perf_counter())

    @property
    def is_over(self) -> bool:
        return not self.left_s

    @property
    def _is_enough(self) -> bool:
        return self.is_strict and perf_counter() > self._ends + GRACE_S

    def watching(self, progress: Progress) -> Progress:
        """The same, but that the first call when time is over raises `OutOfTime`, and so do later
        ones if it is strict."""

        def told(strategy: str, value: float, candidates: int) -> None:
            progress(strategy, value, candidates)
            if self.is_over and (not self.has_rung or self._is_enough):
                self.has_rung = True
                raise OutOfTime

        return told
