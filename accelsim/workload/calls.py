"""Calls of library kernels, as case files list them: what is to be timed, or predicted.

    kernel,params
    gemm,"{""m"": 4096, ""n"": 4096, ""k"": 4096, ""dtype"": ""bf16""}"

A call says what a program asks of its library (`sdpa` with these shapes, on that backend), not how
it is done. Matrices are row-major; `rms_norm` has a weight; the causal mask of `sdpa` is torch's:
aligned at the top left; `flash3` is FlashAttention-3, which torch does not ship. `bytes` of a copy
are those read; as many are written.

    sdpa   b batch   h query heads   g key/value heads   p queries   m keys   e head dimension
"""

import csv
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import model_validator

from accelsim.base.errors import InputError, Place, WorkloadError, YamlError, did_you_mean
from accelsim.base.record import Count, Record, keys_of, read_record
from accelsim.base.yamlfile import parse_yaml

Dtype = Literal["bf16", "fp16", "fp32", "fp8"]
Backend = Literal["flash", "cudnn", "efficient", "math", "flash3"]

WORD_BYTES: Mapping[str, int] = {"fp32": 4, "bf16": 2, "fp16": 2, "fp8": 1}

MOST_FILE_BYTES = 100_000_000


class Call(Record):
    """One call of a kernel, by its parameters."""


class Copy(Call):
    bytes: Count


class Gemm(Call):
    m: Count
    n: Count
    k: Count
    dtype: Dtype = "bf16"


class Bmm(Call):
    b: Count
    m: Count
    n: Count
    k: Count
    dtype: Dtype = "bf16"


class Softmax(Call):
    rows: Count
    cols: Count
    dtype: Dtype = "bf16"


class RmsNorm(Call):
    rows: Count
    cols: Count
    dtype: Dtype = "bf16"


class Sdpa(Call):
    backend: Backend
    b: Count
    h: Count
    g: Count
    p: Count
    m: Count
    e: Count
    causal: bool = False
    dtype: Dtype = "bf16"

    @model_validator(mode="after")
    def _heads_divide(self) -> Self:
        if self.h % self.g:
            raise ValueError(f"{self.h} query heads do not divide over {self.g} key/value heads")
        return self


KERNELS: Mapping[str, type[Call]] = {
    "copy": Copy,
    "gemm": Gemm,
    "bmm": Bmm,
    "softmax": Softmax,
    "rms_norm": RmsNorm,
    "sdpa": Sdpa,
}


def useful_flop(call: Call) -> int:
    """What the call asks for, without padding; an exp, a quotient 1.

    A causal query counts half of the keys before it is past all of them, as is usual.
    """
    match call:
        case Gemm(m=m, n=n, k=k):
            return 2 * m * n * k
        case Bmm(b=b, m=m, n=n, k=k):
            return 2 * b * m * n * k
        case Sdpa():
            seen = keys_seen(call)
            masked = seen * seen // 2 if call.causal else 0
            return call.b * call.h * (call.p * seen - masked) * (4 * call.e + 5)
        case Softmax() | RmsNorm():
            return 5 * call.rows * call.cols
    return 0


def compulsory_bytes(call: Call) -> int:
    """Inputs read once and results written once."""
    match call:
        case Copy():
            return 2 * call.bytes
        case Gemm(m=m, n=n, k=k):
            return WORD_BYTES[call.dtype] * (m * k + k * n + m * n)
        case Bmm(b=b, m=m, n=n, k=k):
            return WORD_BYTES[call.dtype] * b * (m * k + k * n + m * n)
        case Softmax() | RmsNorm():
            return WORD_BYTES[call.dtype] * 2 * call.rows * call.cols
        case Sdpa():
            words = 2 * call.b * (call.h * call.p + call.g * keys_seen(call)) * call.e
            return WORD_BYTES[call.dtype] * words
    return 0


def keys_seen(call: Sdpa) -> int:
    """Keys that any query sees: under a causal mask, the first p of them."""
    return min(call.p, call.m) if call.causal else call.m


@dataclass(frozen=True)
class Case:
    """A row of a case file. `params` is the text that names it when a file is resumed."""

    kernel: str
    params: str
    call: Call


def read_cases(path: str | Path, kernels: Mapping[str, type[Call]] = KERNELS) -> tuple[Case, ...]:
    """The cases of a CSV file with columns `kernel` and `params` (JSON); others are ignored.

    Raises
    ------
    YamlError
        if the file is not there, is no such table, or has none of the columns.
    WorkloadError
        if a row names no kernel or its parameters are not those of the kernel: file, line, remedy.
    """
    place = Place(str(path))
    try:
        if Path(path).stat().st_size > MOST_FILE_BYTES:
            raise YamlError("the file is larger than 100 MB", at=place, remedy="Split it")
        with Path(path).open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            _refuse_other_tables(reader.fieldnames, place)
            return tuple(
                case_of(row["kernel"], row["params"], Place(str(path), reader.line_num), kernels)
                for row in reader
            )
    except (UnicodeDecodeError, csv.Error) as error:
        raise YamlError(f"is no CSV table: {error}", at=place) from error
    except OSError as error:
        raise YamlError(f"cannot be read: {error.strerror}", at=place) from error


def case_of(
    kernel: str | None, params: str | None, at: Place, kernels: Mapping[str, type[Call]] = KERNELS
) -> Case:
    """One case from its two texts."""
    kernel = (kernel or "").strip()
    if kernel not in kernels:
        remedy = did_you_mean(kernel, kernels) or f"There are {', '.join(kernels)}"
        raise WorkloadError(f"there is no kernel {kernel!r}", at=at, remedy=remedy)
    try:
        json.loads(params or "")
    except ValueError as error:
        remedy = 'Write them like {"m": 64, "n": 64, "k": 64}'
        raise WorkloadError(f"the params are not JSON: {error}", at=at, remedy=remedy) from error
    try:
        call = read_record(parse_yaml(params or "", str(at)), kernels[kernel])
    except InputError as error:
        remedy = f"The params of {kernel} are {', '.join(keys_of(kernels[kernel]))}"
        raise WorkloadError(error.fact, at=at, remedy=remedy) from error
    return Case(kernel, (params or "").strip(), call)


def _refuse_other_tables(columns: Iterable[Any] | None, place: Place) -> None:
    missing = [name for name in ("kernel", "params") if name not in (columns or ())]
    if missing:
        fact = f"the table has no column {' and no column '.join(map(repr, missing))}"
        raise YamlError(fact, at=place, remedy="A case file has the columns kernel and params")
