"""The state as controls: lists to choose from, and sliders with the number that they say.

Every control has a key of the URL's query. The texts are what counts: the server reads them as it
reads a link, and a slider does no more than write one of its positions' texts (assets/page.js). The
controls of a machine carry its name, so that those of another one are told apart.
"""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from dash import dcc, html

from accelsim.base.units import format_count
from accelsim.report.page.answer import Answer
from accelsim.report.page.choices import (
    WHOLE_MODEL,
    Offered,
    abouts,
    forms_of,
    mappings_of,
    models_of,
)
from accelsim.report.page.knobs import Knob, is_system, knobs_of
from accelsim.report.page.prices import price_of, sourced
from accelsim.report.page.state import MachineState, State

NONE = ""
"""Of a list: nothing is chosen."""

LIST_PX = 360

FOLDED = ("clock", "buffer", "array")
"""Ends of keys of a system's devices."""

CONTEXTS = tuple(2**power for power in range(7, 23))
BATCHES = tuple(2**power for power in range(11))
TILES = (4, 16, 64)
PRICES = tuple(0.25 * step for step in range(81))


class Stops(NamedTuple):
    """The positions of a slider: their numbers and texts, in order, and the one it stands at."""

    numbers: tuple[float, ...]
    texts: tuple[str, ...]
    start: int


def slider(key: str, of: str, label: str, text: str, stops: Stops, note: str = "") -> html.Div:
    """A labelled range and, beside it, its number as a text that can be typed over."""
    ids = {part: {"kind": part, "key": key, "of": of} for part in ("slider", "text", "stops")}
    lowest, highest = 0, len(stops.numbers) - 1
    return html.Div(
        [
            html.Label(label, htmlFor=element_id(ids["slider"])),
            html.Label(f"{label}, written", htmlFor=element_id(ids["text"]), className="unseen"),
            dcc.Input(id=ids["text"], value=text, debounce=True, type="text", className="number"),
            dcc.Input(
                id=ids["slider"], type="range", min=lowest, max=highest, step=1, value=stops.start
            ),
            dcc.Store(id=ids["stops"], data={"numbers": stops.numbers, "texts": stops.texts}),
            html.Small(note, className="note") if note else None,
        ],
        className="control",
    )


def choice(
    identity: str | dict[str, str], label: str, options: Sequence[dict[str, str]], value: str
) -> html.Div:
    """A labelled list to choose one from."""
    # The framework names the list by its value alone; the group says what it is for.
    named: Any = {"role": "group", "aria-label": label}
    return html.Div(
        [
            html.Label(label, htmlFor=element_id(identity)),
            dcc.Dropdown(
                id=identity, options=list(options), value=value, clearable=False, maxHeight=LIST_PX
            ),
        ],
        className="control",
        **named,
    )


def element_id(identity: str | dict[str, str]) -> str:
    """What the framework makes of an id in the document."""
    if isinstance(identity, str):
        return identity
    pairs = ",".join(f'"{key}":"{identity[key]}"' for key in sorted(identity))
    return f"{{{pairs}}}"


# --- of the workload ------------------------------------------------------------------------------


def workload_options(offered: Offered) -> list[dict[str, str]]:
    about = {**abouts("workloads"), WHOLE_MODEL: "a transformer that a system serves"}
    label = {WHOLE_MODEL: "whole model, served"}
    return [
        _option(name, label.get(name, name), about.get(name, "a file"))
        for name in offered.workloads
    ]


def form_options(state: State) -> list[dict[str, str]]:
    return [
        _option(form.name, _with_phase(form.name, form.variant.phase), form.about)
        for form in forms_of(state.workload)
    ]


def model_options(state: State) -> list[dict[str, str]]:
    if state.is_served:
        about = abouts("models")
        return [_option(name, name, about.get(name, "")) for name in models_of(state.workload)]
    own = _option(NONE, "sizes as in the file", "")
    named = [_option(name, name, kind) for name, kind in models_of(state.workload).items()]
    return [own, *named]


