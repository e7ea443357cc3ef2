"""What would help: the same call, or the same kernels, on a GPU with more of one thing.

gain = seconds now / seconds with twice of it

A lever takes a GPU and a factor; SMs come in whole numbers.
"""

from collections.abc import Callable, Mapping

from accelsim.arch.gpu import Gpu, Level
from accelsim.base.rate import Rate
from accelsim.cost.gpu.call import call_cost
from accelsim.workload.calls import Call


def gains(call: Call, gpu: Gpu) -> dict[str, float]:
    """By lever, of one call alone with cold caches."""
    now = call_cost(call, gpu).seconds
    return {name: now / call_cost(call, lever(gpu, 2)).seconds for name, lever in LEVERS.items()}


Lever = Callable[[Gpu, float], Gpu]


def _memory(name: str) -> Lever:
    def lever(gpu: Gpu, factor: float) -> Gpu:
        levels = [_faster(each, factor) if each.name == name else each for each in gpu.memories]
        return gpu.model_copy(update={"memories": tuple(levels)})

    return lever


def _faster(level: Level, factor: float) -> Level:
    rates = ("bandwidth", "tile_bandwidth", "atomic_bandwidth")
    known = {name: getattr(level, name) for name in rates}
    more = {name: _more(rate, factor) for name, rate in known.items() if rate is not None}
    return level.model_copy(update=more)


def _shared(gpu: Gpu, factor: float) -> Gpu:
    more = {"shared_bandwidth": _more(gpu.sm.shared_bandwidth, factor)}
    return gpu.model_copy(update={"sm": gpu.sm.model_copy(update=more)})


def _tensor(gpu: Gpu, factor: float) -> Gpu:
    cores = tuple(
        each.model_copy(update={"flop": {word: factor * flop for word, flop in each.flop.items()}})
        for each in gpu.tensor
    )
    return gpu.model_copy(update={"tensor": cores})


def _pipes(*operations: str) -> Lever:
    """Of the pipes that do these operations, whatever they are called."""

    def lever(gpu: Gpu, factor: float) -> Gpu:
        names = {gpu.pipe(operation).name for operation in operations}
        pipes = tuple(
            pipe.model_copy(update={"lanes": factor * pipe.lanes}) if pipe.name in names else pipe
            for pipe in gpu.pipes
        )
        return gpu.model_copy(update={"pipes": pipes})

    return lever


def _power(gpu: Gpu, factor: float) -> Gpu:
    power = gpu.power.model_copy(update={"limit_w": factor * gpu.power.limit_w})
    return gpu.model_copy(update={"power": power})


def _sms(gpu: Gpu, factor: float) -> Gpu:
    more = {"sms": round(factor * gpu.sms), "cluster_sms": round(factor * gpu.cluster_sms)}
    return gpu.model_copy(update=more)


def _more(rate: Rate, factor: float) -> Rate:
    if rate.bytes_per_s is not None:
        return Rate(bytes_per_s=factor * rate.bytes_per_s)
    return Rate(bytes_per_cycle=factor * rate.bytes_per_cycle)


LEVERS: Mapping[str, Lever] = {
    "device memory bandwidth": _memory("HBM"),
    "L2 bandwidth": _memory("L2"),
    "shared memory bandwidth": _shared,
    "tensor throughput": _tensor,
    "exp throughput": _pipes("exp"),
    "FP32 and integer throughput": _pipes("mac", "max", "convert"),
    "SMs": _sms,
    "power limit": _power,
}

LEVER_OF: Mapping[str, str] = {
    "hbm": "device memory bandwidth",
    "l2": "L2 bandwidth",
    "shared": "shared memory bandwidth",
    "tensor": "tensor throughput",
    "special-function": "exp throughput",
    "fp32": "FP32 and integer throughput",
}
"""What makes a resource faster; latencies and launching have no lever."""

PATHS: Mapping[str, tuple[str, ...]] = {
    "device memory bandwidth": ("memories.HBM.bandwidth",),
    "L2 bandwidth": ("memories.L2.bandwidth",),
    "shared memory bandwidth": ("sm.shared_bandwidth",),
    "tensor throughput": ("tensor.",),
    "exp throughput": ("pipes.",),
    "FP32 and integer throughput": ("pipes.",),
    "SMs": ("sms", "cluster_sms"),
    "power limit": ("power.limit",),
}
"""The numbers of a GPU that a lever moves, or what their paths begin with."""
