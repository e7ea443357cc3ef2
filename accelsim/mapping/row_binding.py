"""Which row-wise kernels a call runs, and their numbers for its row length and words.

    row_kernels(Softmax(rows=4096, cols=1000))  →  softmax_warp, its loads padded to 1024

A call may run several, one after the other.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from accelsim.base import catalogue
from accelsim.base.errors import MappingError, WorkloadError
from accelsim.base.expression import Expression, parse_expression
from accelsim.base.record import read_record
from accelsim.base.yamlfile import read_yaml
from accelsim.mapping.row_kernel import Compiled, Formula, Phase, Reads, RowKernel, Trip
from accelsim.workload.calls import WORD_BYTES, RmsNorm, Softmax

WORKLOADS: Mapping[type[Softmax | RmsNorm], str] = {
    Softmax: "kernels/softmax",
    RmsNorm: "kernels/rms_norm",
}


@dataclass(frozen=True)
class BoundTrip:
    words: float
    instructions: float
    special: float


@dataclass(frozen=True)
class BoundPhase:
    """A phase with numbers; see `row_kernel`."""

    name: str
    reads: Reads | None
    weights: bool
    stores: bool
    over: float
    trip: BoundTrip | None
    rest: BoundTrip | None
    under_way: float
    once: float
    first_warp: float
    shuffles: float
    barriers: float


@dataclass(frozen=True)
class BoundRowKernel:
    """A kernel for rows of so many bytes."""

    name: str
    cols: int
    word_bytes: int
    threads: int
    threads_per_row: int
    rows_per_warp: int
    row_in_shared: bool
    registers: int
    code_bytes: float
    phases: tuple[BoundPhase, ...]

    @property
    def row_bytes(self) -> int:
        return self.cols * self.word_bytes

    @property
    def rows_per_block(self) -> int:
        return self.threads // self.threads_per_row * self.rows_per_warp

    @property
    def shared_bytes(self) -> int:
        """Of a block, for its row."""
        return self.row_bytes if self.row_in_shared else 0

    @property
    def passes(self) -> int:
        """How often a row is read."""
        return 1 + sum(phase.reads == "again" for phase in self.phases)

    @property
    def stores(self) -> bool:
        return any(phase.stores for phase in self.phases)


def row_kernels(call: Softmax | RmsNorm) -> tuple[BoundRowKernel, ...]:
    """Those that torch runs for a call, one after the other.

    Raises
    ------
    WorkloadError
        if no shipped kernel is for such words or rows.
    """
    return _row_kernels(WORKLOADS[type(call)], call.dtype, call.cols)


def load_row_kernel(name_or_path: str) -> RowKernel:
    return read_record(read_yaml(catalogue.find(name_or_path, "kernels")), RowKernel)


def bound(name: str, kernel: RowKernel, cols: int, word_bytes: int) -> BoundRowKernel:
    """A kernel's numbers for a row length."""
    values = _values(kernel, cols, word_bytes)
    compiled = _compiled(name, kernel, cols)
    return BoundRowKernel(
        name=name,
        cols=cols,
        word_bytes=word_bytes,
        threads=kernel.threads,
        threads_per_row=int(_value(kernel.threads_per_row, values)),
        rows_per_warp=int(_value(kernel.rows_per_warp, values)),
        row_in_shared=kernel.row_in_shared,
        registers=compiled.registers,
        code_bytes=float(compiled.code_bytes),
        phases=tuple(_phase(phase, values) for phase in kernel.phases),
    )


@lru_cache(maxsize=4096)
def _row_kernels(workload: str, dtype: str, cols: int) -> tuple[BoundRowKernel, ...]:
    word_bytes = WORD_BYTES[dtype]
    found = [
        (kernel.step, bound(name.rpartition("/")[2], kernel, cols, word_bytes))
        for name, kernel in _shipped(workload)
        if dtype in kernel.dtypes and _value(kernel.when, _values(kernel, cols, word_bytes))
    ]
    if not found:
        known = sorted({dtype for _, kernel in _shipped(workload) for dtype in kernel.dtypes})
        fact = f"no kernel for {workload} takes rows of {cols} words of {dtype}"
        raise WorkloadError(fact, remedy=f"There are some for {', '.join(known)}")
    return tuple(kernel for _, kernel in sorted(found, key=lambda each: each[0]))


@lru_cache(maxsize=8)
def _shipped(workload: str) -> tuple[tuple[str, RowKernel], ...]:
    names = (name for name in catalogue.names("kernels") if name.startswith("rows/"))
    kernels = ((name, load_row_kernel(name)) for name in names)
    return tuple((name, kernel) for name, kernel in kernels if kernel.workload == workload)


def _values(kernel: RowKernel, cols: int, word_bytes: int) -> Mapping[str, float]:
    values: dict[str, float] = {"cols": cols, "word": word_bytes}
    for name, text in kernel.names.items():
        values[name] = _value(text, values)
    return values


def _compiled(name: str, kernel: RowKernel, cols: int) -> Compiled:
    """The first that is for rows of this length."""
    for compiled in kernel.compiled:
        if compiled.cols is None or cols <= compiled.cols:
            return compiled
    remedy = "End 'compiled' with one that has no 'cols', or let 'when' exclude such rows"
    raise MappingError(f"{name} is compiled for no row of {cols} words", remedy=remedy)


def _phase(phase: Phase, values: Mapping[str, float]) -> BoundPhase:
    return BoundPhase(
        name=phase.name,
        reads=phase.reads,
        weights=phase.weights,
        stores=phase.stores,
        over=_value(phase.over, values),
        trip=_trip(phase.trip, values),
        rest=_trip(phase.rest, values),
        under_way=_value(phase.under_way, values),
        once=_value(phase.once, values),
        first_warp=_value(phase.first_warp, values),
        shuffles=_value(phase.shuffles, values),
        barriers=_value(phase.barriers, values),
    )


def _trip(trip: Trip | None, values: Mapping[str, float]) -> BoundTrip | None:
    if trip is None:
        return None
    numbers = (trip.words, trip.instructions, trip.special)
    return BoundTrip(*(_value(number, values) for number in numbers))


def _value(number: Formula, values: Mapping[str, float]) -> float:
    if isinstance(number, str):
        return float(_parsed(number).evaluate(values))
    return number


@lru_cache(maxsize=1024)
def _parsed(text: str) -> Expression:
    return parse_expression(text)
