"""Runs a cascade on numpy arrays: the meaning of the language.

    interpret(cascade, {"Q": Q, "K": K, "V": V})["AV"]

Every Einsum is evaluated for all its points at once (`blocks.py`); Einsums that need each other
through a running value, step by step (`recurrence.py`), long plain ones as a scan (`scan.py`).

A tensor over the ranks [P, M] is an array with these two axes. A running value has its initial
elements too: with RM[0,p] = -inf and RM[m1+1,p] defined, RM has M1 + 1 elements over M1, the first
-inf, the last final. Elements that no point writes are 0, or the neutral element of the reduction.

A tensor is dropped after its last reader, unless it is an output or asked for.
"""

import os
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import replace
from math import prod
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from accelsim.base.errors import WorkloadError, did_you_mean
from accelsim.base.units import format_quantity
from accelsim.workload.blocks import Equation, equation, evaluate
from accelsim.workload.einsum import Cascade, Einsum, InitialValue, accesses
from accelsim.workload.fibres import reads
from accelsim.workload.gather import array_shape
from accelsim.workload.meanings import NEUTRAL
from accelsim.workload.recurrence import Loop, Part, Whole, einsums_of, ordered
from accelsim.workload.scan import plain_scan, scanned
from accelsim.workload.selections import NOTHING
from accelsim.workload.tables import table_array

Array = NDArray[Any]


def interpret(
    cascade: Cascade,
    inputs: Mapping[str, Array],
    dtype: DTypeLike = np.float64,
    keep: Iterable[str] | str | None = None,
) -> dict[str, Array]:
    """The cascade's outputs, and the tensors named in `keep` ("all" for every one), by name.

    `inputs` has an array for each input, of the shape its ranks say; arithmetic is done in `dtype`,
    float64 or float32.
    """
    precision = _precision(dtype)
    wanted = _wanted(cascade, keep)
    arrays = _input_arrays(cascade, inputs, precision)
    parts, complex_ = ordered(cascade), _complex(cascade)
    with np.errstate(all="ignore"):
        for at, part in enumerate(parts):
            for name in einsums_of(part):
                own = np.result_type(precision, np.complex64) if name in complex_ else precision
                arrays[name] = _new_array(cascade, name, own)
            _run(cascade, part, arrays)
            _drop(cascade, arrays, parts[at + 1 :], wanted)
    return {name: arrays[name] for name in cascade.tensors if name in wanted}


# --- running -------------------------------------------------------------------------------------

_Starts = list[tuple[InitialValue, Equation]]
_Fixed = Mapping[str, range]


def _run(cascade: Cascade, part: Part, arrays: dict[str, Array]) -> None:
    """Initial values first, except those that the part itself must compute."""
    own = einsums_of(part)
    equations = {name: equation(cascade, cascade.einsum(name)) for name in own}
    starts = [(each, _start(cascade, each)) for each in cascade.initial if each.tensor in own]
    late = [start for start in starts if _reads_any(start[0], own)]
    for initial, ready in starts:
        if not _reads_any(initial, own):
            evaluate(ready, arrays, _ranges(ready, {}))
    scan = plain_scan(cascade, part) if isinstance(part, Loop) and not late else None
    if scan is None or not scanned(cascade, scan, arrays):
        _run_part(part, equations, late, arrays, {})


def _run_part(
    part: Part,
    equations: Mapping[str, Equation],
    late: _Starts,
    arrays: dict[str, Array],
    fixed: _Fixed,
) -> None:
    if isinstance(part, Whole):
        ready = equations[part.einsum]
        return evaluate(ready, arrays, _ranges(ready, fixed))
    for initial, ready in late:
        if initial.tensor in einsums_of(part) and part.rank not in initial.access.ranks:
            evaluate(ready, arrays, _ranges(ready, fixed))
    steps = next(iter(equations.values())).sizes[part.rank]
    for index in range(steps):
        for each in part.body:
            _run_part(each, equations, late, arrays, {**fixed, part.rank: range(index, index + 1)})


def _ranges(ready: Equation, fixed: _Fixed) -> dict[str, range]:
    whole = {rank: range(ready.sizes[rank]) for rank in ready.axes}
    return whole | {rank: index for rank, index in fixed.items() if rank in whole}


