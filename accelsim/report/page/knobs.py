"""What of a machine may be moved by a slider, and what a position of the slider says.

    spatial array   bandwidth of the outermost memory, capacity of the buffer below it,
                    PEs along a side (all arrays grow alike), clock
    GPU             bandwidth of device memory, capacity of L2, SMs, clock
    system          bandwidth of each link; of each kind of device how many there are, its price,
                    and what may be moved on its machine

A knob that a machine does not have is not there: a GPU has no rows of PEs. Positions are whole
numbers, 0 what the machine's file says; so many of them double the number. Counts stay whole.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from accelsim.arch.gpu import Gpu
from accelsim.arch.load import is_gpu, load_arch
from accelsim.arch.load_gpu import load_gpu
from accelsim.arch.load_system import load_system, machines_of
from accelsim.arch.parts import Memory
from accelsim.arch.spatial import Spatial
from accelsim.arch.system import System
from accelsim.base.catalogue import find, names
from accelsim.base.errors import InputError
from accelsim.base.units import format_quantity, quantity
from accelsim.base.yamlfile import read_yaml

LARGEST_CHANGE = 2.0**20
"""Times what the file says, up or down: beyond, a number is a slip of the finger."""

PRICE = ".price"
"""How the keys of a system's prices end."""

Settings = Mapping[str, str]


@dataclass(frozen=True)
class Knob:
    """A number of a machine: its name, its unit (`1` for counts), the file's value, the slider.

    `paths` are what it sets, each with the value that the file has there; all of them change by the
    same factor. A slider has `reach` positions to each side, `a_doubling` of them a factor of two.
    """

    key: str
    label: str
    unit: str
    paths: tuple[tuple[str, float], ...]
    a_doubling: int
    reach: int
    note: str = ""

    @property
    def base(self) -> float:
        return self.paths[0][1]

    def at(self, position: int) -> float:
        """The number at a position, to three digits; at 0 the file's own, exactly."""
        if position == 0:
            return self.base
        number = float(f"{self.base * 2 ** (position / self.a_doubling):.3g}")
        return max(1.0, round(number)) if self.unit == "1" else number

    def position(self, number: float) -> int:
        """The nearest position."""
        nearest = round(self.a_doubling * math.log2(number / self.base))
        return max(-self.reach, min(self.reach, nearest))

    def read(self, text: str) -> float:
        """The number that somebody wrote: `800 GB/s`.

        Raises
        ------
        InputError
            if it is no quantity of this unit, not above 0, or far from all machines.
        """
        number = float(quantity(text, self.unit))
        if not self.base / LARGEST_CHANGE <= number <= self.base * LARGEST_CHANGE:
            there = f"the machine has {self.text(self.base)}"
            raise InputError(f"{self.label}: {text} is beyond anything sensible", remedy=there)
        if self.unit == "1" and number != int(number):
            raise InputError(f"{self.label}: {text} is no whole number")
        return number

    def text(self, number: float) -> str:
        """The number exactly, as `read` and the machine's YAML take it."""
        return exact_text(number, self.unit)

    def settings(self, number: float) -> dict[str, str]:
        """What the command line would set."""
        return {path: self.text(self._scaled(value, number)) for path, value in self.paths}

    def _scaled(self, value: float, number: float) -> float:
        scaled = number if value == self.base else value * number / self.base
        return max(1.0, round(scaled)) if self.unit == "1" else scaled


@lru_cache(maxsize=256)
def is_system(machine: str) -> bool:
    """Whether it is a system of machines."""
    if machine in names("systems"):
        return True
    return machine.endswith((".yaml", ".yml")) and "devices" in read_yaml(find(machine, "arch"))


@lru_cache(maxsize=64)
def runs_kernels(machine: str) -> bool:
    """Whether the machine of this name is a GPU."""
    return is_gpu(machine)


@lru_cache(maxsize=64)
def knobs_of(machine: str) -> tuple[Knob, ...]:
    """What may be moved on the machine or system of this name."""
    if is_system(machine):
        return tuple(_of_system(load_system(machine)))
    if runs_kernels(machine):
        return _of_gpu(load_gpu(machine))
    return _of_array(load_arch(machine))


def knob_named(machine: str, key: str) -> Knob | None:
    return next((knob for knob in knobs_of(machine) if knob.key == key), None)


