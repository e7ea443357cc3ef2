"""What `check` returns: a law that a mapping breaks, with numbers where there are some."""

from typing import NamedTuple

from accelsim.mapping.loops import Number


class Violation(NamedTuple):
    """`where` (an Einsum, a memory, a step) breaks a law: `needed` of something `available`."""

    where: str
    fact: str
    needed: Number | None = None
    available: Number | None = None

    def __str__(self) -> str:
        return f"{self.where}: {self.fact}"
