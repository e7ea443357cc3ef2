"""What there is to choose from: mechanisms, their forms, models, machines, mappings.

A choice is a name of the catalogue, or a file that was named when the page was opened; the page
reads no other file, whatever its URL says.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal, get_args

from accelsim.base.catalogue import entries, matching, names
from accelsim.base.errors import InputError
from accelsim.report.page.knobs import is_system, runs_kernels
from accelsim.workload.calls import Backend
from accelsim.workload.context import context_rank
from accelsim.workload.einsum import Cascade
from accelsim.workload.load import load_workload
from accelsim.workload.model import Model
from accelsim.workload.model_load import load_model
from accelsim.workload.variants import Variant, variants_of

WITHOUT = ("kernels", "transformer")
"""Families of workloads that are no attention."""

AS_WRITTEN = "as written"

GROUPED = "heads/grouped"
"""Whose G are the key and value heads of a transformer."""

WHOLE_MODEL = "whole_model"
"""In place of a mechanism: all of a transformer, which systems serve."""

MODEL, SYSTEM = "llama3_8b", "eight_h100"
MECHANISM, MACHINE = "attention/one_pass", "fusemax_cloud"
"""What is shown where nothing is named, of whole models and of mechanisms."""

ModelKind = Literal["preset", "shape", "transformer"]


@dataclass(frozen=True)
class Offered:
    """The names that a page takes: the catalogue's, and the files that it was opened with."""

    workloads: tuple[str, ...]
    machines: tuple[str, ...]
    systems: tuple[str, ...] = ()

    def run_on(self, workload: str) -> tuple[str, ...]:
        """Whole models run on systems, mechanisms on machines."""
        return self.systems if workload == WHOLE_MODEL else self.machines


@dataclass(frozen=True)
class Form:
    """A form of a mechanism, or a phase of a workload that has no forms (`ranks` are set then)."""

    name: str
    about: str
    variant: Variant
    ranks: tuple[tuple[str, str], ...] = ()


def offered(workload: str | None = None, machine: str | None = None) -> Offered:
    """All that is shipped, and a file of each kind that is not."""
    shipped = [n for n in names("workloads") if n.partition("/")[0] not in WITHOUT]
    workloads = _with([*shipped, WHOLE_MODEL], workload)
    is_own_system = machine is not None and is_system(machine)
    machines = _with(names("machines"), None if is_own_system else machine)
    systems = _with(names("systems"), machine if is_own_system else None)
    return Offered(workloads, machines, systems)


def _with(shipped: Iterable[str], own: str | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*shipped, *([] if own is None else [own])]))


def full_name(word: str, kind: str) -> str:
    """`one_pass` as attention/one_pass; what is no name of the catalogue (a file) stays."""
    found = matching(word, kind)
    return found[0] if len(found) == 1 and not Path(word).is_file() else word


# --- forms and models of a mechanism --------------------------------------------------------------


@lru_cache(maxsize=256)
def forms_of(mechanism: str) -> tuple[Form, ...]:
    """Its forms; of a workload without forms, the phases that its ranks allow."""
    if mechanism == WHOLE_MODEL:
        return (
            _plain_form(mechanism, "decode", "sequences that each get their next token"),
            _plain_form(mechanism, "prefill", "a prompt, up to its first token"),
        )
    variants = variants_of(mechanism)
    plain = tuple(Form(v.form, v.about, v) for v in variants if v.preset is None)
    return plain or _phases(mechanism, load_workload(mechanism))


def form_named(mechanism: str, name: str | None) -> Form:
    """The first form where none is named.

    Raises
    ------
    InputError
        if it has no such form.
    """
    forms = forms_of(mechanism)
    if name is None:
        return forms[0]
    for form in forms:
        if form.name == name:
            return form
    there = ", ".join(form.name for form in forms)
    raise InputError(f"{mechanism} has no form {name[:60]!r}", remedy=f"It has {there}")


def _phases(mechanism: str, cascade: Cascade) -> tuple[Form, ...]:
    """Prefill as it is written; decode is one query, where no condition says which it is."""
    written = _phase(mechanism, cascade, "prefill", ())
    if written is None:
        plain = Variant("", mechanism, "", None, "prefill", cascade.about, cascade.source, None)
        return (Form(AS_WRITTEN, cascade.about, plain),)
    masked = any(einsum.conditions for einsum in cascade.einsums)
    decode = None if masked else _phase(mechanism, cascade, "decode", (("P", "1"),))
    return (written, decode) if decode else (written,)


def _phase(
    mechanism: str, cascade: Cascade, phase: str, ranks: tuple[tuple[str, str], ...]
) -> Form | None:
    """None where the workload does not say what the context is, or has no P to set."""
    assert phase in ("prefill", "decode")
    about = {"prefill": "as many queries as keys", "decode": "one query"}[phase]
    plain = _plain_form(mechanism, phase, about, ranks)
    try:
        rank = context_rank(plain.variant, cascade)
    except InputError:
        return None
    missing = any(name not in cascade.declared for name, _ in ranks)
    return None if rank is None or missing else plain


def _plain_form(
    mechanism: str, phase: str, about: str, ranks: tuple[tuple[str, str], ...] = ()
) -> Form:
    variant = Variant(
        "", mechanism, "", None, "decode" if phase == "decode" else "prefill", about, "", None
    )
    return Form(phase, about, variant, ranks)


@lru_cache(maxsize=256)
def models_of(mechanism: str) -> Mapping[str, ModelKind]:
    """Presets of the mechanism; shapes and transformers, where its ranks are called like theirs.

    A name that is several of these is a preset before it is anything else.
    """
    if mechanism == WHOLE_MODEL:
        return dict.fromkeys(names("models"), "transformer")
    own = variants_of(mechanism)
    found: dict[str, ModelKind] = {each.preset: "preset" for each in own if each.preset}
    shapes = names("shapes") if mechanism.startswith("attention/") else []
    grouped = mechanism.startswith("attention/") or mechanism == GROUPED
    for name in shapes:
        found.setdefault(name, "shape")
    for name in _transformers() if grouped else ():
        found.setdefault(name, "transformer")
    return found


@lru_cache(maxsize=1)
def _transformers() -> tuple[str, ...]:
    """Those with heads of keys and values, not with a latent."""
    return tuple(name for name in names("models") if load_model(name).mla is None)


def model_ranks(model: Model, mechanism: str) -> dict[str, str]:
    """H, E and F of a transformer, and G where key and value heads are grouped."""
    grouped = mechanism == GROUPED
    heads = {"H": str(model.heads), **({"G": str(model.kv_heads)} if grouped else {})}
    return {**heads, "E": str(model.head_dim), "F": str(model.value_dim)}


# --- machines -------------------------------------------------------------------------------------


@lru_cache(maxsize=64)
def mappings_of(machine: str) -> tuple[str, ...]:
    """What may be named in place of the default: libraries of a GPU, mappings of loops. A system's
    devices have theirs in its file."""
    if is_system(machine):
        return ()
    if runs_kernels(machine):
        return get_args(Backend)
    return tuple(names("mappings"))


@lru_cache(maxsize=8)
def abouts(kind: str) -> dict[str, str]:
    return {entry.name: entry.about for entry in entries(kind)}
