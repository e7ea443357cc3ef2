"""What is chosen on the page: a frozen value, to and from the query of a URL.

    ?workload=heads/grouped&form=decode&model=llama3_8b&context=8192&batch=4
    &a=h100_sxm&a.mapping=cudnn&a.bandwidth=4800 GB/s&a.price=3.99
    &b=fusemax_cloud&b.buffer=32 MiB

    ?workload=whole_model&form=decode&model=llama3_70b&context=8192&batch=64
    &a=eight_h100&a.nvlink.link=900 GB/s&b=lamina_2h100_4h20&b.H20.count=8

`a` and `b` are the machines, or systems that serve a whole model; `b` may be missing; what is left
out is what the files say. Names are
looked up among those that the page offers, numbers are read as quantities, and nothing else is
done with either. What cannot be read is left out, and a sentence says so.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar
from urllib.parse import parse_qsl, urlencode

from accelsim.base.errors import InputError, did_you_mean
from accelsim.base.units import quantity, read_count
from accelsim.report.page.choices import (
    MACHINE,
    MECHANISM,
    SYSTEM,
    WHOLE_MODEL,
    Offered,
    form_named,
    mappings_of,
    models_of,
)
from accelsim.report.page.knobs import exact_text, is_system, knob_named, knobs_of

SIDES = ("a", "b")
MOST_BATCH = 2**20
MOST_CONTEXT = 2**30
MOST_PRICE = 10**6
MOST_TILES = 64
"""A tenth of a second, where no other takes the processor."""
LONGEST_QUERY = 4000

Read = TypeVar("Read")


@dataclass(frozen=True)
class MachineState:
    """A machine, the mapping that somebody named, what was moved (by key), its price in USD/h."""

    name: str
    mapping: str | None = None
    moved: tuple[tuple[str, float], ...] = ()
    price: float | None = None

    def value(self, key: str) -> float | None:
        return dict(self.moved).get(key)

    def with_value(self, key: str, number: float | None) -> "MachineState":
        """With another number; none, or the file's own, is not moved."""
        knob = knob_named(self.name, key)
        left = {name: value for name, value in self.moved if name != key}
        if knob is not None and number is not None and number != knob.base:
            left[key] = number
        return replace(self, moved=tuple(sorted(left.items())))


@dataclass(frozen=True)
class State:
    """A workload (its form, the model whose sizes it has, lengths) on one or two machines, and how
    many tiles of each step are played."""

    workload: str
    machines: tuple[MachineState, ...]
    form: str | None = None
    model: str | None = None
    context: int | None = None
    batch: int | None = None
    tiles: int | None = None

    def machine(self, side: str) -> MachineState | None:
        number = SIDES.index(side)
        return self.machines[number] if number < len(self.machines) else None

    def with_machine(self, side: str, machine: MachineState | None) -> "State":
        """Side b may be taken away."""
        first, second = self.machines[0], self.machine("b")
        if side == "a":
            first = machine or first
        else:
            second = machine
        return replace(self, machines=(first,) if second is None else (first, second))

    def with_workload(self, name: str) -> "State":
        """Another mechanism, with its first form and its own sizes; lengths stay, and so do
        machines that it runs on."""
        found = replace(self, workload=name, form=None, model=None)
        if found.is_served == self.is_served:
            return found
        return replace(found, machines=(MachineState(usual_machine(name)),))

    @property
    def is_served(self) -> bool:
        """Whether it is a whole model, on systems."""
        return self.workload == WHOLE_MODEL


def usual_machine(workload: str) -> str:
    """That what has just been chosen runs on."""
    return SYSTEM if workload == WHOLE_MODEL else MACHINE


# --- to a query -----------------------------------------------------------------------------------


def to_query(state: State) -> str:
    """Without the question mark; `from_query` gives the same state."""
    return urlencode(list(_pairs(state)), safe="/:")


def _pairs(state: State) -> Iterator[tuple[str, str]]:
    yield "workload", state.workload
    for key in ("form", "model", "context", "batch", "tiles"):
        value = getattr(state, key)
        if value is not None:
            yield key, str(value)
    for side, machine in zip(SIDES, state.machines, strict=False):
        yield side, machine.name
        if machine.mapping is not None:
            yield f"{side}.mapping", machine.mapping
        for key, number in machine.moved:
            knob = knob_named(machine.name, key)
            if knob is not None:
                yield f"{side}.{key}", knob.text(number)
        if machine.price is not None:
            yield f"{side}.price", exact_text(machine.price, "USD/h").removesuffix(" USD/h")


# --- from a query ---------------------------------------------------------------------------------


