"""A library kernel that works on rows, as it is written: `arch/kernel/rows/NAME.yaml`.

A row is `cols` words of `word` bytes. A block has `threads` threads, `threads_per_row` of them on a
row, and every warp works on `rows_per_warp` rows (or groups of rows) side by side. It goes through
its phases one after the other; in a phase every lane takes `words` words of its row in a trip:

    trips of a lane = ceil(over / (threads_per_row · words))

    reads        row: from memory, the first time · again: once more · shared: from shared memory,
                 where the first phase left it · nothing: registers have it
    weights      a word for every column besides
    over         words that the code goes over; more than `cols` where it is unrolled to a width
    under_way    trips whose loads are in flight at once
    rest         how the words are taken that are left after whole trips of all threads
    once, first_warp     instructions of every warp, and more of the first one, beside the trips
    shuffles, barriers   each waits for the one before it

Numbers are counts or expressions over `cols`, `word` and the kernel's own `names`. `row_kernels`
gives those that a call runs, in the order of their `step`: the ones whose `when` holds.
"""

from collections.abc import Iterator
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, model_validator

from accelsim.base.errors import InputError, did_you_mean
from accelsim.base.expression import parse_expression
from accelsim.base.record import Count, Positive, Record
from accelsim.workload.calls import Dtype

Formula = int | float | str
"""A number, or the text of an expression."""

Reads = Literal["row", "again", "shared"]

KNOWN = ("cols", "word")
"""Names that every expression may use."""


def _readable(value: Any) -> Any:
    if isinstance(value, str):
        try:
            parse_expression(value)
        except InputError as error:
            raise ValueError(error.fact) from error
    return value


Number = Annotated[Formula, BeforeValidator(_readable)]


class Compiled(Record):
    """What the compiler made of the kernel for rows of `cols` words at most."""

    cols: Count | None = None
    registers: Count
    code_bytes: Positive


class Trip(Record):
    """`instructions` of a warp, of them `special` ones on the special-function unit."""

    words: Number
    instructions: Number
    special: Number = 0


class Phase(Record):
    """A part of a block's work that the next one waits for."""

    name: str
    reads: Reads | None = None
    weights: bool = False
    stores: bool = False
    over: Number = "cols"
    trip: Trip | None = None
    rest: Trip | None = None
    under_way: Number = 1
    once: Number = 0
    first_warp: Number = 0
    shuffles: Number = 0
    barriers: Number = 0

    @model_validator(mode="after")
    def _takes_words(self) -> Self:
        if self.trip is None and (self.reads or self.weights or self.stores or self.rest):
            raise ValueError(f"{self.name} reads or stores words, so it needs a 'trip'")
        return self


class RowKernel(Record):
    """A kernel and the calls for which its library takes it."""

    about: str
    source: str
    workload: str
    dtypes: tuple[Dtype, ...]
    when: Number
    step: Count = 1
    names: dict[str, Number] = {}
    threads: Count
    threads_per_row: Number
    rows_per_warp: Number = 1
    row_in_shared: bool = False
    compiled: tuple[Compiled, ...]
    phases: tuple[Phase, ...]

    @model_validator(mode="after")
    def _names_are_known(self) -> Self:
        known: list[str] = [*KNOWN]
        for name, text in self.names.items():
            _refuse_unknown(text, known)
            known.append(name)
        for text in _formulas(self):
            _refuse_unknown(text, known)
        return self


def _formulas(record: Record) -> Iterator[Formula]:
    """Every number of a record and of the records in it."""
    for field, value in record:
        if isinstance(value, Record):
            yield from _formulas(value)
        elif isinstance(value, tuple):
            for each in value:
                if isinstance(each, Record):
                    yield from _formulas(each)
        elif type(record).model_fields[field].annotation == Formula:
            yield value


def _refuse_unknown(text: Formula, known: list[str]) -> None:
    for name in sorted(parse_expression(text).names.difference(known)):
        remedy = did_you_mean(name, known) or f"There are {', '.join(known)}"
        raise ValueError(f"{text!r}: {name!r} is not known. {remedy}")
