"""What would help: the same call on a GPU with twice of one thing.

gain = seconds now / seconds with twice of it
"""

from collections.abc import Callable, Mapping

from accelsim.arch.gpu import Gpu, Level
from accelsim.base.rate import Rate
from accelsim.cost.gpu.call import call_cost
from accelsim.workload.calls import Call


def gains(call: Call, gpu: Gpu) -> dict[str, float]:
    """By lever, of one call alone with cold caches."""
    now = call_cost(call, gpu).seconds
    return {name: now / call_cost(call, lever(gpu)).seconds for name, lever in LEVERS.items()}


def _twice_memory(name: str) -> Callable[[Gpu], Gpu]:
    def lever(gpu: Gpu) -> Gpu:
        levels = [_faster(each) if each.name == name else each for each in gpu.memories]
        return gpu.model_copy(update={"memories": tuple(levels)})

    return lever


def _faster(level: Level) -> Level:
    rates = ("bandwidth", "tile_bandwidth", "atomic_bandwidth")
    known = {name: getattr(level, name) for name in rates}
    twice = {name: _twice(rate) for name, rate in known.items() if rate is not None}
    return level.model_copy(update=twice)


def _twice_tensor(gpu: Gpu) -> Gpu:
    cores = tuple(
        each.model_copy(update={"flop": {dtype: 2 * flop for dtype, flop in each.flop.items()}})
        for each in gpu.tensor
    )
    return gpu.model_copy(update={"tensor": cores})


def _twice_pipes(*operations: str) -> Callable[[Gpu], Gpu]:
    """Of the pipes that do these operations, whatever they are called."""

    def lever(gpu: Gpu) -> Gpu:
        names = {gpu.pipe(operation).name for operation in operations}
        pipes = tuple(
            pipe.model_copy(update={"lanes": 2 * pipe.lanes}) if pipe.name in names else pipe
            for pipe in gpu.pipes
        )
        return gpu.model_copy(update={"pipes": pipes})

    return lever


def _twice_power(gpu: Gpu) -> Gpu:
    power = gpu.power.model_copy(update={"limit_w": 2 * gpu.power.limit_w})
    return gpu.model_copy(update={"power": power})


def _twice_sms(gpu: Gpu) -> Gpu:
    return gpu.model_copy(update={"sms": 2 * gpu.sms, "cluster_sms": 2 * gpu.cluster_sms})


def _twice(rate: Rate) -> Rate:
    if rate.bytes_per_s is not None:
        return Rate(bytes_per_s=2 * rate.bytes_per_s)
    return Rate(bytes_per_cycle=2 * rate.bytes_per_cycle)


LEVERS: Mapping[str, Callable[[Gpu], Gpu]] = {
    "device memory bandwidth": _twice_memory("HBM"),
    "L2 bandwidth": _twice_memory("L2"),
    "tensor throughput": _twice_tensor,
    "exp throughput": _twice_pipes("exp"),
    "FP32 and integer throughput": _twice_pipes("mac", "max", "convert"),
    "SMs": _twice_sms,
    "power limit": _twice_power,
}
