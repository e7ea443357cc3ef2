"""A whole model on a system: what `accelsim evaluate MODEL SYSTEM` prints, and why.

Of a phase: sequences that decode, each with `context` keys, or a prompt of `context` tokens.
"""

import shlex
from dataclasses import dataclass, replace
from functools import lru_cache

from accelsim.arch.load import is_gpu, load_arch
from accelsim.arch.load_gpu import load_gpu
from accelsim.arch.load_system import load_system
from accelsim.arch.system import Machine, System
from accelsim.base.setting import Value
from accelsim.cost.explanation import Explanation
from accelsim.cost.system.buckets import Exact
from accelsim.cost.system.costs import costs_of
from accelsim.cost.system.explained import explained_iteration, explained_prompt
from accelsim.cost.system.plan import plan_of
from accelsim.cost.system.served import Served, decoding, prompt
from accelsim.report.page.choices import MODEL, form_named
from accelsim.report.page.knobs import PRICE
from accelsim.report.page.question import MOST_KEPT, Texts, machine_settings
from accelsim.report.page.state import MachineState, State
from accelsim.study.explained_decoding import batch_of
from accelsim.study.served_figures import CONTEXT, SEQUENCES, Phase
from accelsim.workload.model import Model
from accelsim.workload.model_load import load_model


@dataclass(frozen=True)
class ModelQuestion:
    """A model, and what it does; `sequences` is None of a prompt."""

    model: str
    phase: Phase
    context: int
    sequences: int | None

    @property
    def title(self) -> str:
        if self.sequences is None:
            return f"{self.model}, a prompt of {self.context:,} tokens"
        return f"{self.model}, {self.sequences:,} sequences of {self.context:,} keys"


@dataclass(frozen=True)
class ServedSide:
    """A model on a system: what it comes to, why, and the command that prints the same."""

    machine: MachineState
    asked: ModelQuestion
    system: System
    served: Served
    explanation: Explanation
    command: str


def model_question(state: State) -> ModelQuestion:
    decodes = form_named(state.workload, state.form).name == "decode"
    return ModelQuestion(
        model=state.model or MODEL,
        phase="decode" if decodes else "prefill",
        context=state.context or CONTEXT,
        sequences=(state.batch or SEQUENCES) if decodes else None,
    )


def served_side(asked: ModelQuestion, machine: MachineState) -> ServedSide:
    """Raises
    ------
    InputError
        if the model does not fit on the system, or its keys do not.
    """
    system = _system(machine.name, machine_settings(machine))
    served, why = _worked(asked, _without_prices(machine))
    whole = replace(served.whole, system=system)
    command = model_command(asked, machine)
    return ServedSide(machine, asked, system, replace(served, whole=whole), why, command)


@lru_cache(maxsize=MOST_KEPT)
def _worked(asked: ModelQuestion, machine: MachineState) -> tuple[Served, Explanation]:
    """What prices do not change."""
    system = _system(machine.name, machine_settings(machine))
    plan = plan_of(system, _model(asked.model), _machines(system))
    if asked.sequences is None:
        served = prompt(plan, asked.context)
        return served, explained_prompt(served, asked.title)
    batch = batch_of(plan, asked.sequences, asked.context)
    costs = costs_of(plan, Exact())
    why = explained_iteration(plan, batch, asked.title, costs)
    return decoding(plan, batch, costs), why


def _without_prices(machine: MachineState) -> MachineState:
    moved = tuple(each for each in machine.moved if not each[0].endswith(PRICE))
    return replace(machine, moved=moved)


def model_command(asked: ModelQuestion, machine: MachineState) -> str:
    """The command that prints the same."""
    words = ["accelsim", "evaluate", asked.model, machine.name]
    words += ["--phase", "prefill"] if asked.sequences is None else []
    words += [] if asked.sequences is None else ["--sequences", str(asked.sequences)]
    words += ["--context", str(asked.context)]
    for path, text in machine_settings(machine):
        words += ["--set", f"{path}={text}"]
    return shlex.join(words)


@lru_cache(maxsize=MOST_KEPT)
def _system(name: str, settings: Texts) -> System:
    return load_system(name, dict(settings))


@lru_cache(maxsize=64)
def _model(name: str) -> Model:
    return load_model(name)


def _machines(system: System) -> dict[str, Machine]:
    """As `machines_of` has them; one that did not change is the same object."""
    return {
        device.name: _machine(device.machine, tuple(device.set.items()))
        for device in system.devices
    }


@lru_cache(maxsize=64)
def _machine(name: str, settings: tuple[tuple[str, Value], ...]) -> Machine:
    return load_gpu(name, dict(settings)) if is_gpu(name) else load_arch(name, dict(settings))
