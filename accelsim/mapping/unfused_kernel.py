"""A call that a library makes as several kernels, each over whole tensors: a list of steps.

    a stream     `read` and `written` bytes; `operations` of lanes, where they were counted;
                 `given` if it reads what the call was given, which no kernel has read before
    a copy       `copied` bytes, by the driver's kernel
    a product    [batch, m, n, k], as `bmm`
    a softmax    `rows` of `columns`

All are formulas over B H G P M E (batch, key/value heads, query heads of each, queries, keys, head
dimension), causal, W (bytes of a word), and the elements of `query`, `key` and `scores`.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Self

from pydantic import model_validator

from accelsim.base.catalogue import find, names
from accelsim.base.expression import parse_expression
from accelsim.base.record import Record, read_record
from accelsim.base.yamlfile import read_yaml
from accelsim.mapping.mapping import Formula, Names
from accelsim.workload.calls import WORD_BYTES, Dtype, Sdpa


class UnfusedStep(Record):
    """One kernel, of one of four kinds."""

    about: str
    when: Formula = 1
    read: Formula | None = None
    written: Formula | None = None
    operations: Formula | None = None
    given: bool = False
    copied: Formula | None = None
    product: tuple[Formula, ...] = ()
    rows: Formula | None = None
    columns: Formula | None = None

    @model_validator(mode="after")
    def _is_of_one_kind(self) -> Self:
        kinds = [self.read is not None, self.copied is not None]
        kinds += [bool(self.product), self.rows is not None]
        if sum(kinds) != 1:
            raise ValueError(
                "a step is a stream ('read', 'written'), 'copied', a 'product' or 'rows'"
            )
        if self.product and len(self.product) != 4:
            raise ValueError("'product' is [batch, m, n, k]")
        return self


class UnfusedKernel(Record):
    about: str
    source: str
    workload: Names
    backend: str
    words: tuple[Dtype, ...]
    steps: tuple[UnfusedStep, ...]


def unfused_kernel(backend: str) -> UnfusedKernel | None:
    """That of a backend; None if it has a fused one."""
    return _kernels().get(backend)


def values_of(call: Sdpa) -> dict[str, int]:
    """What the formulas of a step may name."""
    query, key = call.b * call.h * call.p * call.e, call.b * call.g * call.m * call.e
    sizes = {"B": call.b, "H": call.g, "G": call.h // call.g, "P": call.p, "M": call.m}
    sizes |= {"E": call.e, "causal": int(call.causal), "W": WORD_BYTES[call.dtype]}
    return sizes | {"query": query, "key": key, "scores": call.b * call.h * call.p * call.m}


def value(formula: Formula | None, values: Mapping[str, int]) -> float:
    """A formula that is not there is 0."""
    return float(_parsed(str(formula or 0)).evaluate(values))


_parsed = lru_cache(maxsize=256)(parse_expression)


@lru_cache(maxsize=1)
def _kernels() -> dict[str, UnfusedKernel]:
    nodes = (read_yaml(find(name, "kernels")) for name in names("kernels"))
    found = [read_record(node, UnfusedKernel) for node in nodes if "steps" in node]
    return {kernel.backend: kernel for kernel in found}
