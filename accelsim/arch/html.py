"""A machine in a notebook: its parts as tables."""

from collections.abc import Iterator

from accelsim.arch.gpu import Gpu
from accelsim.arch.spatial import Spatial, instances, parent
from accelsim.arch.system import System
from accelsim.base.notebook import heading, shown, table
from accelsim.base.record import Rate


def html(machine: Spatial | Gpu | System) -> str:
    if isinstance(machine, Spatial):
        return "".join(_spatial(machine))
    return "".join(_gpu(machine) if isinstance(machine, Gpu) else _system(machine))


def _spatial(arch: Spatial) -> Iterator[str]:
    yield heading("A spatial accelerator", arch.about)
    yield table(("clock", shown(arch.clock_hz, "Hz")), ())
    memories = [
        (
            each.name,
            parent(arch, each.name) or "",
            shown(instances(arch, each.name), "1"),
            shown(each.capacity_bytes, "B"),
            _rate(each.bandwidth),
            shown(each.read_pj_per_byte, "pJ/B"),
            shown(each.write_pj_per_byte, "pJ/B"),
        )
        for each in arch.memories
    ]
    yield table(("memory", "under", "of them", "capacity", "bandwidth", "read", "write"), memories)
    arrays = [
        (
            each.name,
            parent(arch, each.name) or "",
            f"{shown(each.rows, '1')} x {shown(each.columns, '1')}",
            ", ".join(each.operations),
        )
        for each in arch.compute
    ]
    yield table(("array", "under", "PEs", "operations"), arrays)


def _gpu(gpu: Gpu) -> Iterator[str]:
    yield heading("A GPU", gpu.about)
    yield table(("SMs", "clock"), [(shown(gpu.sms, "1"), shown(gpu.clock_hz, "Hz"))])
    memories = [
        (
            each.name,
            shown(each.capacity_bytes, "B"),
            _rate(each.bandwidth),
            shown(each.latency_s, "s"),
        )
        for each in gpu.memories
    ]
    yield table(("memory", "capacity", "bandwidth", "latency"), memories)
    cores = [
        (each.name, word, shown(flop, "1"))
        for each in gpu.tensor
        for word, flop in each.flop.items()
    ]
    yield table(("tensor cores", "word", "FLOP a cycle and SM"), cores)


def _system(system: System) -> Iterator[str]:
    yield heading("A system", system.about)
    devices = [
        (
            each.name,
            each.machine,
            shown(each.count, "1"),
            each.role,
            shown(each.price_usd_per_hour, "USD/h"),
        )
        for each in system.devices
    ]
    yield table(("device", "machine", "of them", "role", "price of one"), devices)
    links = [
        (each.name, " - ".join(each.between), _rate(each.bandwidth), shown(each.latency_s, "s"))
        for each in system.links
    ]
    yield table(("link", "between", "bandwidth", "latency"), links)


def _rate(rate: Rate | None) -> str:
    return "" if rate is None else shown(rate.given, rate.unit)
