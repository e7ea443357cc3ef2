"""What the page is opened with: names of the command line → what it offers, and what it shows."""

from accelsim.base.catalogue import matching, names
from accelsim.base.errors import InputError, did_you_mean
from accelsim.report.page.choices import (
    MECHANISM,
    MODEL,
    SYSTEM,
    WHOLE_MODEL,
    Offered,
    forms_of,
    full_name,
    offered,
)
from accelsim.report.page.knobs import is_system, knobs_of
from accelsim.report.page.state import MachineState, State, usual_machine


def opened_with(workload: str | None, machine: str | None) -> tuple[Offered, State]:
    """A mechanism on a machine, or a model on a system; what is not named is what it runs on.

    Raises
    ------
    InputError
        if a name is of nothing, or the two do not go together.
    """
    if machine is not None:
        kind = "systems" if matching(machine, "systems") else "machines"
        machine = full_name(machine, kind)
    elif workload is not None and matching(workload, "systems"):
        remedy = f"A model goes before it: accelsim explore {MODEL} {workload}"
        raise InputError(f"{workload} is a system", remedy=remedy)
    on_system = machine is not None and is_system(machine)
    model = _model_named(workload)
    if on_system and workload is not None and model is None:
        fact = f"{machine} is a system, and {workload} is no model"
        meant = did_you_mean(workload, names("models"))
        remedy = meant or f"Name a model: accelsim explore {MODEL} {machine}"
        raise InputError(fact, remedy=remedy)
    if model is not None or on_system:
        named, of = WHOLE_MODEL, model
    else:
        named, of = full_name(workload or MECHANISM, "workloads"), None
    machine = machine or usual_machine(named)
    if named == WHOLE_MODEL and not is_system(machine):
        fact = f"{model} is a whole model, and {machine} is no system"
        is_machine = bool(matching(machine, "machines"))
        meant = None if is_machine else did_you_mean(machine, names("systems"))
        remedy = meant or f"Name a system: accelsim explore {model} {SYSTEM}"
        raise InputError(fact, remedy=remedy)
    forms_of(named)
    knobs_of(machine)
    mine = None if named == WHOLE_MODEL else named
    return offered(mine, machine), State(named, (MachineState(machine),), model=of)


def _model_named(text: str | None) -> str | None:
    """A shipped model; the page takes no file of one."""
    found = [] if text is None or matching(text, "workloads") else matching(text, "models")
    return found[0] if len(found) == 1 else None
