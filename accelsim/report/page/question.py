"""A state as names and settings: what `accelsim evaluate` is given, and what the page is.

    heads/grouped, decode, llama3_8b, context 8K on h100_sxm at 4800 GB/s
    → accelsim evaluate heads/grouped:decode h100_sxm cudnn --set ranks.H=32 --set ranks.M=8192 …

The page loads both through the same doors with the same texts, so that it shows what the command
prints.
"""

import shlex
from dataclasses import dataclass, replace
from functools import lru_cache

from accelsim.report.page.choices import Form, ModelKind, form_named, model_ranks, models_of
from accelsim.report.page.knobs import knobs_of
from accelsim.report.page.state import MachineState, State
from accelsim.workload.context import at_context
from accelsim.workload.einsum import Cascade, Einsum
from accelsim.workload.load import load_workload
from accelsim.workload.model_load import load_model

BATCH = "B"

MOST_KEPT = 512

Texts = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class WorkloadQuestion:
    """A workload by name, a shape if one is named, and settings of its ranks."""

    name: str
    shape: str | None
    settings: Texts


@lru_cache(maxsize=MOST_KEPT)
def loaded(work: WorkloadQuestion) -> Cascade:
    """Its cascade. Sizes of one workload share their Einsums, by which costs are remembered
    (`cost.evaluate`): a length that is moved is then as quick as a bandwidth."""
    cascade = load_workload(work.name, dict(work.settings), work.shape)
    einsums = _einsums(work.name)
    return replace(cascade, einsums=einsums) if cascade.einsums == einsums else cascade


@lru_cache(maxsize=MOST_KEPT)
def _einsums(name: str) -> tuple[Einsum, ...]:
    return load_workload(name).einsums


def workload_question(state: State) -> WorkloadQuestion:
    """Sizes of the model first, then the batch, then what follows from the context.

    Raises
    ------
    InputError
        if the mechanism has no such form, or does not take that context.
    """
    written = written_question(state)
    own = loaded(written)
    ranks: dict[str, str] = {}
    if state.batch is not None and own.ranks.get(BATCH) != state.batch:
        ranks[BATCH] = str(state.batch)
    if state.context is not None:
        grown = at_context(form_named(state.workload, state.form).variant, own, state.context)
        of_context = {r: s for r, s in grown.declared.items() if s != own.declared.get(r)}
        ranks |= {rank: str(size) for rank, size in of_context.items()}
    settings = dict(written.settings) | {f"ranks.{rank}": size for rank, size in ranks.items()}
    return replace(written, settings=tuple(settings.items()))


def written_question(state: State) -> WorkloadQuestion:
    """The form with the sizes of the model, at the lengths that are written there."""
    form = form_named(state.workload, state.form)
    shape = state.model if model_kind(state) == "shape" else None
    return WorkloadQuestion(_name(state, form), shape, _sizes(state, form))


def machine_settings(machine: MachineState) -> Texts:
    """What was moved, at the paths of the machine's YAML."""
    moved = dict(machine.moved)
    found: dict[str, str] = {}
    for knob in knobs_of(machine.name):
        if knob.key in moved:
            found |= knob.settings(moved[knob.key])
    return tuple(found.items())


def command_line(work: WorkloadQuestion, machine: MachineState, mapping: str | None) -> str:
    """The command that prints the same."""
    words = ["accelsim", "evaluate", work.name, machine.name]
    words += [] if mapping is None else [mapping]
    words += [] if work.shape is None else ["--shape", work.shape]
    for path, text in (*work.settings, *machine_settings(machine)):
        words += ["--set", f"{path}={text}"]
    return shlex.join(words)


def model_kind(state: State) -> ModelKind | None:
    """What the chosen model is; None where none is chosen."""
    return None if state.model is None else models_of(state.workload).get(state.model)


def _name(state: State, form: Form) -> str:
    variant = form.variant
    preset = state.model if model_kind(state) == "preset" else None
    return ":".join(part for part in (variant.row, preset, variant.form) if part)


def _sizes(state: State, form: Form) -> Texts:
    ranks: dict[str, str] = {}
    if state.model is not None and model_kind(state) == "transformer":
        ranks = model_ranks(load_model(state.model), state.workload)
    ranks |= dict(form.ranks)
    return tuple((f"ranks.{rank}", size) for rank, size in ranks.items())
