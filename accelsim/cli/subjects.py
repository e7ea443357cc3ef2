"""Names and settings of the command line → what a what-if is asked of."""

import json
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Annotated, Any

import typer

from accelsim.arch.gpu import Gpu
from accelsim.arch.load import is_gpu
from accelsim.arch.system import System
from accelsim.base.errors import InputError, WorkloadError, did_you_mean
from accelsim.base.record import keys_of
from accelsim.cli.designs import load_design
from accelsim.cli.models import load_any_model
from accelsim.cli.named import Asked, asked
from accelsim.cli.options import parsed_settings, settings_by_input
from accelsim.study.subject import ArraySubject, Subject
from accelsim.workload.calls import KERNELS
from accelsim.workload.load import Workload
from accelsim.workload.model import Model

FirstName = Annotated[
    str,
    typer.Argument(metavar="WORKLOAD|GPU|MODEL", help="What is asked about.", show_default=False),
]
SecondName = Annotated[
    str,
    typer.Argument(
        metavar="MACHINE|KERNEL|SYSTEM", help="And where, or which kernel.", show_default=False
    ),
]
ThirdName = Annotated[
    str | None,
    typer.Argument(metavar="MAPPING", help="Of a workload: a mapping, a file or a library."),
]

BATCH = {"sequences": 64, "context": 4096}
"""Of a model that decodes."""


def load_subject(
    first: str,
    second: str,
    mapping: str | None,
    assignments: Sequence[str],
    shape: str | None,
    told: Any,
) -> Subject:
    """`told` hears of every point that is asked by itself.

    Raises
    ------
    InputError
        if a name is of nothing, or a setting of none of the inputs.
    """
    what = asked(first)
    if what is Asked.WORKLOAD and not is_gpu(second):
        design, of, called = load_design(first, second, mapping, assignments, shape)
        return ArraySubject(design, of, (second, called))
    # All others need what it imports.
    pointwise = import_module("accelsim.study.pointwise")
    found: Subject
    if what is Asked.WORKLOAD:
        known = {"workload": keys_of(Workload), "arch": keys_of(Gpu)}
        own = settings_by_input(assignments, known)
        found = pointwise.gpu_subject(
            first,
            second,
            mapping,
            of_workload=own["workload"],
            of_machine=own["arch"],
            shape=shape,
            told=told,
        )
        return found
    if mapping is not None or shape is not None:
        given = f"a mapping {mapping!r}" if mapping is not None else f"a shape {shape!r}"
        raise InputError(f"{given} is of workloads alone", remedy="Leave it out")
    if what is Asked.CALL:
        params, of_machine = _of_call(second, assignments)
        found = pointwise.call_subject(first, second, params, of_machine=of_machine, told=told)
        return found
    batch, rest = _batch(assignments)
    own = settings_by_input(rest, {"system": keys_of(System), "model": keys_of(Model)})

    def read_model(settings: Mapping[str, str]) -> Model:
        return load_any_model(first, {**own["model"], **settings})

    found = import_module("accelsim.study.decoding_subject").decoding_subject(
        first, second, read_model, batch=batch, of_system=own["system"], told=told
    )
    return found


def _of_call(kernel: str, assignments: Sequence[str]) -> tuple[dict[str, Any], dict[str, str]]:
    """A call's parameters, with what is assumed of those that are left out, and the GPU's."""
    if kernel not in KERNELS:
        remedy = did_you_mean(kernel, KERNELS) or f"There are {', '.join(KERNELS)}"
        raise WorkloadError(f"there is no kernel {kernel!r}", remedy=remedy)
    known = {"call": keys_of(KERNELS[kernel]), "arch": keys_of(Gpu)}
    own = settings_by_input(assignments, known)
    params = {name: _plain(text) for name, text in own["call"].items()}
    found: dict[str, Any] = import_module("accelsim.cli.explain_call").call_params(kernel, params)
    needed = [name for name, field in KERNELS[kernel].model_fields.items() if field.is_required()]
    missing = next((name for name in needed if name not in found), None)
    if missing is not None:
        remedy = f"Say what it is today: --set {missing}=4096"
        raise WorkloadError(f"{kernel} needs {missing!r}", remedy=remedy)
    return found, own["arch"]


def _plain(text: str) -> Any:
    """`4096` and `true` as what they are; a word stays one."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _batch(assignments: Sequence[str]) -> tuple[dict[str, int], list[str]]:
    """`sequences=32` and `context=8192` are of the batch; the other settings stay."""
    batch, rest = dict(BATCH), []
    for path, value in parsed_settings(assignments).items():
        if path not in batch:
            rest.append(f"{path}={value}")
        elif value.isdigit() and int(value) > 0:
            batch[path] = int(value)
        else:
            raise InputError(f"--set {path}={value}: that is no whole number above 0")
    return batch, rest
