"""Why a workload takes as long as it does on a spatial array: rows of parts and Einsums.

    memory    seconds = bytes read and written / (bandwidth · instances)
    array     seconds = Σ Einsums steps · cycles a step / clock
    Einsum    seconds = steps · cycles a step / clock

What would help, and where the runner-up would bind, asks the model again (`study/explained.py`).
"""

from collections.abc import Iterator, Mapping

from accelsim.arch.parts import ComputeArray, Memory
from accelsim.arch.spatial import Spatial
from accelsim.base.units import format_bytes, format_quantity
from accelsim.cost.cycles import EinsumCycles
from accelsim.cost.explanation import Number, Row
from accelsim.cost.result import Cost
from accelsim.workload.einsum import Cascade

COMPUTE = "compute"
COUNTED = "counted: loops of the mapping"


def rows(cost: Cost, cascade: Cascade, arch: Spatial) -> tuple[Row, ...]:
    """Of plain numbers: memories, arrays, then Einsums in their order."""
    return (*_memories(cost, arch), *_arrays(cost, arch), *_einsums(cost, cascade, arch))


def busiest_array(cost: Cost) -> str:
    """The array that works for most of the time."""
    return max(cost.utilization, key=lambda name: float(cost.utilization[name].in_use))


def levers(arch: Spatial) -> dict[str, float]:
    """Numbers that more of could make a run faster, by path, and by which factor to try them."""
    found: dict[str, float] = {"clock": 2.0}
    for memory in arch.memories:
        if memory.bandwidth is not None:
            found[f"memories.{memory.name}.bandwidth"] = 2.0
        if memory.capacity_bytes is not None:
            found[f"memories.{memory.name}.capacity"] = 2.0
    for array in arch.compute:
        found[f"compute.{array.name}.columns"] = 2.0
        if "rows" in array.model_fields_set:
            found[f"compute.{array.name}.rows"] = 2.0
    return found


def _memories(cost: Cost, arch: Spatial) -> Iterator[Row]:
    cycles = cost.cycles_by_resource
    for memory in arch.memories:
        traffic = float(cost.traffic_bytes[memory.name])
        moved = Number(f"bytes of {memory.name}", traffic, "B", COUNTED)
        note = _held(cost, memory)
        if memory.bandwidth is None:
            text = f"{format_bytes(traffic)}, and no bandwidth is given"
            yield Row("memory", memory.name, 0.0, 0.0, text, (moved,), note)
            continue
        seconds = float(cycles.get(memory.name, 0)) / float(cost.clock_hz)
        rate = float(memory.bandwidth.given)
        copies = float(cost.instances[memory.name])
        shown = format_quantity(rate, memory.bandwidth.unit)
        text = f"{format_quantity(traffic, 'B')} / {shown}"
        if copies != 1:
            text = f"{format_quantity(traffic, 'B')} / ({copies:,.0f} instances · {shown})"
        source = memory.source or arch.source
        path = f"memories.{memory.name}.bandwidth"
        numbers = (moved, Number(path, rate, memory.bandwidth.unit, source))
        share = seconds / float(cost.latency_s)
        yield Row("memory", memory.name, seconds, share, text, numbers, note)


def _held(cost: Cost, memory: Memory) -> str:
    held, capacity = float(cost.occupancy_bytes[memory.name]), memory.capacity_bytes
    if capacity is None:
        return ""
    return f"holds {format_bytes(held)} of {format_bytes(float(capacity))}"


def _arrays(cost: Cost, arch: Spatial) -> Iterator[Row]:
    for array in arch.compute:
        own = [each for each in cost.einsums.values() if each.array == array.name]
        cycles = float(sum(each.cycles for each in own))
        use = cost.utilization[array.name]
        text = f"{cycles:,.0f} cycles of {len(own)} Einsums / {_clock(arch)}"
        note = f"{float(use.busy):.0%} of its PE cycles do an operation"
        numbers = (*_sizes(array, arch), _clock_number(arch))
        seconds, share = cycles / float(cost.clock_hz), float(use.in_use)
        yield Row("array", array.name, seconds, share, text, numbers, note)


def _sizes(array: ComputeArray, arch: Spatial) -> Iterator[Number]:
    source = array.source or arch.source
    for key in ("rows", "columns"):
        yield Number(f"compute.{array.name}.{key}", float(getattr(array, key)), "", source)


def _einsums(cost: Cost, cascade: Cascade, arch: Spatial) -> Iterator[Row]:
    for name, each in cost.einsums.items():
        text = (
            f"{float(each.steps):,.0f} steps · {_cycles(float(each.cycles_per_step))}"
            f" / {_clock(arch)}"
        )
        seconds = float(each.cycles) / float(cost.clock_hz)
        share = seconds / float(cost.latency_s)
        steps = Number(f"steps of {name}", float(each.steps), "", COUNTED)
        numbers = (steps, *_operations(each, cascade, arch), _clock_number(arch))
        note = f"on {each.array}, {float(cost.einsum_utilization[name]):.1%} of its PE cycles"
        yield Row("Einsum", name, seconds, share, text, numbers, note)


def _operations(each: EinsumCycles, cascade: Cascade, arch: Spatial) -> Iterator[Number]:
    """The cycles of the operations that a step of an Einsum does."""
    array = arch.array(each.array)
    wanted: Mapping[str, object] = cascade.einsum(each.einsum).operations
    for name in wanted:
        operation = array.operations.get(name)
        if operation is None:
            continue
        source = operation.source or array.source or arch.source
        if operation.as_ is None:
            path = f"compute.{array.name}.operations.{name}.cycles"
            yield Number(path, float(operation.cycles), "cycle", source)
        else:
            for part, number in operation.as_.items():
                path = f"compute.{array.name}.operations.{name}.as.{part}"
                yield Number(path, float(number), "", source)


def _cycles(number: float) -> str:
    return "1 cycle" if number == 1 else f"{number:g} cycles"


def _clock(arch: Spatial) -> str:
    return format_quantity(float(arch.clock_hz), "Hz")


def _clock_number(arch: Spatial) -> Number:
    return Number("clock", float(arch.clock_hz), "Hz", arch.source)
