"""A GPU as text: what its SMs, pipes, tensor cores, memories and board do, each with its source.

    TFLOPS = SMs · FLOP a cycle and SM · clock

Tensor rates are given at the highest clock and, where a datasheet prints them, at its own.
"""

from collections.abc import Iterator

from accelsim.arch.gpu import Gpu, Level, TensorCores, rate_per_s
from accelsim.base.record import Rate
from accelsim.base.units import format_bytes, format_quantity


def gpu_text(gpu: Gpu) -> str:
    """Its parts, a block each, with their numbers and sources."""
    blocks = [_chip(gpu), _multiprocessor(gpu)]
    blocks += [_pipe(gpu), *_tensor(gpu), *_memories(gpu)]
    blocks += [_launch(gpu), _timing(gpu), _power(gpu), _burst(gpu), _actions(gpu)]
    return "\n\n".join("\n".join(block) for block in blocks)


def _chip(gpu: Gpu) -> list[str]:
    calibration = f", calibrated by {gpu.calibration}" if gpu.calibration else ""
    notes = [f"  {gpu.notes}"] if gpu.notes else []
    return [
        gpu.about,
        f"{gpu.sms} SMs at {_hz(gpu.clock_hz)}, {gpu.generation}{calibration}",
        *notes,
        _source(gpu.source),
    ]


def _multiprocessor(gpu: Gpu) -> list[str]:
    sm = gpu.sm
    return [
        f"SM: {sm.threads} threads, {sm.blocks} blocks, {sm.registers:,} registers, "
        f"{sm.schedulers} schedulers",
        f"  L1 and shared memory {format_bytes(sm.l1_bytes)}, of which shared at most "
        f"{format_bytes(sm.shared_bytes)} at {_rate(sm.shared_bandwidth)}; "
        f"L1 hit {_seconds(sm.l1_latency_s)}, from L2 {_rate(sm.port_bandwidth)}",
        _source(sm.source),
    ]


def _pipe(gpu: Gpu) -> list[str]:
    lines = ["pipes of an SM:"]
    for pipe in gpu.pipes:
        tera = gpu.sms * pipe.lanes * gpu.clock_hz / 1e12
        lines.append(
            f"  {pipe.name}: {pipe.lanes:g} results a cycle ({tera:.4g} T/s on the chip), "
            f"latency {pipe.latency_cycles:g} cycles: {', '.join(pipe.operations)}"
        )
        lines.append(f"  {_source(pipe.source)}")
    return lines


def _tensor(gpu: Gpu) -> Iterator[list[str]]:
    if not gpu.tensor:
        yield ["no tensor cores"]
    for cores in gpu.tensor:
        yield [
            f"tensor cores, {cores.name}: {_tflops(gpu, cores)} at {_hz(gpu.clock_hz)}",
            *_quoted(cores),
            f"  warps an instruction: {cores.warps}; latency {cores.latency_cycles:g} cycles",
            _source(cores.source),
        ]


def _tflops(gpu: Gpu, cores: TensorCores) -> str:
    return ", ".join(
        f"{word} {gpu.sms * flop * gpu.clock_hz / 1e12:.4g} TFLOPS ({flop:g} FLOP a cycle and SM)"
        for word, flop in cores.flop.items()
    )


def _quoted(cores: TensorCores) -> list[str]:
    if cores.quoted is None:
        return []
    printed = ", ".join(f"{word} {number:g}" for word, number in cores.quoted.tflops.items())
    return [f"  datasheet: {printed} TFLOPS, at {_hz(cores.quoted.clock_hz)}"]


def _memories(gpu: Gpu) -> Iterator[list[str]]:
    for level in gpu.memories:
        facts = [
            format_quantity(level.capacity_bytes, "B"),
            _chip_rate(gpu, level.bandwidth),
            *_level_facts(gpu, level),
        ]
        yield [f"{level.name}: {', '.join(facts)}", _source(level.source)]


def _level_facts(gpu: Gpu, level: Level) -> Iterator[str]:
    if level.tile_bandwidth is not None:
        yield f"{_chip_rate(gpu, level.tile_bandwidth)} for tiles"
    yield f"latency {_seconds(level.latency_s)}"
    if (level.read, level.write) != (1, 1):
        yield f"reads reach {level.read:.3g} and writes {level.write:.3g} of the bandwidth"
    if level.run_bytes:
        yield f"runs apart {level.apart:.3g} of the rate, {level.run_bytes:g} B at least"
    if level.turnaround:
        yield f"turnaround {level.turnaround:.3g}"
    if level.dirty_bytes:
        yield f"at most {format_quantity(level.dirty_bytes, 'B')} dirty"


def _launch(gpu: Gpu) -> list[str]:
    launch = gpu.launch
    return [
        f"launch: {_seconds(launch.floor_s)} a call ({_seconds(launch.replay_s)} a replayed one), "
        f"{_seconds(launch.gap_s)} between kernels "
        f"({_seconds(launch.back_to_back_s)} back to back), {_seconds(launch.block_s)} a block "
        f"and {_seconds(launch.start_s)} until it multiplies, "
        f"{launch.warp_cycles:g} cycles a warp, drain {_seconds(launch.drain_s)}, "
        f"copy {_seconds(launch.copy_s)}, memset {_seconds(launch.memset_s)}",
        _source(launch.source),
    ]


def _timing(gpu: Gpu) -> list[str]:
    numbers = gpu.timing.model_dump(by_alias=True, exclude={"source"})
    listed = ", ".join(f"{name} {number:g}" for name, number in numbers.items())
    return [f"timing: {listed}", _source(gpu.timing.source)]


def _power(gpu: Gpu) -> list[str]:
    power = gpu.power
    return [
        f"power: limit {_watts(power.limit_w)}, held at {power.held:.3g} of it; waiting "
        f"{_watts(power.constant_w)} and {_watts(power.clock_tree_w)} of the clock; voltage "
        f"falls by {power.voltage_slope:g} of the clock's fall, to {power.voltage_floor:g}",
        _source(power.source),
    ]


def _burst(gpu: Gpu) -> list[str]:
    burst = gpu.power.burst
    return [
        f"bursts: {_seconds(burst.flush_s)} at {_watts(burst.flush_power_w)} before each call, "
        f"after {_seconds(burst.warm_up_s)}; {_seconds(burst.half_s)} before the middle call; "
        f"the clock settles in {_seconds(burst.settling_s)}",
        _source(burst.source),
    ]


def _actions(gpu: Gpu) -> list[str]:
    lines = ["energy of an action at the highest clock's voltage:"]
    for action in gpu.power.actions:
        lines.append(f"  {action.name}: {format_quantity(action.energy_pj, 'pJ')}")
        lines.append(f"  {_source(action.source)}")
    return lines


def _chip_rate(gpu: Gpu, rate: Rate) -> str:
    per_second = format_quantity(rate_per_s(rate, gpu), "B/s")
    return per_second if rate.bytes_per_cycle is None else f"{_rate(rate)} ({per_second})"


def _rate(rate: Rate) -> str:
    if rate.bytes_per_cycle is None:
        return format_quantity(rate.bytes_per_s, "B/s")
    return f"{rate.bytes_per_cycle:g} B/cycle"


def _source(text: str) -> str:
    return f"  source: {text}"


def _hz(number: float) -> str:
    return format_quantity(number, "Hz")


def _seconds(number: float) -> str:
    return format_quantity(number, "s")


def _watts(number: float) -> str:
    return format_quantity(number, "W")
