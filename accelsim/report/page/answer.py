"""answer(state) → what its machines take: the one function behind the page.

Everything goes through the doors that the command line uses, with the texts that it would be given
(`question`): what is shown is what `Side.command` prints. A side that cannot be evaluated (a buffer
too small, an operation that an array lacks) is `Refused`, with the error's own words.

    price of a million tokens = USD an hour / 3600 · latency / tokens · 10^6

Answers are kept by what they depend on: moving machine b leaves machine a as it was.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from accelsim.arch.catalogued import extrapolations
from accelsim.arch.gpu import Gpu
from accelsim.arch.load import load_arch
from accelsim.arch.load_gpu import load_gpu
from accelsim.arch.spatial import Spatial
from accelsim.base.errors import AccelsimError, InputError, MappingError
from accelsim.cost.default import default_mapping
from accelsim.cost.evaluate import evaluate
from accelsim.cost.explanation import Explanation
from accelsim.cost.result import Cost
from accelsim.mapping.automatic import AUTOMATIC
from accelsim.mapping.binding import bind
from accelsim.mapping.check import check
from accelsim.mapping.gpu_mapping import GpuMapping
from accelsim.mapping.load import load_mapping, select
from accelsim.mapping.mapping import Choice, Mapping
from accelsim.report.page.choices import form_named
from accelsim.report.page.held import Held, held_by
from accelsim.report.page.knobs import runs_kernels
from accelsim.report.page.prices import price_of
from accelsim.report.page.question import (
    BATCH,
    MOST_KEPT,
    WorkloadQuestion,
    command_line,
    loaded,
    machine_settings,
    workload_question,
)
from accelsim.report.page.served import (
    ModelQuestion,
    ServedSide,
    model_command,
    model_question,
    served_side,
)
from accelsim.report.page.state import MachineState, State
from accelsim.study.explained import explained
from accelsim.workload.budget import budgeted
from accelsim.workload.context import at_context, context_rank, growing_ranks, tokens_of
from accelsim.workload.counts import flop
from accelsim.workload.einsum import Cascade
from accelsim.workload.extent import iteration_points

LIBRARIES = ("flash", "cudnn", "efficient")
"""Those that torch ships; the fastest is taken where none is named (`cost.gpu.default`)."""

AnyMapping = Mapping | Choice | GpuMapping


class Named(NamedTuple):
    name: str
    mapping: AnyMapping


@dataclass(frozen=True)
class Side:
    """A workload on a machine: its cost, and what was asked, as objects and as a command.

    `mapping` has all its alternatives. `tokens` are those of one run, of all
    sequences of the batch; None where the workload does not say.
    """

    machine: MachineState
    arch: Spatial | Gpu
    cascade: Cascade
    mapping_name: str
    mapping: AnyMapping
    cost: Cost
    explanation: Explanation
    flop: float
    tokens: int | None
    command: str

    @property
    def usd_per_million_tokens(self) -> float | None:
        """None without a price, or without a number of tokens."""
        price = price_of(self.machine)
        if price is None or not self.tokens:
            return None
        return price.usd_per_hour / 3600 * float(self.cost.latency_s) / self.tokens * 1e6

    @property
    def notes(self) -> tuple[str, ...]:
        """What the reader of an energy or an area should know of it."""
        if isinstance(self.arch, Gpu):
            return ()
        found = extrapolations(self.arch).items()
        return tuple(f"{name}: {law}" for name, laws in found for law in laws)


@dataclass(frozen=True)
class Refused:
    """A machine that does not run the workload, why, and the command that says so too."""

    machine: MachineState
    reason: str
    command: str


@dataclass(frozen=True)
class Answer:
    """A side for each machine; no side, and a reason, where the workload itself cannot be had."""

    state: State
    title: str
    context: int | None
    batch: int | None
    sides: tuple[Side | ServedSide | Refused, ...]
    held: tuple[Held, ...] = ()
    reason: str = ""


@lru_cache(maxsize=MOST_KEPT)
def answer(state: State) -> Answer:
    """Everything that the page shows of a state; no state is an error."""
    if state.is_served:
        return _of_whole_model(state)
    try:
        work = workload_question(state)
        cascade = loaded(work)
    except InputError as error:
        return Answer(state, state.workload, state.context, state.batch, (), (), str(error))
    tokens = _tokens(state, cascade)
    sides = tuple(_side(work, machine, tokens) for machine in state.machines)
    batch = cascade.ranks.get(BATCH)
    context = own_context(state, cascade)
    held = held_by(state, context)
    return Answer(state, cascade.name, context, batch, sides, held)


def _of_whole_model(state: State) -> Answer:
    asked = model_question(state)
    sides = tuple(_on_system(asked, machine) for machine in state.machines)
    return Answer(state, asked.title, asked.context, asked.sequences, sides)


@lru_cache(maxsize=MOST_KEPT)
def _on_system(asked: ModelQuestion, machine: MachineState) -> ServedSide | Refused:
    try:
        return served_side(asked, machine)
    except AccelsimError as error:
        return Refused(machine, str(error), model_command(asked, machine))


@lru_cache(maxsize=MOST_KEPT)
def _side(work: WorkloadQuestion, machine: MachineState, tokens: int | None) -> Side | Refused:
    try:
        return _answered(work, machine, tokens)
    except AccelsimError as error:
        return Refused(machine, str(error), command_line(work, machine, machine.mapping))


def _answered(work: WorkloadQuestion, machine: MachineState, tokens: int | None) -> Side:
    cascade, settings = loaded(work), dict(machine_settings(machine))
    arch: Spatial | Gpu
    if runs_kernels(machine.name):
        arch = load_gpu(machine.name, settings)
        written = machine.mapping or _library(work, machine.name)
        named, cost = _on_gpu(cascade, arch, written)
    else:
        arch, written = load_arch(machine.name, settings), machine.mapping
        named, cost = _on_array(cascade, arch, machine)
    return Side(
        machine=machine,
        arch=arch,
        cascade=cascade,
        mapping_name=named.name,
        mapping=named.mapping,
        cost=cost,
        explanation=explained(cascade, arch, named.mapping, named=machine.name),
        flop=_flop(work),
        tokens=tokens,
        command=command_line(work, machine, written),
    )


@lru_cache(maxsize=MOST_KEPT)
def _flop(work: WorkloadQuestion) -> float:
    """Of all Einsums (`workload.counts`), without their bytes, which take longer to count."""
    cascade = budgeted(loaded(work))
    operations = (
        {
            name: number * iteration_points(cascade, einsum.name)
            for name, number in einsum.operations.items()
        }
        for einsum in cascade.einsums
    )
    return float(sum(flop(each) for each in operations))


# --- spatial arrays -------------------------------------------------------------------------------


def _on_array(cascade: Cascade, arch: Spatial, machine: MachineState) -> tuple[Named, Cost]:
    """Under the named mapping, if it is legal, or the default one, which is."""
    if machine.mapping is None:
        name, mapping = default_mapping(cascade, arch, machine.name)
        named = mapping if name == AUTOMATIC else _shipped(name)
        return Named(name, named), evaluate(cascade, arch, mapping)
    named = _shipped(machine.mapping)
    mapping = select(named, cascade, arch)
    violations = check(bind(mapping, cascade, arch))
    if violations:
        listed = "; ".join(str(violation) for violation in violations)
        raise MappingError(f"the mapping {machine.mapping} does not fit {cascade.name}: {listed}")
    return Named(machine.mapping, named), evaluate(cascade, arch, mapping)


@lru_cache(maxsize=64)
def _shipped(name: str) -> Mapping | Choice:
    return load_mapping(name)


# --- GPUs -----------------------------------------------------------------------------------------


@lru_cache(maxsize=MOST_KEPT)
def _library(work: WorkloadQuestion, machine: str) -> str | None:
    """The fastest library on the machine as its file has it; None if none computes this.

    So kernels stay the same while numbers of the machine are moved.
    """
    cascade, gpu = loaded(work), load_gpu(machine)
    seconds: dict[str, float] = {}
    for library in LIBRARIES:
        try:
            seconds[library] = float(_on_gpu(cascade, gpu, library)[1].latency_s)
        except AccelsimError:
            continue
    return min(seconds, key=lambda name: seconds[name]) if seconds else None


def _on_gpu(cascade: Cascade, gpu: Gpu, name: str | None) -> tuple[Named, Cost]:
    # They need numba, whose import takes longer than a spatial array does.
    from accelsim.cost.gpu.cascade import refuse_too_large
    from accelsim.cost.gpu.mapping import gpu_mapping

    mapping = gpu_mapping(cascade, gpu, name)
    refuse_too_large(mapping, gpu)
    return Named(mapping.name, mapping), evaluate(cascade, gpu, mapping)


# --- lengths --------------------------------------------------------------------------------------


def own_context(state: State, cascade: Cascade) -> int | None:
    """How long the sequence of a cascade is; None if nothing of the form grows, or several ranks
    are computed from it."""
    variant = form_named(state.workload, state.form).variant
    try:
        rank = context_rank(variant, cascade)
        if rank is None:
            return None
        size = int(cascade.ranks[rank])
        grows = growing_ranks(cascade, at_context(variant, cascade, 2 * size))
    except InputError:
        return None
    return size if grows else None


def _tokens(state: State, cascade: Cascade) -> int | None:
    try:
        return tokens_of(form_named(state.workload, state.form).variant, cascade)
    except InputError:
        return None
