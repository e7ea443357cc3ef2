"""Cost of a mapping on a spatial array: traffic, occupancy, cycles, energy and area in one.

evaluate = bind → flows of every nest → bytes, cycles of every step, energy rows
"""

from collections.abc import Mapping

from accelsim.arch.spatial import Spatial, area_rows, instances, point_cost
from accelsim.cost.coverage import Coverage, coverage_of, visited_steps, visited_tiles
from accelsim.cost.cycles import EinsumCycles, StepCycles, compute_cycles, drain_cycles
from accelsim.cost.energy import leaked_rows, memory_rows, operation_rows
from accelsim.cost.flows import Flow, all_flows
from accelsim.cost.result import ArrayUse, Cost, energy_table
from accelsim.cost.spill import spilled_flows
from accelsim.mapping.binding import BoundMapping, BoundStep
from accelsim.mapping.loops import Number
from accelsim.mapping.occupancy import occupancy_bytes
from accelsim.workload.einsum import Einsum
from accelsim.workload.extent import iteration_points


def points_of(mapping: BoundMapping) -> dict[str, Number]:
    """Points of every Einsum, by its name."""
    return {name: iteration_points(mapping.cascade, name) for name in mapping.nests}


def cost(mapping: BoundMapping) -> Cost:
    """The Cost of a bound mapping, which `mapping.check` has found legal."""
    return cost_from(mapping, points_of(mapping), coverage_of(mapping))


def cost_from(mapping: BoundMapping, points: Mapping[str, Number], coverage: Coverage) -> Cost:
    """The same from what the Einsums' conditions leave: points, and tiles with a point."""
    arch, cascade = mapping.arch, mapping.cascade
    flows = spilled_flows(all_flows(cascade, mapping.nests, mapping.sizes, coverage), mapping)
    einsums = {name: _einsum_cycles(name, mapping, coverage) for name in mapping.nests}
    steps = tuple(_step_cycles(step, flows, einsums, mapping) for step in mapping.steps)
    cycles = sum(step.cycles for step in steps)
    arrays = {name: nest.array for name, nest in mapping.nests.items()}
    rows = (
        *memory_rows(flows, cascade, arch),
        *operation_rows(points, arrays, cascade, arch),
        *leaked_rows(arch, cycles / arch.clock_hz),
    )
    return Cost(
        clock_hz=arch.clock_hz,
        steps=steps,
        einsums=einsums,
        table=energy_table(rows),
        traffic_bytes={m.name: _bytes(flows, m.name, mapping) for m in arch.memories},
        occupancy_bytes=occupancy_bytes(mapping),
        capacity_bytes={memory.name: memory.capacity_bytes for memory in arch.memories},
        instances={part.name: instances(arch, part.name) for part in arch.memories},
        utilization={
            a.name: _array_use(arch, a.name, einsums, points, cycles) for a in arch.compute
        },
        einsum_utilization={
            name: _busy(arch, einsum, points[name], cycles) for name, einsum in einsums.items()
        },
        area_by_part=dict(area_rows(arch)),
    )


def _einsum_cycles(name: str, mapping: BoundMapping, coverage: Coverage) -> EinsumCycles:
    nest, einsum = mapping.nests[name], mapping.cascade.einsum(name)
    sizes = {rank: mapping.sizes[rank] for rank in einsum.ranks}
    per_step = _step_cycles_of(einsum, nest.array, mapping.arch)
    return EinsumCycles(
        einsum=name,
        array=nest.array,
        steps=visited_steps(einsum, nest, sizes, coverage),
        cycles_per_step=per_step,
        drain_cycles=drain_cycles(nest, mapping.cascade, per_step),
        visited=visited_tiles(einsum, coverage),
    )


def _step_cycles_of(einsum: Einsum, array: str, arch: Spatial) -> Number:
    """Cycles of one step; an Einsum that only copies takes one."""
    return point_cost(arch, array, einsum.operations).cycles if einsum.operations else 1


def _step_cycles(
    step: BoundStep,
    flows: list[Flow],
    einsums: Mapping[str, EinsumCycles],
    mapping: BoundMapping,
) -> StepCycles:
    own = set(step.einsums)
    flows = [flow for flow in flows if flow.einsum in own]
    by_resource = {"compute": compute_cycles(step, einsums, mapping.cascade)}
    for memory in mapping.arch.memories:
        if memory.bandwidth is not None:
            each = memory.bandwidth.per_cycle(mapping.arch.clock_hz)
            rate = each * instances(mapping.arch, memory.name)
            by_resource[memory.name] = _bytes(flows, memory.name, mapping) / rate
    return StepCycles(step.name, by_resource)


def _bytes(flows: list[Flow], memory: str, mapping: BoundMapping) -> Number:
    tensors = mapping.cascade.tensors
    return sum(f.elements * tensors[f.tensor].word_bytes for f in flows if f.memory == memory)


def _array_use(
    arch: Spatial,
    array: str,
    einsums: Mapping[str, EinsumCycles],
    points: Mapping[str, Number],
    cycles: Number,
) -> ArrayUse:
    own = {name: einsum for name, einsum in einsums.items() if einsum.array == array}
    return ArrayUse(
        busy=sum(_busy(arch, einsum, points[name], cycles) for name, einsum in own.items()),
        in_use=sum(einsum.cycles for einsum in own.values()) / cycles,
    )


def _busy(arch: Spatial, einsum: EinsumCycles, points: Number, cycles: Number) -> Number:
    work = points * einsum.cycles_per_step
    return work / (arch.array(einsum.array).pes * cycles)
