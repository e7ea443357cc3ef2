"""`accelsim evaluate MODEL SYSTEM`: tokens of a model on a system, their price and their energy."""

from dataclasses import dataclass
from typing import Any

from accelsim.arch.load_system import load_system, machines_of, system_keys
from accelsim.base.record import keys_of
from accelsim.base.units import format_quantity
from accelsim.cli.models import load_any_model
from accelsim.cli.options import settings_by_input
from accelsim.cli.output import print_json, print_table
from accelsim.cost.system.plan import plan_of
from accelsim.cost.system.served import Served, decoding, prompt
from accelsim.study.explained_decoding import batch_of
from accelsim.study.served_figures import CONTEXT, SEQUENCES, Phase, figures, plain
from accelsim.workload.model import Model


@dataclass(frozen=True)
class Serve:
    """What is asked of a model on a system."""

    model: str
    system: str
    phase: Phase
    settings: list[str]
    sequences: int = SEQUENCES
    context: int = CONTEXT

    @property
    def title(self) -> str:
        what = (
            f"a prompt of {self.context:,} tokens"
            if self.phase == "prefill"
            else f"{self.sequences:,} sequences of {self.context:,} keys"
        )
        return f"{self.model} on {self.system}, {what}"


def evaluate_system(asked: Serve, as_json: bool) -> None:
    """Raises
    ------
    InputError
        if the model does not fit on the system, or what is asked does not.
    """
    served = _served(asked)
    if as_json:
        print_json(_as_plain(asked, served))
        return
    print(f"{asked.title}{_on_each(served)}\n")
    print_table(("total", ""), [each[:2] for each in figures(served, asked.phase)])
    print()
    way = served.of.way_s.items()
    print_table(
        ("part", "needs", "share"),
        [(part, format_quantity(s, "s"), f"{s / served.seconds:.1%}") for part, s in way],
    )
    print()
    busy = {**served.of.busy_s, **served.of.port_s}
    print_table(
        ("device or link", "busy"),
        [(name, f"{seconds / served.of.seconds:.1%}") for name, seconds in busy.items()],
    )
    print()
    joules = served.energy_by_part_j.items()
    print_table(("energy", ""), [(part, format_quantity(j * 1e12, "pJ")) for part, j in joules])


def _on_each(served: Served) -> str:
    """What is asked is one engine's; all do as much."""
    engines = served.plan.engines
    return f" on each of {engines} replicas" if engines > 1 else ""


def _served(asked: Serve) -> Served:
    known = {"system": system_keys(asked.system), "model": keys_of(Model)}
    settings = settings_by_input(asked.settings, known)
    system = load_system(asked.system, settings["system"])
    model = load_any_model(asked.model, settings["model"])
    plan = plan_of(system, model, machines_of(system))
    if asked.phase == "prefill":
        return prompt(plan, asked.context)
    return decoding(plan, batch_of(plan, asked.sequences, asked.context))


def _as_plain(asked: Serve, served: Served) -> dict[str, Any]:
    return {
        "model": asked.model,
        "system": asked.system,
        "phase": asked.phase,
        "sequences": asked.sequences if asked.phase == "decode" else 1,
        "context": asked.context,
        **plain(served),
    }
