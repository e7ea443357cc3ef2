"""What a kernel asks of a GPU, and how long it takes at a clock.

A call of a library is one kernel or several, one after the other. Each is a `Work`: it counts its
actions, which cost energy and do not depend on the clock, and tells its time at a clock, with the
caches cold (and L2 full of dirty lines) or warm (the same call ran just before).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable


@dataclass(frozen=True)
class Times:
    """Seconds of a kernel: in all, and what each resource would need by itself.

    `facts` are numbers that explain them: waves, resident blocks, bytes, ...
    """

    seconds: float
    by_resource: Mapping[str, float]
    facts: Mapping[str, float | str] = field(default_factory=dict)

    @property
    def bound(self) -> str:
        """The resource that needs longest."""
        return max(self.by_resource, key=lambda name: self.by_resource[name])


@runtime_checkable
class Timed(Protocol):
    """Work that also tells its seconds without what explains them, which takes less time."""

    def seconds(self, clock_hz: float, cold: bool) -> float: ...


class Work(Protocol):
    """One kernel with its numbers."""

    @property
    def name(self) -> str: ...

    def actions(self, cold: bool) -> Mapping[str, float]:
        """How often each action of `gpu.power` happens."""

    def times(self, clock_hz: float, cold: bool) -> Times:
        """Without what starting a kernel after another takes."""