def _start(cascade: Cascade, initial: InitialValue) -> Equation:
    ready = equation(cascade, Einsum(initial.access, initial.expression))
    return replace(ready, step_before=None)


def _reads_any(initial: InitialValue, names: Iterable[str]) -> bool:
    return any(access.tensor in names for access in accesses(initial.expression))


def _drop(
    cascade: Cascade, arrays: dict[str, Array], parts: Sequence[Part], wanted: Set[str]
) -> None:
    """Forget what nobody reads any more."""
    left = [name for part in parts for name in einsums_of(part)]
    needed = {access.tensor for name in left for access in reads(cascade, cascade.einsum(name))}
    for name in set(arrays) - needed - wanted:
        del arrays[name]


# --- arrays --------------------------------------------------------------------------------------


def _new_array(cascade: Cascade, name: str, dtype: np.dtype[Any]) -> Array:
    shape = array_shape(cascade, name)
    needed_bytes = prod(shape) * dtype.itemsize
    if needed_bytes > _memory_bytes():
        raise WorkloadError(
            f"tensor {name} of shape {shape} needs {format_quantity(needed_bytes, 'B')} of memory",
            at=cascade.einsum(name).place,
            remedy="Set smaller ranks, like --set ranks.M=64",
        )
    return np.full(shape, NEUTRAL.get(cascade.einsum(name).reduction, NOTHING), dtype)


def _complex(cascade: Cascade) -> set[str]:
    """What `fft=` makes, and what is computed from that up to an `ifft=`."""
    found: set[str] = set()
    for einsum in cascade.einsums:
        made = einsum.reduction == "fft" or any(a.tensor in found for a in einsum.reads)
        if made and einsum.reduction != "ifft":
            found.add(einsum.name)
    return found


def _memory_bytes() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _input_arrays(
    cascade: Cascade, inputs: Mapping[str, Array], dtype: np.dtype[Any]
) -> dict[str, Array]:
    for name in inputs:
        if name not in cascade.inputs:
            listed = ", ".join(cascade.inputs) or "none"
            remedy = did_you_mean(name, cascade.inputs) or f"Its inputs are {listed}"
            raise WorkloadError(f"{cascade.name} has no input {name!r}", remedy=remedy)
    tables = {name: table_array(cascade, name) for name in cascade.values if name not in inputs}
    given = {**tables, **inputs}
    return {name: _input_array(cascade, given, name, dtype) for name in cascade.inputs}


def _input_array(
    cascade: Cascade, inputs: Mapping[str, Array], name: str, dtype: np.dtype[Any]
) -> Array:
    ranks, shape = cascade.tensors[name].ranks, array_shape(cascade, name)
    expected = f"[{', '.join(ranks)}] = {shape}"
    if name not in inputs:
        raise WorkloadError(
            f"input {name} is missing", remedy=f"Give an array over the ranks {expected}"
        )
    array = np.asarray(inputs[name])
    if array.shape != shape:
        raise WorkloadError(
            f"input {name} has shape {array.shape}, but its ranks are {expected}",
            remedy="Give an array of that shape, or set the ranks, like --set ranks.M=64",
        )
    if array.dtype.kind not in "fiub":
        raise WorkloadError(
            f"input {name} has elements of type {array.dtype}, not real numbers",
            remedy=f"Convert it to {dtype}",
        )
    return array.astype(dtype, copy=False)


def _precision(dtype: DTypeLike) -> np.dtype[Any]:
    try:
        found = np.dtype(dtype)
    except TypeError as error:
        raise WorkloadError(
            f"{dtype!r} is no type of numbers", remedy="Use float64 or float32"
        ) from error
    if found.kind != "f":
        raise WorkloadError(
            f"arithmetic in {found} is not possible", remedy="Use float64 or float32"
        )
    return found


def _wanted(cascade: Cascade, keep: Iterable[str] | str | None) -> set[str]:
    produced = [einsum.name for einsum in cascade.einsums]
    if keep == "all":
        return set(produced)
    asked = [keep] if isinstance(keep, str) else list(keep or [])
    for name in asked:
        if name not in cascade.tensors:
            remedy = did_you_mean(name, produced) or f"Its Einsums are {', '.join(produced)}"
            raise WorkloadError(f"{cascade.name} has no tensor {name!r}", remedy=remedy)
    return {*asked, *cascade.outputs}
