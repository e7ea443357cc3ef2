"""Calls of library kernels, as case files list them: what is to be timed, or predicted.

    kernel,params
    gemm,"{""m"": 4096, ""n"": 4096, ""k"": 4096, ""dtype"": ""bf16""}"

A call says what a program asks of its library (`sdpa` with these shapes, on that backend), not how
it is done. Matrices are row-major; `rms_norm` has a weight; the causal mask of `sdpa` is torch's:
aligned at the top left. Torch does not ship `flash3` (FlashAttention-3), `flash_decoding`
(FlashAttention-2 as its interface for decoding launches it), `lean` (LeanAttention), `trtllm` (what
TensorRT-LLM generates) and `flash_mla` (FlashMLA, which decodes latents). `bytes` of a copy are
those read; as many are written.

    sdpa           b batch, h query heads, g key/value heads, p queries, m keys, e head dimension
    window         of `sdpa`: a query sees so many keys at most, the last its own
    lengths        of `sdpa`: the keys of each of the b sequences, of which m is the longest, packed
                   one after the other; as many queries each (p = m), or one (p = 1)
    page           of `sdpa`: keys and values lie in pages of so many tokens, found by a table
    f              of `sdpa`: numbers of a value, where they are not e
    latent         of `sdpa`: no values are kept; they are the first f numbers of the keys
    splits         of `sdpa`: so many blocks share the keys of a head; if left out, the library says
    sdpa_backward  gradients of queries, keys and values from that of the result
"""

import csv
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple, Self

from pydantic import model_validator

from accelsim.base.errors import InputError, Place, WorkloadError, YamlError, did_you_mean
from accelsim.base.record import Count, Record, keys_of, read_record
from accelsim.base.yamlfile import parse_yaml

Dtype = Literal["bf16", "fp16", "fp32", "fp8"]
Backend = Literal[
    "flash", "cudnn", "efficient", "math", "flash3", "flash_decoding", "lean", "trtllm", "flash_mla"
]

WORD_BYTES: Mapping[str, int] = {"fp32": 4, "bf16": 2, "fp16": 2, "fp8": 1}

MOST_FILE_BYTES = 100_000_000


class Sequences(NamedTuple):
    """So many sequences side by side, each with its queries and keys."""

    queries: int
    keys: int
    number: int


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
    window: Count | None = None
    lengths: tuple[Count, ...] = ()
    page: Count | None = None
    f: Count | None = None
    latent: bool = False
    splits: Count | None = None

    @property
    def value_dim(self) -> int:
        return self.f or self.e

    @property
    def sequences(self) -> tuple[Sequences, ...]:
        """Those of the batch, in order; equal ones are told at once."""
        if not self.lengths:
            return (Sequences(self.p, self.m, self.b),)
        queries = (keys if self.p == self.m else 1 for keys in self.lengths)
        return tuple(Sequences(*sizes, 1) for sizes in zip(queries, self.lengths, strict=True))

    @model_validator(mode="after")
    def _heads_divide(self) -> Self:
        if self.h % self.g:
            raise ValueError(f"{self.h} query heads do not divide over {self.g} key/value heads")
        return self

    @model_validator(mode="after")
    def _values_are_in_the_keys(self) -> Self:
        if self.latent and self.value_dim > self.e:
            raise ValueError(f"latent: no {self.f} numbers (f) are in keys of {self.e} (e)")
        return self

    @model_validator(mode="after")
    def _lengths_are_the_batch(self) -> Self:
        if self.lengths and (len(self.lengths) != self.b or max(self.lengths) != self.m):
            raise ValueError(f"lengths: {self.b} of them are wanted (b), the longest {self.m} (m)")
        if self.lengths and self.p not in (1, self.m):
            raise ValueError("lengths: p is 1, or m where every key has its query")
        return self

    @model_validator(mode="after")
    def _window_ends_at_the_query(self) -> Self:
        if self.window and self.p > 1 and not (self.causal and self.p == self.m):
            raise ValueError("window: the call is causal with p = m, or p is 1")
        return self


class SdpaBackward(Sdpa):
    """The same shapes; the call is the gradient alone."""


KERNELS: Mapping[str, type[Call]] = {
    "copy": Copy,
    "gemm": Gemm,
    "bmm": Bmm,
    "softmax": Softmax,
    "rms_norm": RmsNorm,
    "sdpa": Sdpa,
    "sdpa_backward": SdpaBackward,
}


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


def call_text(kernel: str, params: Mapping[str, Any]) -> str:
    """A call for people, by its params as in case files: `gemm m=64 n=64 k=64 dtype=bf16`."""
    sizes = (
        f"{name}={value if isinstance(value, str) else json.dumps(value)}"
        for name, value in params.items()
    )
    return " ".join((kernel, *sizes))


def _refuse_other_tables(columns: Iterable[Any] | None, place: Place) -> None:
    missing = [name for name in ("kernel", "params") if name not in (columns or ())]
    if missing:
        fact = f"the table has no column {' and no column '.join(map(repr, missing))}"
        raise YamlError(fact, at=place, remedy="A case file has the columns kernel and params")
