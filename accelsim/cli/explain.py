"""`accelsim explain`: what bounds a run, what comes next, and what would help."""

from importlib import import_module
from typing import Annotated, Any, Literal, get_args

import typer

from accelsim.arch.load import is_gpu
from accelsim.arch.load_system import load_system, system_keys
from accelsim.base.errors import InputError
from accelsim.base.record import keys_of
from accelsim.base.units import format_quantity
from accelsim.cli.gpu_cases import load_gpu_case
from accelsim.cli.models import load_any_model
from accelsim.cli.named import Asked, asked
from accelsim.cli.options import Json, Settings, Shape, settings_by_input
from accelsim.cli.output import print_json, print_table
from accelsim.cost.explanation import Explanation
from accelsim.workload.calls import KERNELS, Backend
from accelsim.workload.model import Model

Size = Annotated[int | None, typer.Option(show_default=False)]
BATCH = {"sequences": 64, "context": 4096}
"""Of a model that decodes."""


def command(
    first: Annotated[
        str, typer.Argument(metavar="WORKLOAD|GPU|MODEL", help="What is asked about.")
    ],
    second: Annotated[
        str, typer.Argument(metavar="MACHINE|KERNEL|SYSTEM", help="And where, or which kernel.")
    ],
    mapping: Annotated[
        str | None,
        typer.Argument(metavar="MAPPING", help="Of a workload: a mapping, a file or a library."),
    ] = None,
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
        typer.Option(help=f"sdpa: {', '.join(get_args(Backend))}; left out: flash."),
    ] = None,
    dtype: Annotated[
        Literal["bf16", "fp16", "fp32", "fp8"] | None,
        typer.Option(help="Of kernels; left out: bf16.", show_default=False),
    ] = None,
    sequences: Annotated[
        int | None, typer.Option(min=1, help="MODEL SYSTEM: that decode at once [64].")
    ] = None,
    context: Annotated[
        int | None, typer.Option(min=1, help="MODEL SYSTEM: keys of each of them [4096].")
    ] = None,
    phase: Annotated[
        Literal["decode", "prefill"] | None,
        typer.Option(help="MODEL SYSTEM: what it does [decode].", show_default=False),
    ] = None,
    *,
    shape: Shape = None,
    settings: Settings,
    json: Json = False,
) -> None:
    """The bound, the runner-up, formulas with their numbers and sources, and what would help.

    WORKLOAD MACHINE [MAPPING]: parts and Einsums of a spatial array, resources and kernels of a
    GPU. GPU KERNEL: a call by its sizes, those of case files: gemm and bmm take b m n k, softmax
    and rms_norm rows and cols, copy bytes, sdpa and sdpa_backward b h g p m e (batch, query heads,
    key/value heads, queries, keys, head dimension; left out: 1, 32, h, -, p, 128). MODEL SYSTEM: an
    iteration of sequences that decode, or a prompt. What would help is the model asked again with
    twice of it.

    Example: accelsim explain attention/one_pass fusemax_cloud

    Example: accelsim explain h100_sxm sdpa --p 8192 --causal --backend cudnn

    Example: accelsim explain llama3_70b eight_h100 --sequences 64 --context 8192
    """
    sizes = {"b": b, "h": h, "g": g, "p": p, "m": m, "n": n, "k": k, "e": e}
    sizes |= {"rows": rows, "cols": cols, "bytes": size, "window": window, "page": page}
    told = {"backend": backend, "dtype": dtype, "causal": causal or None}
    params = {name: value for name, value in (sizes | told).items() if value is not None}
    batch = {"sequences": sequences, "context": context}
    chosen = {name: value for name, value in batch.items() if value is not None}
    what = asked(first)
    if what is not Asked.MODEL:
        _refuse({**chosen, **({"phase": phase} if phase else {})}, "MODEL SYSTEM")
    if what is not Asked.WORKLOAD:
        _refuse({name: v for name, v in (("shape", shape),) if v}, "workloads")
    if what is Asked.CALL:
        if mapping is not None:
            raise InputError(f"a kernel takes no mapping {mapping!r}", remedy="Name it --backend")
        call = import_module("accelsim.cli.explain_call").explain_call
        call(first, second, params, settings, json)
        return
    _refuse(params, f"kernels ({', '.join(KERNELS)})")
    if what is Asked.MODEL:
        found = _of_model(first, second, phase or "decode", {**BATCH, **chosen}, settings)
    else:
        found = _of_workload(first, second, mapping, settings, shape)
    if json:
        print_json(found.as_plain())
    else:
        print_explanation(found)


def _refuse(given: dict[str, Any], what: str) -> None:
    """Options that say nothing here."""
    for name in given:
        remedy = "Set ranks with --set ranks.P=4096" if what.startswith("kernels") else None
        raise InputError(f"--{name} is of {what} alone", remedy=remedy)


def _of_workload(
    workload: str, machine: str, mapping: str | None, settings: list[str], shape: str | None
) -> Explanation:
    of_study = import_module("accelsim.study.explained")
    found: Explanation
    if is_gpu(machine):
        case = load_gpu_case(workload, machine, mapping, settings, shape)
        found = of_study.explained(case.cascade, case.gpu, mapping, named=machine)
        return found
    designs = import_module("accelsim.cli.designs")
    of_arrays = import_module("accelsim.study.explained_design")
    found = of_arrays.explained_design(
        *designs.load_design(workload, machine, mapping, settings, shape)[:2]
    )
    return found


def _of_model(
    model: str, system: str, phase: str, batch: dict[str, int], settings: list[str]
) -> Explanation:
    known = {"system": system_keys(system), "model": keys_of(Model)}
    own = settings_by_input(settings, known)
    of_study = import_module("accelsim.study.explained_decoding")
    inputs = load_any_model(model, own["model"]), load_system(system, own["system"])
    found: Explanation
    if phase == "prefill":
        found = of_study.explained_prefill(*inputs, context=batch["context"], named=(model, system))
    else:
        found = of_study.explained_decoding(*inputs, **batch, named=(model, system))
    return found


def print_explanation(found: Explanation) -> None:
    print(f"{found.of}: {format_quantity(found.latency_s, 's')}\n")
    print_reasons(found)


def print_reasons(found: Explanation) -> None:
    """Rows, what would help, sources, and the sentence last."""
    kinds = list(dict.fromkeys(row.kind for row in found.rows))
    for kind in kinds:
        rows = [row for row in found.rows if row.kind == kind]
        has_note = any(row.note for row in rows)
        print_table(
            (kind, "needs", "share", "formula", *(["note"] if has_note else [])),
            [
                (
                    row.name,
                    format_quantity(row.seconds, "s"),
                    f"{row.share:.1%}",
                    row.formula,
                    *([row.note] if has_note else []),
                )
                for row in rows
            ],
        )
        print()
    print_table(
        ("would help", "by", "gain"),
        [(each.path, f"{each.factor:g}x", f"{each.gain:.3f}x") for each in found.helps],
    )
    print("\nsources")
    for source, its in _by_source(found).items():
        print(f"  {', '.join(its)}: {source}")
    print(f"\n{found.sentence}")


def _by_source(found: Explanation) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for name, source in found.sources.items():
        groups.setdefault(source, []).append(name)
    return groups
