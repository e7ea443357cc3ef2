"""`accelsim explain`: why a call of a kernel takes as long as it does on a GPU."""

import json as jsonlib
from dataclasses import asdict
from typing import Annotated, Any, Literal, get_args

import typer

from accelsim.arch.gpu import Gpu
from accelsim.arch.load import load_gpu
from accelsim.base.errors import Place
from accelsim.base.record import keys_of
from accelsim.base.units import format_quantity
from accelsim.cli.options import Json, Settings, settings_by_input
from accelsim.cli.output import print_json, print_table
from accelsim.cost.gpu.call import CallCost, call_cost
from accelsim.cost.gpu.levers import gains
from accelsim.cost.gpu.why import WORDS, why
from accelsim.workload.calls import KERNELS, Backend, case_of

Size = Annotated[int | None, typer.Option(show_default=False)]

WORTH_NAMING = 1.02

BACKEND = "flash"
"""Of attention, where none is named."""


def command(
    machine: Annotated[str, typer.Argument(metavar="GPU", help="A shipped GPU or a file.")],
    kernel: Annotated[str, typer.Argument(metavar="KERNEL", help=f"One of {', '.join(KERNELS)}.")],
    b: Size = None,
    h: Size = None,
    g: Size = None,
    p: Size = None,
    m: Size = None,
    n: Size = None,
    k: Size = None,
    e: Size = None,
    rows: Size = None,
    cols: Size = None,
    size: Annotated[int | None, typer.Option("--bytes", show_default=False)] = None,
    causal: Annotated[bool, typer.Option("--causal", help="sdpa: mask later keys.")] = False,
    window: Annotated[int | None, typer.Option(help="sdpa: keys that a query sees.")] = None,
    page: Annotated[
        int | None, typer.Option(help="sdpa: tokens a page of keys and values.")
    ] = None,
    backend: Annotated[
        str | None,
        typer.Option(help=f"sdpa: {', '.join(get_args(Backend))}; left out: {BACKEND}."),
    ] = None,
    dtype: Annotated[Literal["bf16", "fp16", "fp32", "fp8"], typer.Option()] = "bf16",
    *,
    settings: Settings,
    json: Json = False,
) -> None:
    """The bound, each resource's share, the clock, and what would help.

    Sizes are those of case files: gemm and bmm take b m n k, softmax and rms_norm rows and cols,
    copy bytes, sdpa and sdpa_backward b h g p m e (batch, query heads, key/value heads, queries,
    keys, head dimension; left out: 1, 32, h, -, p, 128).

    Example: accelsim explain h100_sxm sdpa --p 8192 --causal --backend cudnn
    """
    sizes = {"b": b, "h": h, "g": g, "p": p, "m": m, "n": n, "k": k, "e": e}
    given = {**sizes, "rows": rows, "cols": cols, "bytes": size, "window": window, "page": page}
    params: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    is_attention = kernel.startswith("sdpa")
    if is_attention:
        params = _attention(params)
        backend = backend or BACKEND
    # Another kernel refuses them, if they are given.
    params |= {} if backend is None else {"backend": backend}
    params |= {"causal": causal} if causal or is_attention else {}
    if kernel != "copy":
        params["dtype"] = dtype
    call = case_of(kernel, jsonlib.dumps(params), Place("the command line")).call
    gpu = load_gpu(machine, settings_by_input(settings, {"arch": keys_of(Gpu)})["arch"])
    cost = call_cost(call, gpu)
    helps = gains(call, gpu)
    if json:
        print_json(_as_plain(cost, gpu, helps))
    else:
        _report(cost, gpu, helps, f"{kernel} {jsonlib.dumps(params)} on {machine}")


def _attention(params: dict[str, Any]) -> dict[str, Any]:
    heads = params.get("h", 32)
    defaults = {"b": 1, "h": heads, "g": heads, "e": 128}
    return {**defaults, **({"m": params["p"]} if "p" in params else {}), **params}


def _report(cost: CallCost, gpu: Gpu, helps: dict[str, float], title: str) -> None:
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
    print()
    shares = sorted(cost.times.by_resource.items(), key=lambda item: -item[1])
    print_table(
        ("resource", "needs", "of the call"),
        [
            (WORDS.get(name, name), format_quantity(s, "s"), f"{s / cost.seconds:.0%}")
            for name, s in shares
        ],
    )
    print(f"\n{why(cost, gpu)}")
    best = sorted(helps.items(), key=lambda item: -item[1])
    named = [f"{name} {gain:.2f}x faster" for name, gain in best if gain >= WORTH_NAMING]
    print(f"twice of what would help: {', '.join(named) or 'nothing by 2 % or more'}")


def _numbers(cost: CallCost) -> list[tuple[str, float]]:
    facts = cost.times.facts.items()
    return [(name, value) for name, value in facts if isinstance(value, int | float)]


def _as_plain(cost: CallCost, gpu: Gpu, helps: dict[str, float]) -> dict[str, Any]:
    return {**asdict(cost), "power_w": cost.power_w, "why": why(cost, gpu), "gain_of_twice": helps}
