"""A model laid out over a system: who holds what, who attends to what, and what does not fit.

tensor t      every matrix of a layer in t parts; key/value heads too, as far as they go
pipeline p    layers in p stages; as many batches are under way
context c     tokens in c parts: of a decoding batch the sequences, of a sequence its keys
expert e      experts of a layer in e parts: over some or all of the t devices (e divides t), or
              over those of several parts of the tokens (t divides e, and e divides t · c)
replicas      independent copies; with attention workers, replicas that take turns
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from accelsim.arch.gpu import Gpu
from accelsim.arch.system import Device, Kernels, Machine, Parallel, System
from accelsim.base.errors import ArchError, InputError, MappingError
from accelsim.base.units import format_quantity
from accelsim.cost.gpu.call import works_of
from accelsim.cost.system.effort import in_stream, memory_bytes
from accelsim.mapping.attention_binding import LATENT_BACKEND, takes_latent
from accelsim.workload.layer import layer_calls
from accelsim.workload.model import Model
from accelsim.workload.model_size import activation_bytes, kv_bytes_per_token, weight_bytes
from accelsim.workload.phase import Decode

WORD_BYTES = 2
"""Of activations: bf16."""


class Words(NamedTuple):
    """Of a token in one layer, over all heads: its queries, its keys and values, its results. Of
    latent attention, queries and results are in the latent space, and keys and values one."""

    q: int
    kv: int
    result: int


@dataclass(frozen=True)
class Plan:
    """Nothing in it is checked; `plan_of` makes one that holds together."""

    system: System
    model: Model
    machines: Mapping[str, Machine]

    @property
    def tensor(self) -> int:
        return self.system.parallel.tensor

    @property
    def pipeline(self) -> int:
        return self.system.parallel.pipeline

    @property
    def context(self) -> int:
        return self.system.parallel.context

    @property
    def expert(self) -> int:
        return self.system.parallel.expert

    @cached_property
    def holder(self) -> Device:
        return self.system.model_device

    @cached_property
    def attender(self) -> Device:
        """The devices that attend and hold keys and values."""
        return self.system.attention_device or self.holder

    @property
    def decodes_with(self) -> Kernels:
        """The library that attends to the tokens of before: the device's own, unless the model
        keeps latents and that library takes none."""
        own = self.attender.attention
        return LATENT_BACKEND if self.model.mla and not takes_latent(own) else own

    @property
    def is_offloaded(self) -> bool:
        return self.system.attention_device is not None

    @property
    def engines(self) -> int:
        """Batches that know nothing of one another: one a replica, or one over all workers."""
        return 1 if self.is_offloaded else self.system.replicas

    @cached_property
    def stage_layers(self) -> int:
        """Of the longest stage."""
        return -(-self.model.layers // self.pipeline)

    @cached_property
    def weight_bytes(self) -> float:
        """Of one device that holds the model."""
        return weight_bytes(self.model, self.tensor, self.expert) / self.pipeline

    @cached_property
    def kv_token_bytes(self) -> float:
        """Of one token, over all devices that hold a part of it; heads that do not divide any
        further, and latents, lie on several."""
        return float(kv_bytes_per_token(self.model, self.head_parts) * self.head_parts)

    @cached_property
    def kv_room_bytes(self) -> float:
        """For keys and values of one engine."""
        rules, machine = self.system.memory, self.machines[self.attender.name]
        room = memory_bytes(machine) * rules.usable - rules.reserve_bytes
        if self.is_offloaded:
            return self.attender.count * room
        held = self.weight_bytes + self._activation_bytes
        return (room - held) * self.tensor * self.pipeline * self.context

    @cached_property
    def kv_tokens(self) -> int:
        """That one engine holds; pages are filled to the middle of their last one on average."""
        return max(0, int(self.kv_room_bytes // self.kv_token_bytes))

    @cached_property
    def words(self) -> Words:
        model, mla = self.model, self.model.mla
        if mla:
            return Words(model.heads * mla.kept, mla.kept, model.heads * mla.kv_rank)
        kept = model.kv_heads * (model.head_dim + model.value_dim)
        return Words(model.heads * model.head_dim, kept, model.heads * model.value_dim)

    def keys_of_one(self, keys: float, holders: int) -> float:
        """That a sequence's query meets on each of so many devices that hold its keys: of a window,
        every one has as many."""
        if holders == 1:
            return max(1.0, keys)
        seen = min(keys, self.model.window) if self.model.window else keys
        return max(1.0, seen / holders)

    @property
    def head_parts(self) -> int:
        """Among how many devices the heads of one sequence are divided."""
        if not self.is_offloaded:
            return self.tensor
        offload = self.system.offload
        return 1 if offload is not None and offload.split == "sequence" else self.attender.count

    @property
    def _activation_bytes(self) -> float:
        chunk = self.system.serving.chunk
        return float(activation_bytes(self.model, chunk, chunk, self.tensor))


def plan_of(system: System, model: Model, machines: Mapping[str, Machine]) -> Plan:
    """Raises
    ------
    ArchError
        if heads or experts do not divide over devices, or the model does not fit: by how much.
    MappingError
        if a GPU that attends has no kernel for the model's heads.
    """
    ready = {name: in_stream(machine) for name, machine in machines.items()}
    plan = Plan(system, model, ready)
    for problem in _problems(plan):
        raise problem
    return plan


def plan_of_prompts(plan: Plan) -> Plan:
    """The model once more, on the devices with the role `prefill`: in as many parts as where it
    decodes, or in as many as there are devices if these do not divide.

    Raises
    ------
    ArchError
        as `plan_of` does.
    """
    device = plan.system.prefill_device
    assert device is not None, "there are devices for prompts"
    tensor = plan.tensor if device.count % plan.tensor == 0 else device.count
    system = plan.system.model_copy(
        update={
            "devices": (device.model_copy(update={"role": "both"}),),
            "parallel": Parallel(tensor=tensor),
            "offload": None,
        }
    )
    return plan_of(system, plan.model, plan.machines)


def _problems(plan: Plan) -> Iterator[InputError]:
    yield from _of_division(plan)
    yield from _of_room(plan)
    yield from _of_kernels(plan)


def _of_division(plan: Plan) -> Iterator[InputError]:
    model, t = plan.model, plan.tensor
    if model.heads % t or (model.kv_heads % t and t % model.kv_heads):
        fact = f"{model.heads} query and {model.kv_heads} key/value heads do not divide over {t}"
        yield ArchError(f"{fact} {plan.holder.name}", remedy="Change parallel.tensor")
    if plan.pipeline > model.layers:
        fact = f"{model.layers} layers make no {plan.pipeline} stages"
        yield ArchError(fact, remedy="Change parallel.pipeline")
    if plan.expert > 1 and (model.experts is None or model.experts.count % plan.expert):
        count = model.experts.count if model.experts else 0
        fact = f"{count} experts do not divide over {plan.expert} devices"
        yield ArchError(fact, remedy="Change parallel.expert")
    e, devices = plan.expert, t * plan.context
    if t % e and (e % t or devices % e):
        fact = f"experts over {e} devices do not go with {t} for all else (tensor) of {devices}"
        yield ArchError(fact, remedy=f"Set parallel.expert to a divisor of {t}, or to {devices}")
    offload, b = plan.system.offload, plan.attender.count
    if plan.is_offloaded and plan.head_parts > 1 and model.kv_heads % b:
        fact = f"{model.kv_heads} key/value heads do not divide over {b} {plan.attender.name}"
        divisors = [n for n in range(1, model.kv_heads + 1) if model.kv_heads % n == 0]
        counts = ", ".join(map(str, divisors))
        yield ArchError(fact, remedy=f"Take {counts} of them, or offload.split: sequence")
    if plan.is_offloaded and (plan.pipeline > 1 or plan.context > 1 or plan.expert > 1):
        fact = "attention workers go with tensor parallelism alone"
        yield ArchError(fact, remedy="Set parallel.pipeline, context and expert to 1")
    if offload is None and plan.is_offloaded:
        yield ArchError("attention workers need 'offload'", remedy="Add offload: {}")


def _of_room(plan: Plan) -> Iterator[InputError]:
    rules, machine = plan.system.memory, plan.machines[plan.holder.name]
    room = memory_bytes(machine) * rules.usable - rules.reserve_bytes
    needed = plan.weight_bytes + plan._activation_bytes
    if needed > room:
        sizes = f"{format_quantity(needed, 'B')} a device, of which {plan.holder.name} has "
        fact = f"{plan.model.name or 'the model'} needs {sizes}{format_quantity(room, 'B')}"
        remedy = "Take more devices (parallel.tensor, parallel.pipeline) or narrower weights"
        yield ArchError(fact, remedy=remedy)
    elif plan.kv_tokens < 1:
        fact = "no memory is left for keys and values"
        yield ArchError(fact, remedy="Take more devices or a smaller model")


def _of_kernels(plan: Plan) -> Iterator[InputError]:
    """Before anything is simulated: whether one sequence can be attended to."""
    machine = plan.machines[plan.attender.name]
    if isinstance(machine, Gpu):
        one = Decode(tokens=1, context=1)
        try:
            calls = layer_calls(plan.model, 0, one, plan.head_parts, plan.decodes_with)
            for call in calls.attention:
                works_of(call, machine)
        except MappingError as error:
            yield error
