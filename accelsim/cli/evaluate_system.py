"""`accelsim evaluate MODEL SYSTEM`: tokens of a model on a system, their price and their energy."""

from dataclasses import dataclass
from typing import Any, Literal

from accelsim.arch.load import load_system, machines_of, system_keys
from accelsim.base.record import keys_of
from accelsim.base.units import format_quantity
from accelsim.cli.inputs import load_any_model
from accelsim.cli.options import settings_by_input
from accelsim.cli.output import print_json, print_table
from accelsim.cost.system.explained import bound_of
from accelsim.cost.system.plan import plan_of
from accelsim.cost.system.served import Served, decoding, prompt
from accelsim.study.explained_decoding import batch_of
from accelsim.workload.model import Model

Phase = Literal["decode", "prefill"]
SEQUENCES, CONTEXT = 64, 4096
"""Where none are named."""


@dataclass(frozen=True)
class Serve:
    """What is asked of a model on a system."""

    model: str
    system: str
    phase: Phase
    sequences: int
    context: int
    settings: list[str]

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
    print(f"{asked.title}\n")
    print_table(("total", ""), rows_of(served, asked.phase))
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


def _served(asked: Serve) -> Served:
    known = {"system": system_keys(asked.system), "model": keys_of(Model)}
    settings = settings_by_input(asked.settings, known)
    system = load_system(asked.system, settings["system"])
    model = load_any_model(asked.model, settings["model"])
    plan = plan_of(system, model, machines_of(system))
    if asked.phase == "prefill":
        return prompt(plan, asked.context)
    return decoding(plan, batch_of(plan, asked.sequences, asked.context))


def rows_of(served: Served, phase: str) -> list[tuple[str, str]]:
    """The figures that a reader compares first."""
    time = "time to first token" if phase == "prefill" else "time between tokens"
    price, each = served.usd_per_hour, served.usd_per_million_tokens
    return [
        (time, format_quantity(served.seconds, "s")),
        ("bound", bound_of(served.of)),
        ("throughput", f"{served.tokens_per_s:,.0f} tokens/s"),
        ("energy a token", format_quantity(served.joules_per_token * 1e12, "pJ")),
        ("power", format_quantity(served.power_w, "W")),
        ("price", "not given" if price is None else f"{price:,.4g} USD/h"),
        ("a million tokens", "not given" if each is None else f"{each:,.4g} USD"),
    ]


def _as_plain(asked: Serve, served: Served) -> dict[str, Any]:
    decodes = asked.phase == "decode"
    return {
        "model": asked.model,
        "system": asked.system,
        "phase": asked.phase,
        "sequences": asked.sequences if decodes else 1,
        "context": asked.context,
        "seconds": served.seconds,
        "bound": bound_of(served.of),
        "tokens_per_s": served.tokens_per_s,
        "joules_per_token": served.joules_per_token,
        "power_w": served.power_w,
        "usd_per_hour": served.usd_per_hour,
        "usd_per_million_tokens": served.usd_per_million_tokens,
        "way_s": served.of.way_s,
        "busy_s": served.of.busy_s,
        "port_s": served.of.port_s,
        "energy_by_part_j": served.energy_by_part_j,
    }