def lengths(answer: Answer) -> list[html.Div]:
    """Context and batch, where the workload has them."""
    found = []
    if answer.context is not None:
        stops = _stops([float(number) for number in CONTEXTS], answer.context, _count)
        text = format_count(answer.context)
        found.append(slider("context", "", "Context (tokens)", text, stops))
    if answer.batch is not None:
        stops = _stops([float(number) for number in BATCHES], answer.batch, _count)
        found.append(slider("batch", "", "Batch (sequences)", format_count(answer.batch), stops))
    return found


def tiles_choice(state: State) -> html.Div:
    """How many tiles are played beside the formula's timeline."""
    options = [
        _option(NONE, "by the formula", "what each resource needs, without an order"),
        *(_option(str(number), f"and {number} tiles played", "simulated") for number in TILES),
    ]
    if state.tiles is not None and state.tiles not in TILES:
        options.append(_option(str(state.tiles), f"and {state.tiles} tiles played", "simulated"))
    now = NONE if state.tiles is None else str(state.tiles)
    return choice({"kind": "choice", "key": "tiles", "of": ""}, "Timeline", options, now)


# --- of a machine ---------------------------------------------------------------------------------


def machine_options(offered: Offered) -> list[dict[str, str]]:
    about = {**abouts("machines"), **abouts("systems")}
    machines = [_option(name, name, about.get(name, "a file")) for name in offered.machines]
    systems = [
        _option(name, f"{name} (system)", about.get(name, "a file")) for name in offered.systems
    ]
    return [*machines, *systems]


def machine_controls(side: str, machine: MachineState) -> list[Any]:
    """The mapping and the knobs that this machine has; of a system less often moved ones folded."""
    if is_system(machine.name):
        return _of_system(side, machine)
    default = _option(NONE, "the fastest at hand", "")
    mappings = [default, *(_option(name, name, "") for name in mappings_of(machine.name))]
    identity = {"kind": "choice", "key": f"{side}.mapping", "of": machine.name}
    return [
        choice(identity, "Mapping or kernels", mappings, machine.mapping or NONE),
        *(_knob(side, machine, knob) for knob in knobs_of(machine.name)),
        _price(side, machine),
    ]


def _of_system(side: str, machine: MachineState) -> list[Any]:
    knobs, moved = knobs_of(machine.name), dict(machine.moved)
    rest = [knob for knob in knobs if knob.key.rpartition(".")[2] in FOLDED]
    shown = [knob for knob in knobs if knob not in rest]
    more = html.Details(
        [html.Summary("Clock, buffer and size of devices")]
        + [_knob(side, machine, knob) for knob in rest],
        open=any(knob.key in moved for knob in rest),
        className="more",
    )
    return [*(_knob(side, machine, knob) for knob in shown), *([more] if rest else [])]


def _knob(side: str, machine: MachineState, knob: Knob) -> html.Div:
    now = machine.value(knob.key) or knob.base
    grid = dict.fromkeys(knob.at(place) for place in range(-knob.reach, knob.reach + 1))
    stops = _stops([*grid], now, knob.text)
    text = knob.text(now)
    return slider(f"{side}.{knob.key}", machine.name, knob.label, text, stops, knob.note)


def _price(side: str, machine: MachineState) -> html.Div:
    price, known = price_of(machine), sourced().get(machine.name)
    now = price.usd_per_hour if price else 0.0
    note = f"{known.usd_per_hour:g}: {known.source}" if known else "no source: your own number"
    stops = _stops([*PRICES], now, _dollars)
    label = "Price (USD an hour)"
    return slider(f"{side}.price", machine.name, label, _dollars(now), stops, note)


# --- words ----------------------------------------------------------------------------------------


def _stops(grid: Sequence[float], now: float, text: Any) -> Stops:
    """Of a grid and, where it does not have it, the number as it is now."""
    numbers = sorted({*grid, now})
    return Stops(tuple(numbers), tuple(text(number) for number in numbers), numbers.index(now))


def _count(number: float) -> str:
    return format_count(math.floor(number))


def _dollars(number: float) -> str:
    return f"{number:.10g}"


def _with_phase(name: str, phase: str) -> str:
    return name if phase in name else f"{name} ({phase})"


def _option(value: str, label: str, title: str) -> dict[str, str]:
    return {"value": value, "label": label, "title": title, "search": f"{label} {title}"}