def exact_text(number: float, unit: str) -> str:
    """A quantity without loss: in the prefix of `format_quantity` if four digits are enough."""
    if unit == "1":
        return f"{number:.0f}"
    short = format_quantity(number, unit).replace(",", "")
    return short if quantity(short, unit) == number else f"{number!r} {unit}"


def _of_gpu(gpu: Gpu) -> tuple[Knob, ...]:
    hbm, l2 = gpu.hbm, gpu.l2
    sms = (("sms", float(gpu.sms)), ("cluster_sms", float(gpu.cluster_sms)))
    found = [
        _bandwidth("HBM bandwidth", "memories.HBM.bandwidth", float(hbm.bandwidth.given),
                   hbm.bandwidth.unit),
        _capacity("L2 capacity", "memories.L2.capacity", float(l2.capacity_bytes)),
        Knob("array", "SMs", "1", sms, a_doubling=8, reach=16),
        _clock(float(gpu.clock_hz)),
    ]  # fmt: skip
    return tuple(found)


def _of_array(arch: Spatial) -> tuple[Knob, ...]:
    outermost, *below = arch.memories
    found = []
    rate = outermost.bandwidth
    if rate is not None:
        path = f"memories.{outermost.name}.bandwidth"
        found.append(_bandwidth(f"{outermost.name} bandwidth", path, float(rate.given), rate.unit))
    buffer = next(filter(_is_buffer, below), None)
    if buffer is not None:
        path, name = f"memories.{buffer.name}.capacity", f"{buffer.name} capacity"
        found.append(_capacity(name, path, float(buffer.capacity_bytes or 0)))
    return (*found, _sides(arch), _clock(float(arch.clock_hz)))


def _of_system(system: System) -> Iterator[Knob]:
    """Paths that begin with a device's name go on in its machine's file (`load_system`)."""
    machines = machines_of(system)
    for link in system.links:
        path = f"links.{link.name}.bandwidth"
        label = f"{link.name} bandwidth"
        yield replace(_bandwidth(label, path, link.bytes_per_s, "B/s"), key=f"{link.name}.link")
    for device in system.devices:
        kind, path = device.name, f"devices.{device.name}"
        count = ((f"{path}.count", float(device.count)),)
        yield Knob(f"{kind}.count", f"{kind}, how many", "1", count, a_doubling=1, reach=4)
        for knob in _of_device(machines[kind]):
            below = tuple((f"{kind}.{own}", number) for own, number in knob.paths)
            yield replace(knob, key=f"{kind}.{knob.key}", label=f"{kind} {knob.label}", paths=below)
        if device.price_usd_per_hour:
            price = ((f"{path}.price", float(device.price_usd_per_hour)),)
            label = f"{kind} price (each)"
            yield Knob(f"{kind}{PRICE}", label, "USD/h", price, 4, 16, device.source)


def _of_device(machine: Gpu | Spatial) -> tuple[Knob, ...]:
    return _of_gpu(machine) if isinstance(machine, Gpu) else _of_array(machine)


def _is_buffer(memory: Memory) -> bool:
    return memory.per is None and memory.capacity_bytes is not None


def _sides(arch: Spatial) -> Knob:
    """Rows and columns of all arrays; the label is of the first array's columns."""
    first = arch.compute[0]
    paths = [(f"compute.{first.name}.columns", float(first.columns))]
    for array in arch.compute:
        sides = {"columns": array.columns, "rows": array.rows}
        for side, number in sides.items():
            path = f"compute.{array.name}.{side}"
            if number > 1 and path != paths[0][0]:
                paths.append((path, float(number)))
    return Knob("array", f"{first.name} columns", "1", tuple(paths), a_doubling=1, reach=3)


def _bandwidth(label: str, path: str, number: float, unit: str) -> Knob:
    return Knob("bandwidth", label, unit, ((path, number),), a_doubling=8, reach=32)


def _capacity(label: str, path: str, number: float) -> Knob:
    return Knob("buffer", label, "B", ((path, number),), a_doubling=2, reach=12)


def _clock(hz: float) -> Knob:
    return Knob("clock", "Clock", "Hz", (("clock", hz),), a_doubling=8, reach=16)
