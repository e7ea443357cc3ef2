"""`accelsim explain GPU KERNEL`: why a call of a kernel takes as long as it does."""

import json as jsonlib
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from accelsim.arch.gpu import Gpu
from accelsim.arch.load_gpu import load_gpu
from accelsim.base.errors import Place
from accelsim.base.record import keys_of
from accelsim.base.units import format_quantity
from accelsim.cli.explain import print_reasons
from accelsim.cli.options import settings_by_input
from accelsim.cli.output import print_json, print_table
from accelsim.cost.gpu.call import CallCost, call_cost
from accelsim.cost.gpu.explained import explained_call
from accelsim.cost.gpu.levers import gains
from accelsim.cost.gpu.why import why
from accelsim.workload.calls import call_text, case_of

BACKEND = "flash"
"""Of attention, where none is named."""
DTYPE = "bf16"


def explain_call(
    machine: str, kernel: str, params: dict[str, Any], settings: Sequence[str], json: bool
) -> None:
    """`params` are those of case files that were given."""
    params = call_params(kernel, params)
    call = case_of(kernel, jsonlib.dumps(params), Place("the command line")).call
    gpu = load_gpu(machine, settings_by_input(settings, {"arch": keys_of(Gpu)})["arch"])
    cost = call_cost(call, gpu)
    helps = gains(call, gpu)
    found = explained_call(call, gpu, f"{call_text(kernel, params)} on {machine}")
    if json:
        print_json(_as_plain(cost, gpu, helps) | {"explanation": found.as_plain()})
        return
    _print_call(cost, gpu, found.of)
    print_reasons(found)


def call_params(kernel: str, given: dict[str, Any]) -> dict[str, Any]:
    """With what is assumed of those that were left out."""
    if kernel.startswith("sdpa"):
        chosen = {name: given[name] for name in ("backend", "causal", "dtype") if name in given}
        sizes = {name: value for name, value in given.items() if name not in chosen}
        return _attention(sizes) | {"backend": BACKEND, "causal": False, "dtype": DTYPE} | chosen
    return given if kernel == "copy" else given | {"dtype": given.get("dtype", DTYPE)}


def _attention(params: dict[str, Any]) -> dict[str, Any]:
    heads = params.get("h", 32)
    defaults = {"b": 1, "h": heads, "g": heads, "e": 128}
    return {**defaults, **({"m": params["p"]} if "p" in params else {}), **params}


def _print_call(cost: CallCost, gpu: Gpu, title: str) -> None:
    print(f"{title}\n")
    rows = [
        ("alone, cold", format_quantity(cost.seconds, "s")),
        ("back to back", format_quantity(cost.sustained_s, "s")),
        ("energy a call", format_quantity(cost.energy_j * 1e12, "pJ")),
        ("power", f"{cost.power_w:.0f} W of {gpu.power.limit_w:.0f} W"),
        ("clock", f"{cost.sustained_clock_hz / 1e6:.0f} of {gpu.clock_hz / 1e6:.0f} MHz"),
        ("bound", cost.bound),
        ("kernels", ", ".join(cost.kernels)),
    ]
    rows += [(name, f"{value:.4g}") for name, value in _numbers(cost)]
    print_table(("call", ""), rows)
    print(f"\n{why(cost, gpu)}\n")


def _numbers(cost: CallCost) -> list[tuple[str, float]]:
    facts = cost.times.facts.items()
    return [(name, value) for name, value in facts if isinstance(value, int | float)]


def _as_plain(cost: CallCost, gpu: Gpu, helps: dict[str, float]) -> dict[str, Any]:
    return {**asdict(cost), "power_w": cost.power_w, "why": why(cost, gpu), "gain_of_twice": helps}