def from_query(query: str, offered: Offered, otherwise: State) -> tuple[State, tuple[str, ...]]:
    """The state of a query, and what of it could not be read; `otherwise` where it says nothing."""
    if len(query) > LONGEST_QUERY:
        return otherwise, (f"the link is longer than {LONGEST_QUERY:,} characters",)
    pairs = dict(parse_qsl(query.removeprefix("?")))
    reader = _Reader(pairs)
    start = otherwise
    workload = reader.read("workload", lambda text: _one_of(text, offered.workloads, "mechanism"))
    if workload is None and "workload" not in pairs:
        workload = workload_of(pairs.get("a"), start, offered)
    if workload is not None:
        start = start.with_workload(workload)
    state = State(
        workload=start.workload,
        form=reader.read("form", lambda text: form_named(start.workload, text).name) or start.form,
        model=reader.read("model", lambda text: _one_of(text, models_of(start.workload), "model"))
        or start.model,
        context=reader.read("context", read_context) or start.context,
        batch=reader.read("batch", read_batch) or start.batch,
        tiles=reader.read("tiles", read_tiles) or start.tiles,
        machines=tuple(_machines(reader, offered, start)),
    )
    return state, (*reader.complaints, *reader.left_over())


def workload_of(machine: str | None, otherwise: State, offered: Offered) -> str | None:
    """What a machine of the other kind is shown with; None where it runs what is there."""
    if machine in offered.systems and not otherwise.is_served:
        return WHOLE_MODEL
    return MECHANISM if machine in offered.machines and otherwise.is_served else None


class _Reader:
    """The pairs of a query: each is read once, what cannot be read is complained of."""

    def __init__(self, pairs: Mapping[str, str]) -> None:
        self.pairs = pairs
        self.complaints: list[str] = []
        self._met: set[str] = set()

    def read(self, key: str, how: Callable[[str], Read]) -> Read | None:
        self._met.add(key)
        text = self.pairs.get(key)
        if text is None:
            return None
        try:
            return how(text)
        except InputError as error:
            self.complaints.append(f"{key}: {error}")
            return None

    def left_over(self) -> Iterator[str]:
        for key in self.pairs:
            if key not in self._met:
                near = did_you_mean(key, self._met)
                yield f"there is nothing called {key[:60]!r} here" + (f". {near}" if near else "")


def _machines(reader: _Reader, offered: Offered, start: State) -> Iterator[MachineState]:
    """Machine b only if the query names it, or names no machine at all."""
    any_named = any(side in reader.pairs for side in SIDES)
    for side in SIDES:
        named = reader.read(side, lambda text: _machine_named(text, start.workload, offered))
        before = start.machine(side)
        kept = before if side == "a" or not any_named else None
        machine = kept if named is None or (kept and kept.name == named) else MachineState(named)
        if machine is not None:
            yield _moved(reader, side, machine)


def _moved(reader: _Reader, side: str, machine: MachineState) -> MachineState:
    mapping = reader.read(
        f"{side}.mapping", lambda text: _one_of(text, mappings_of(machine.name), "mapping")
    )
    own_price = not is_system(machine.name)
    price = reader.read(f"{side}.price", read_price) if own_price else None
    found = replace(
        machine,
        mapping=mapping or machine.mapping,
        price=machine.price if price is None else price,
    )
    for knob in knobs_of(machine.name):
        number = reader.read(f"{side}.{knob.key}", knob.read)
        if number is not None:
            found = found.with_value(knob.key, number)
    return found


def _machine_named(text: str, workload: str, offered: Offered) -> str:
    served, known = workload == WHOLE_MODEL, offered.run_on(workload)
    others = offered.machines if served else offered.systems
    if text in others and text not in known:
        fact = (
            f"{text} is a machine" if served else f"{text} is a system, which serves whole models"
        )
        remedy = "whole models are served by systems" if served else f"see workload={WHOLE_MODEL}"
        raise InputError(fact, remedy=remedy)
    return _one_of(text, known, "system" if served else "machine")


def read_context(text: str) -> int:
    """`32K`, `1M` or `1000`."""
    return _count(text, MOST_CONTEXT, "a context")


def read_batch(text: str) -> int:
    return _count(text, MOST_BATCH, "a batch")


def read_tiles(text: str) -> int:
    return _count(text, MOST_TILES, "tiles that are played")


def read_price(text: str) -> float:
    """Dollars an hour, `3.99` or `3.99 USD/h`."""
    written = text.strip()
    price = float(quantity(written.removesuffix("USD/h").strip(), "1"))
    if not 0 <= price <= MOST_PRICE:
        raise InputError(f"{text[:60]!r} is no price", remedy="write it like 3.99")
    return price


def _count(text: str, most: int, what: str) -> int:
    number = read_count(text)
    if number > most:
        raise InputError(f"{text[:60]} is too much for {what}", remedy=f"at most {most:,}")
    return number


def _one_of(text: str, known: Iterable[str], what: str) -> str:
    names = list(known)
    if text in names:
        return text
    short = {name.rpartition("/")[2]: name for name in names}
    if text in short:
        return short[text]
    near = did_you_mean(text, [*names, *short])
    raise InputError(f"there is no {what} {text[:60]!r}", remedy=near)
