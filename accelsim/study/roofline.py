"""A hierarchical roofline as a table: what a machine could do, and what work does under it.

row       name               level   flop_rate        bandwidth_bytes_per_s   intensity
pipe      wgmma bf16                 FLOP/s at most
memory    HBM                HBM                      bytes a second at most
work      attention/mla      HBM     FLOP/s                                   FLOP a byte of HBM
work      attention/mla      L2      the same                                 FLOP a byte of L2

Work has a row for each memory level that its model counts bytes of: FLOP over the bytes that cross
it. `measured_flop_rate` stands beside what was predicted where somebody measured. Of a library's
call the bytes of the outermost memory are its inputs and outputs, once, on every machine.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from accelsim.arch.gpu import Gpu, rate_per_s
from accelsim.arch.spatial import Spatial, instances
from accelsim.cost.gpu.call import call_cost
from accelsim.cost.result import Cost
from accelsim.study.table import Table, array_of
from accelsim.workload.call_counts import compulsory_bytes, useful_flop
from accelsim.workload.calls import Call
from accelsim.workload.counts import counts
from accelsim.workload.einsum import Cascade

PIPE, MEMORY, WORK = "pipe", "memory", "work"
COLUMNS = (
    "machine", "row", "name", "level", "flop_rate", "measured_flop_rate", "bandwidth_bytes_per_s",
    "intensity", "source",
)  # fmt: skip
WORDS = ("fp8", "bf16")
SHARED = "shared"
LEVELS_OF_CALLS: Mapping[str, tuple[str, ...]] = {"L2": ("l2", "bulk"), SHARED: ("shared",)}
"""Actions of a call that are bytes of a memory below the outermost."""
FLOP_OF_A_MAC = 2
Row = dict[str, Any]


def roofline_table(machine: str, source: str, rows: Iterable[Row]) -> Table:
    listed = [{"machine": machine, "source": source, **row} for row in rows]
    return Table({name: array_of(row.get(name) for row in listed) for name in COLUMNS})


# --- ceilings -------------------------------------------------------------------------------------


def ceilings(machine: Spatial | Gpu) -> list[Row]:
    """The pipes or arrays, and every memory that has a bandwidth, outermost first."""
    return list(_of_gpu(machine) if isinstance(machine, Gpu) else _of_array(machine))


def _of_gpu(gpu: Gpu) -> Iterator[Row]:
    per_clock = gpu.sms * gpu.clock_hz
    for cores in gpu.tensor:
        for word in WORDS:
            if word in cores.flop:
                yield _pipe(f"{cores.name} {word}", cores.flop[word] * per_clock)
    yield _pipe("FP32", FLOP_OF_A_MAC * gpu.pipe("mac").lanes * per_clock)
    for memory in gpu.memories:
        # Tiles that neighbouring blocks read at one time come faster out of L2 than other bytes.
        rates = filter(None, (memory.bandwidth, memory.tile_bandwidth))
        yield _memory(memory.name, max(rate_per_s(rate, gpu) for rate in rates))
    yield _memory(SHARED, rate_per_s(gpu.sm.shared_bandwidth, gpu) * gpu.sms)


def _of_array(arch: Spatial) -> Iterator[Row]:
    for array in arch.compute:
        if "mac" in array.operations:
            cycles = float(array.operations["mac"].cycles)
            rate = FLOP_OF_A_MAC * array.rows * array.columns * arch.clock_hz / cycles
            yield _pipe(array.name, float(rate))
    for memory in arch.memories:
        if memory.bandwidth is not None:
            each = float(memory.bandwidth.per_second(arch.clock_hz))
            yield _memory(memory.name, each * float(instances(arch, memory.name)))


def _pipe(name: str, flop_rate: float) -> Row:
    return {"row": PIPE, "name": name, "flop_rate": flop_rate}


def _memory(name: str, bytes_per_s: float) -> Row:
    return {"row": MEMORY, "name": name, "level": name, "bandwidth_bytes_per_s": bytes_per_s}


# --- work -----------------------------------------------------------------------------------------


def cascade_rows(cascade: Cascade, cost: Cost) -> list[Row]:
    """A workload as a whole, at the traffic of each memory."""
    flop, seconds = float(counts(cascade).flop), float(cost.latency_s)
    moved = {name: float(traffic) for name, traffic in cost.traffic_bytes.items()}
    return [_work(cascade.name, name, flop, moved[name], seconds) for name in moved if moved[name]]


def call_rows(name: str, call: Call, gpu: Gpu, measured_s: float | None) -> list[Row]:
    """A call of a library. Raises MappingError where no kernel is known for it."""
    flop, cost = float(useful_flop(call)), call_cost(call, gpu)
    moved = {gpu.memories[0].name: float(compulsory_bytes(call))}
    for level, actions in LEVELS_OF_CALLS.items():
        moved[level] = sum(cost.actions.get(action, 0.0) for action in actions)
    measured = None if measured_s is None else flop / measured_s
    return [
        {**_work(name, level, flop, moved[level], cost.seconds), "measured_flop_rate": measured}
        for level in moved
        if moved[level]
    ]


def _work(name: str, level: str, flop: float, moved_bytes: float, seconds: float) -> Row:
    rate = {"flop_rate": flop / seconds, "intensity": flop / moved_bytes}
    return {"row": WORK, "name": name, "level": level, **rate}
