"""What `simulate` and `compare` share: a system, a model and requests named on the command line."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import inf
from pathlib import Path
from typing import Annotated, Any

import typer

from accelsim.arch.load_system import load_system, machines_of
from accelsim.arch.system import System
from accelsim.base.errors import ArchError, InputError, MappingError, Place
from accelsim.base.record import keys_of
from accelsim.base.units import quantity
from accelsim.base.yamlfile import read_yaml
from accelsim.cli.models import load_any_model
from accelsim.cli.options import settings_by_input
from accelsim.cost.system.buckets import Exact
from accelsim.cost.system.plan import Plan, plan_of
from accelsim.sim.arrivals import ClosedLoop, at_once, poisson, read_arrival_rate, read_trace
from accelsim.sim.request import Outcome
from accelsim.sim.summary import Summary
from accelsim.sim.system.faults import Fault, read_faults
from accelsim.sim.system.ledger import Ledger
from accelsim.sim.system.serve import Options, Source, serve
from accelsim.sim.timeline import Window
from accelsim.workload.model import Model

ModelName = Annotated[
    str | None,
    typer.Option(metavar="MODEL", help="A shipped model, a YAML file, or a config.json."),
]
TraceName = Annotated[
    str | None,
    typer.Option(metavar="TRACE", help="A CSV of requests, or a described trace [azure_conv]."),
]
RateText = Annotated[
    str | None,
    typer.Option(
        metavar="RATE", help="4/s: a Poisson process; inf: all at once; else the trace's times."
    ),
]
Requests = Annotated[
    int | None, typer.Option(metavar="N", min=1, help="The first N requests; else all.")
]
Clients = Annotated[
    int | None,
    typer.Option(metavar="N", min=1, help="N clients that ask again when they are answered."),
]
Seed = Annotated[int, typer.Option(min=0, help="Of described traces and of --rate.")]
DecodeOnly = Annotated[
    bool, typer.Option("--decode-only", help="Prompts are worked on elsewhere, and cost nothing.")
]
Exactly = Annotated[
    bool, typer.Option("--exact", help="Every iteration anew, instead of between buckets.")
]
FaultsFile = Annotated[
    Path | None,
    typer.Option(metavar="FAULTS.yaml", help="Devices that slow down or die, links that degrade."),
]
WindowText = Annotated[
    str | None,
    typer.Option(metavar="FROM:TO", help="The time to draw and to trace, as in 10s:10.5s."),
]

SHOWN_S = 0.5
DEFAULT_TRACE = "azure_conv"
NOTES = {
    True: "every iteration's time is evaluated anew",
    False: "iteration times are interpolated between sizes 9 % apart: 0.5 % off in the mean, 4 % "
    "at worst, where it was measured (eight_h100, Llama 3 70B)",
}


@dataclass(frozen=True)
class Asked:
    """All that is asked of a run but the system."""

    model: str | None
    trace: str | None = None
    rate: str | None = None
    requests: int | None = None
    clients: int | None = None
    seed: int = 0
    decode_only: bool = False
    exact: bool = False
    faults: Path | None = None
    window: str | None = None
    settings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Ran:
    """A run: what it comes to, and what was kept of it."""

    name: str
    plan: Plan
    summary: Summary
    ledger: Ledger

    def figures(self, asked: Asked) -> dict[str, Any]:
        """summary.json: what ran, then what came out."""
        return {
            "system": self.name,
            "model": self.plan.model.name or asked.model,
            "trace": asked.trace or DEFAULT_TRACE,
            "rate": asked.rate or ("closed loop" if asked.clients else "trace"),
            "seed": asked.seed,
            "decode_only": self.plan.system.serving.prefill == "elsewhere",
            **self.summary.figures(),
        }


def load_plan(name: str, asked: Asked) -> Plan:
    """The model laid out over the system.

    Raises
    ------
    InputError
        if either cannot be read, or the model does not fit the system.
    """
    if asked.model is None:
        remedy = "Add --model llama3-70b; `accelsim list models` shows what is shipped"
        raise InputError("no model is named", remedy=remedy)
    known = {"system": keys_of(System), "model": keys_of(Model)}
    settings = settings_by_input(asked.settings, known)
    if asked.decode_only:
        settings["system"]["serving.prefill"] = "elsewhere"
    system = load_system(name, settings["system"])
    model = load_any_model(asked.model, settings["model"])
    try:
        return plan_of(system, model, machines_of(system))
    except (ArchError, MappingError) as error:
        place = error.at or Place(name)
        raise type(error)(error.fact, at=place, remedy=error.remedy) from error


def source_of(asked: Asked) -> Source:
    """The requests, and when they come."""
    requests = read_trace(asked.trace or DEFAULT_TRACE, requests=asked.requests, seed=asked.seed)
    if asked.clients is not None:
        if asked.rate is not None:
            raise InputError("--rate and --clients exclude each other", remedy="Leave one out")
        return ClosedLoop(requests, asked.clients)
    if asked.rate is None:
        return requests
    rate = read_arrival_rate(asked.rate)
    return at_once(requests) if rate == inf else poisson(requests, rate, asked.seed)


def run(name: str, asked: Asked, took: Callable[[Outcome], None]) -> Ran:
    """One simulation; `took` is told of every request that is answered."""
    plan = load_plan(name, asked)
    options = Options(
        faults=_faults(asked, plan.system),
        nodes=Exact() if asked.exact else None,
        window=_window(asked, plan.system),
        shown_s=SHOWN_S,
        took=took,
    )
    served = serve(plan, source_of(asked), options)
    notes = (*served.summary.notes, *_of_window(options.window), NOTES[asked.exact])
    return Ran(name, plan, replace(served.summary, notes=notes), served.ledger)


def _faults(asked: Asked, system: System) -> tuple[Fault, ...]:
    return () if asked.faults is None else read_faults(read_yaml(asked.faults), system)


def _window(asked: Asked, system: System) -> Window | None:
    if asked.window is None:
        return None
    begin, colon, end = asked.window.partition(":")
    if not colon:
        fact = f"--window {asked.window!r} is no time"
        raise InputError(fact, remedy="write it like 10s:10.5s")
    start_s, end_s = (float(quantity(each.strip(), "s")) for each in (begin, end))
    if not 0 <= start_s < end_s:
        remedy = "write it like 10s:10.5s"
        raise InputError(f"--window {asked.window!r} ends before it begins", remedy=remedy)
    return Window(start_s, end_s, actors_of(system))


def _of_window(window: Window | None) -> Sequence[str]:
    if window is None or window.spans:
        return ()
    return (
        f"nothing is done from {window.start_s:g} s to {window.end_s:g} s, the window asked for",
    )


def actors_of(system: System) -> Sequence[str]:
    return [*map(str, system.workers()), *(link.name for link in system.links)]
