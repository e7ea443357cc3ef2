"""What goes wrong while a system serves: a device that slows down or dies, a link that degrades.

    - {at: 100 s, what: H20.1, kind: slows, by: 2, for: 60 s}
    - {at: 200 s, what: H100.0, kind: dies, for: 300 s}
    - {at: 50 s, what: rdma, kind: degrades, by: 4}

All devices of a layer wait for the slowest of them. A device that dies takes the keys and values of
its engine's sequences along, or the prompt that its group is at: they are queued again. Without
`for`, it is for good.
"""

from collections.abc import Iterable, Iterator, Mapping
from math import inf
from typing import Literal, Self

from pydantic import model_validator

from accelsim.arch.system import System, Worker
from accelsim.base.errors import ArchError, did_you_mean
from accelsim.base.node import Node
from accelsim.base.record import NonNegative, Positive, Record, read_record


class Fault(Record):
    at_s: NonNegative
    what: str
    kind: Literal["slows", "dies", "degrades"]
    by: Positive = 1
    for_s: Positive = inf

    @model_validator(mode="after")
    def _is_a_fault(self) -> Self:
        if self.kind != "dies" and self.by <= 1:
            raise ValueError("by: give a factor above 1")
        if self.kind == "dies" and self.by != 1:
            raise ValueError("by: what dies is no slower; leave it out, or write 'kind: slows'")
        return self

    @property
    def until_s(self) -> float:
        return float(self.at_s + self.for_s)


class Faults(Record):
    """A file of them."""

    about: str = ""
    faults: tuple[Fault, ...]


def read_faults(node: Node, system: System) -> tuple[Fault, ...]:
    """Raises
    ------
    ArchError
        if a fault is of no device (`H20.1`) or link of the system.
    """
    faults = read_record(node, Faults).faults
    workers, links = [str(each) for each in system.workers()], [each.name for each in system.links]
    for number, fault in enumerate(faults):
        known = links if fault.kind == "degrades" else workers
        if fault.what not in known:
            remedy = did_you_mean(fault.what, known) or f"There are {', '.join(known)}"
            at = node["faults"].elements()[number].place
            raise ArchError(f"nothing called {fault.what!r} {fault.kind}", at=at, remedy=remedy)
    return faults


def changes(faults: Iterable[Fault]) -> Iterator[float]:
    """The times after 0 at which something changes, in order."""
    times = {time for fault in faults for time in (fault.at_s, fault.until_s)}
    return iter(sorted(time for time in times if 0 < time < inf))


def at(faults: Iterable[Fault], now_s: float) -> tuple[Fault, ...]:
    """Those in force."""
    return tuple(fault for fault in faults if fault.at_s <= now_s < fault.until_s)


def concerns(fault: Fault, workers: Mapping[str, tuple[Worker, ...]]) -> bool:
    """Whether it is a link's, which all use, or of one of these devices, given by their kinds."""
    names = {str(worker) for own in workers.values() for worker in own}
    return fault.kind == "degrades" or fault.what in names


def dead_of(faults: Iterable[Fault]) -> frozenset[str]:
    """The devices that are dead, however often they died."""
    return frozenset(fault.what for fault in faults if fault.kind == "dies")


def dies_at(faults: Iterable[Fault], now_s: float) -> bool:
    """Whether one of the faults in force begins to kill a device that was alive until now."""
    faults = tuple(faults)
    return bool(dead_of(faults) - dead_of(fault for fault in faults if fault.at_s < now_s))


def factors(faults: Iterable[Fault]) -> Mapping[str, float]:
    """By how much each device or link is slower."""
    found: dict[str, float] = {}
    for fault in faults:
        if fault.kind != "dies":
            found[fault.what] = found.get(fault.what, 1.0) * float(fault.by)
    return found
