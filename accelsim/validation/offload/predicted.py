"""The layers and messages that `accelsim measure --offload` times, as iterations are predicted.

A layer is what an iteration of a model of one layer takes (`costs_of`, which serving uses), less
its head. Of a system with an attention worker, `apart` is the system itself, and `one` the device
that holds its model, which then attends too.

    a copy after another        message + bytes / bandwidth
    to and fro, half of it      latency + message + bytes / bandwidth
    all-reduce of two devices   `cost.system.transfer.all_reduce`
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from accelsim.arch.load_system import machines_of
from accelsim.arch.system import Kernels, System
from accelsim.base.errors import ArchError
from accelsim.cost.system.costs import Costs, costs_of
from accelsim.cost.system.iteration import Batch
from accelsim.cost.system.plan import plan_of
from accelsim.cost.system.transfer import Path, all_reduce, path_between
from accelsim.validation.offload.cases import DecodeLayer
from accelsim.workload.model_load import load_model

RANKS = 2


class PredictedLayer(NamedTuple):
    """Seconds of a layer: of all but attention, of attention, and of what travels between."""

    model_s: float
    attention_s: float
    transfers_s: float

    @property
    def seconds(self) -> float:
        return self.model_s + self.attention_s + self.transfers_s


@dataclass(frozen=True)
class Predictor:
    """Of one system; what it has laid out is remembered."""

    system: System
    known: dict[tuple[str, str, str], Costs] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.system.attention_device is None:
            fact = "the system has no attention worker, so there is nothing to compare"
            raise ArchError(fact, remedy="Give a kind of device the role 'attention'")

    def layer(self, call: DecodeLayer) -> PredictedLayer:
        """Of one token of each of b sequences over m keys."""
        costs = self._costs(call)
        found = costs(Batch(sequences=call.b, keys=call.b * call.m))
        head_s = costs.efforts.head(call.b).seconds
        model_s, attention_s = found.way_s["model"] - head_s, found.way_s["attention"]
        # What is sent together shares its latency: the way is shorter than its messages' sum.
        transfers_s = found.seconds - head_s - model_s - attention_s - found.way_s["host"]
        return PredictedLayer(model_s, attention_s, max(0.0, transfers_s))

    def link(self, kernel: str, size_bytes: int) -> Mapping[str, float]:
        """Seconds by the name that a row has them under; one link between the two is assumed."""
        path = self._path
        if kernel == "all_reduce":
            return {"back_to_back_ms": all_reduce(path, RANKS, size_bytes).seconds}
        chained = {"chain_ms": path.port_s(size_bytes, 1)} if kernel == "peer_copy" else {}
        return {**chained, "half_round_trip_ms": path.seconds(size_bytes)}

    @property
    def _path(self) -> Path:
        attender = self.system.attention_device
        assert attender is not None
        return path_between(self.system, self.system.model_device.name, attender.name)

    def _costs(self, call: DecodeLayer) -> Costs:
        key = (call.model, call.place, call.backend)
        if key not in self.known:
            laid = self.system if call.place == "apart" else by_itself(self.system)
            laid = attending_by(laid, call.backend)
            model = load_model(call.model).model_copy(update={"layers": 1})
            self.known[key] = costs_of(plan_of(laid, model, machines_of(laid)))
        return self.known[key]


def by_itself(system: System) -> System:
    """One device of those that hold the model, which attends too."""
    return System(
        about=system.about,
        source=system.source,
        devices=(system.model_device.model_copy(update={"role": "both", "count": 1}),),
        links=(),
        memory=system.memory,
        serving=system.serving,
    )


def attending_by(system: System, library: Kernels) -> System:
    """With the kernels of that library on every device."""
    devices = tuple(each.model_copy(update={"attention": library}) for each in system.devices)
    return system.model_copy(update={"devices": devices})
