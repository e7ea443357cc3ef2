"""A system as text: its devices with what each is, has and costs, its links, how it is laid out.

    USD an hour = Σ devices count · price          power = Σ GPUs count · limit of the board

Of a machine are told the memory that holds keys and values (HBM of a GPU, the outermost one of a
spatial array), its bandwidth, and the most FLOP a second: what the datasheet prints of a GPU's
tensor cores for words of 16 bits, or 2 · clock · Σ arrays processing elements / cycles of a mac.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from accelsim.arch.gpu import Gpu, rate_per_s
from accelsim.arch.load_system import machines_of
from accelsim.arch.parts import ComputeArray
from accelsim.arch.spatial import Spatial, missing_operations, operation_cost
from accelsim.arch.system import Device, Link, Machine, System
from accelsim.base.units import format_bytes, format_quantity


@dataclass(frozen=True)
class Rated:
    """What one machine has; None is not given."""

    memory_bytes: float | None
    bandwidth_bytes_per_s: float | None
    peak_flop_per_s: float
    power_w: float | None


def rated(machine: Machine) -> Rated:
    return _rated_gpu(machine) if isinstance(machine, Gpu) else _rated_array(machine)


def system_text(system: System) -> str:
    machines = machines_of(system)
    blocks = [_head(system)]
    blocks += [_device(each, machines[each.name]) for each in system.devices]
    blocks += [_link(each) for each in system.links]
    blocks += [list(_layout(system)), list(_rules(system)), [_total(system)]]
    return "\n\n".join("\n".join(block) for block in blocks)


def system_facts(system: System) -> dict[str, Any]:
    """The same for scripts, in house units under their names."""
    machines = machines_of(system)
    return {
        "about": system.about,
        "source": system.source,
        "devices": [_device_facts(each, machines[each.name]) for each in system.devices],
        "switches": list(system.switches),
        "links": [_link_facts(each) for each in system.links],
        "replicas": system.replicas,
        "parallel": system.parallel.model_dump(),
        "offload": system.offload.model_dump() if system.offload else None,
        "memory": system.memory.model_dump(),
        "serving": system.serving.model_dump(),
        "usd_per_hour": system.usd_per_hour,
        "power_w": _power_w(system, machines),
    }


# --- a machine ------------------------------------------------------------------------------------


def _rated_gpu(gpu: Gpu) -> Rated:
    hbm = gpu.hbm
    return Rated(
        hbm.capacity_bytes, rate_per_s(hbm.bandwidth, gpu), _peak_of_gpu(gpu), gpu.power.limit_w
    )


def _peak_of_gpu(gpu: Gpu) -> float:
    printed = [
        cores.quoted.tflops[word] * 1e12
        for cores in gpu.tensor
        for word in ("bf16", "fp16")
        if cores.quoted is not None and word in cores.quoted.tflops
    ]
    return max(printed, default=2 * gpu.sms * gpu.pipe("mac").lanes * gpu.clock_hz)


def _rated_array(arch: Spatial) -> Rated:
    memory = arch.memories[0]
    bandwidth = memory.bandwidth.per_second(arch.clock_hz) if memory.bandwidth else None
    peak = sum(_macs_per_cycle(arch, array) for array in arch.compute) * 2 * arch.clock_hz
    return Rated(memory.capacity_bytes, bandwidth, peak, None)


def _macs_per_cycle(arch: Spatial, array: ComputeArray) -> float:
    if missing_operations(arch, array.name, ["mac"]):
        return 0.0
    return float(array.pes / operation_cost(arch, array.name, "mac")[0])


def _power_w(system: System, machines: Mapping[str, Machine]) -> float:
    """Of the machines whose power is given."""
    powers = ((each.count, rated(machines[each.name]).power_w) for each in system.devices)
    return float(sum(count * power for count, power in powers if power is not None))


# --- as text --------------------------------------------------------------------------------------


def _head(system: System) -> list[str]:
    notes = [f"  {system.notes}"] if system.notes else []
    return [system.about, *notes, f"  source: {system.source}"]


def _device(device: Device, machine: Machine) -> list[str]:
    kernels = f", kernels of {device.attention}" if _runs_kernels(device, machine) else ""
    put = [f"  with {path} = {value}" for path, value in device.set.items()]
    source = [f"  source: {device.source}"] if device.source else []
    return [
        f"{device.name}: {device.count} x {device.machine}, role {device.role}{kernels}",
        f"  each {', '.join(_each(device, machine))}",
        *put,
        *source,
    ]


def _runs_kernels(device: Device, machine: Machine) -> bool:
    return isinstance(machine, Gpu) and device.role != "model"


def _each(device: Device, machine: Machine) -> Iterator[str]:
    found = rated(machine)
    memory = found.memory_bytes
    yield "memory without bound" if memory is None else format_quantity(memory, "B")
    if found.bandwidth_bytes_per_s is not None:
        yield format_quantity(found.bandwidth_bytes_per_s, "B/s")
    yield f"{found.peak_flop_per_s / 1e12:.4g} TFLOPS"
    yield "power not given" if found.power_w is None else format_quantity(found.power_w, "W")
    yield f"{device.price_usd_per_hour:.2f} USD/h"


def _link(link: Link) -> list[str]:
    facts = [
        format_quantity(link.bytes_per_s, "B/s"),
        f"latency {format_quantity(link.latency_s, 's')}",
    ]
    if link.message_s:
        facts.append(f"{format_quantity(link.message_s, 's')} a message")
    if link.shared:
        facts.append("shared by all")
    facts.append(format_quantity(link.energy_pj_per_bit, "pJ/bit"))
    return [
        f"{link.name}: {' - '.join(link.between)}, {', '.join(facts)}",
        f"  source: {link.source}",
    ]


def _layout(system: System) -> Iterator[str]:
    holder, parallel = system.model_device, system.parallel
    of_one = ", ".join(f"{name} {number}" for name, number in parallel.model_dump().items())
    plural = "" if system.replicas == 1 else "s"
    yield f"model: {system.replicas} replica{plural} on {holder.count} {holder.name} ({of_one})"
    worker, offload = system.attention_device, system.offload
    if worker is not None and offload is not None:
        yield (
            f"attention: on {worker.count} {worker.name}, split by {offload.split}; queries sent "
            f"{'early' if offload.send_q_early else 'with keys and values'}, old keys attended to "
            f"{'while' if offload.attend_while_kv_travels else 'after'} new ones travel, "
            f"batches in turn: {offload.batches}"
        )
    serving, prompts = system.serving, system.prefill_device
    chunks = f"in chunks of {serving.chunk} tokens"
    where = {
        "here": f"beside decoding, {chunks}",
        "apart": f"on {prompts.count} {prompts.name}, {chunks}" if prompts else "",
        "elsewhere": "done elsewhere",
    }
    yield f"prompts: {where[serving.prefill]}"


def _rules(system: System) -> Iterator[str]:
    memory, serving = system.memory, system.serving
    kept = f", {format_bytes(memory.reserve_bytes)} kept free" if memory.reserve_bytes else ""
    yield f"memory: {memory.usable:.0%} usable{kept}, pages of {memory.page} tokens"
    room = "its prompt" if serving.admit == "prompt" else "all it will need"
    host = f", {format_quantity(serving.overhead_s, 's')} of the host" if serving.overhead_s else ""
    yield f"a request is admitted with room for {room}; at most {serving.most_sequences} run{host}"


def _total(system: System) -> str:
    machines = machines_of(system)
    power = format_quantity(_power_w(system, machines), "W")
    silent = [each for each, machine in machines.items() if rated(machine).power_w is None]
    without = f", {', '.join(silent)} not counted" if silent else ""
    return f"total: {system.usd_per_hour:.2f} USD/h, {power} at most{without}"


# --- for scripts ----------------------------------------------------------------------------------


def _device_facts(device: Device, machine: Machine) -> dict[str, Any]:
    found = rated(machine)
    return {
        "name": device.name,
        "machine": device.machine,
        "set": dict(device.set),
        "count": device.count,
        "role": device.role,
        "attention": device.attention if isinstance(machine, Gpu) else None,
        "memory_bytes": found.memory_bytes,
        "bandwidth_bytes_per_s": found.bandwidth_bytes_per_s,
        "peak_flop_per_s": found.peak_flop_per_s,
        "power_w": found.power_w,
        "price_usd_per_hour": device.price_usd_per_hour,
        "source": device.source,
    }


def _link_facts(link: Link) -> dict[str, Any]:
    facts = link.model_dump(exclude={"bandwidth"})
    return facts | {"bandwidth_bytes_per_s": link.bytes_per_s}
