"""`accelsim interpret`: runs a workload on arrays."""

import zipfile
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from accelsim.base.errors import InputError, Place
from accelsim.base.files import atomic_path
from accelsim.cli.inputs import load_cascade
from accelsim.cli.options import Json, Settings, Shape, WorkloadName
from accelsim.cli.output import print_json, print_table
from accelsim.workload.interpret import interpret

Arrays = dict[str, np.ndarray[Any, Any]]


def command(
    workload: WorkloadName,
    *,
    inputs: Annotated[
        Path, typer.Option(metavar="IN.npz", help="Arrays named after the workload's inputs.")
    ],
    out: Annotated[Path, typer.Option(metavar="OUT.npz", help="Where the results go.")],
    keep: Annotated[
        list[str] | None,
        typer.Option(metavar="TENSOR", help="Also this tensor, or 'all'; as often as wanted."),
    ] = None,
    dtype: Annotated[str, typer.Option(help="float64 or float32.")] = "float64",
    shape: Shape = None,
    settings: Settings,
    json: Json = False,
) -> None:
    """Run a workload on arrays; writes every tensor that no Einsum reads.

    Example: accelsim interpret attention/one_pass --inputs in.npz --out out.npz --set ranks.M=64
    """
    cascade = load_cascade(workload, settings, shape)
    kept = "all" if keep and "all" in keep else keep
    results = interpret(cascade, _read_arrays(inputs), dtype, kept)
    _write_arrays(out, results)
    shapes = {name: list(array.shape) for name, array in results.items()}
    if json:
        print_json({"file": str(out), "tensors": shapes})
    else:
        print_table(("tensor", "shape"), [(name, str(each)) for name, each in shapes.items()])


def _read_arrays(file: Path) -> Arrays:
    try:
        with np.load(file, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except FileNotFoundError as error:
        raise InputError("no such file", at=Place(str(file))) from error
    except (OSError, ValueError, TypeError, AttributeError, EOFError, zipfile.BadZipFile) as error:
        remedy = "write it with numpy.savez(file, Q=..., K=...)"
        raise InputError("not an .npz of arrays", at=Place(str(file)), remedy=remedy) from error


def _write_arrays(file: Path, arrays: Arrays) -> None:
    with atomic_path(file) as temporary, temporary.open("wb") as stream:
        np.savez(stream, **arrays)  # type: ignore[arg-type]
