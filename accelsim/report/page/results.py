"""What follows from a state, as it stands on the page: sentences, totals, figures, links, tables.

sentence of each machine
totals, side by side          the command that prints the same
roofline, timeline of each    energies of both
links                         CSV, YAML, this page
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from dash import dcc, html

from accelsim.base.units import format_bytes
from accelsim.report.page.answer import Answer, Refused, Side
from accelsim.report.page.figures import energies, has_roofline, names_of, roofline_of, timeline
from accelsim.report.page.held import Held
from accelsim.report.page.played import Played, height_px, played, tiles_of
from accelsim.report.page.served import ServedSide
from accelsim.report.page.served_figures import energies_of, parts_of, time_of
from accelsim.report.page.served_figures import roofline_of as devices_roofline
from accelsim.report.page.state import SIDES, to_query
from accelsim.report.page.tables import compared, totals

HEIGHT_PX = 320
GRAPH: Any = {"displayModeBar": False, "responsive": True}
FORMATS = ("png", "svg")
ALL_SIDES = "all"


class Drawn(NamedTuple):
    """A figure: what it is of (a side, or all), its kind and title, and how it is made."""

    of: str
    kind: str
    title: str
    make: Callable[[], Any]
    height_px: int = HEIGHT_PX

    @property
    def name(self) -> str:
        return f"{self.kind}-{self.of}"

    def figure(self) -> Any:
        return self.make().update_layout(height=self.height_px)


PARTS = ("told", "links")


def results(found: Answer) -> list[Any]:
    """Everything that follows from the state: `parts`, and between them the figures.

    While the same machines answer, only what is in them changes, so that figures are redrawn and
    not made anew.
    """
    own, drawn = parts(found), figures(found)
    by_side = [[each for each in drawn if each.of == side] for side in SIDES]
    whole = [each for each in drawn if each.of == ALL_SIDES]
    return [
        html.Div(own["told"], id="told"),
        html.Div([html.Div([*map(_figure, each)]) for each in by_side if each], className="pair"),
        html.Div(id="tiles", className="pair"),
        html.Div([*map(_figure, whole)], className="stack"),
        html.Nav(own["links"], id="links", **_named("Take it along")),
    ]


def parts(found: Answer) -> dict[str, list[Any]]:
    """What is text, by the id of where it stands: few parts, for each costs the framework a round
    over the whole page."""
    if not found.sides:
        return {"told": [html.P(found.reason, className="complaint")], "links": []}
    sides = _answered(found)
    told = [
        html.Div([_headline(side) for side in sides], id="headline"),
        html.Div([_sentence(side) for side in found.sides], className="pair"),
        *([_totals(found)] if sides else []),
        *(_of_model(held) for held in found.held),
    ]
    return {"told": told, "links": _links(to_query(found.state), len(found.sides))}


def tiles(found: Answer) -> list[Any]:
    """The tiles that are played of each spatial array: what comes after all else, by itself."""
    if found.state.tiles is None:
        return []
    drawn = [_tiles(SIDES[place], each) for place, each in played(found.state)]
    if drawn:
        return drawn
    said = "Tiles are played on spatial arrays alone."
    return [html.Section(html.P(said, className="note"), className="card")]


def _tiles(side: str, found: Played) -> html.Section:
    title = f"Tiles on {found.side.machine.name}, as simulated"
    whole = Drawn(side, "tiles", title, partial(tiles_of, found), height_px(found))
    command = _copied(found.command, f"command-tiles-{side}", "Copy")
    return html.Section(
        [*_drawn(whole, "played"), html.P(found.told, className="note"), command],
        className="card",
    )


def figures(found: Answer) -> list[Drawn]:
    """What is drawn of each machine that answers, and of all."""
    drawn = []
    for name, side in zip(SIDES, found.sides, strict=False):
        of = side.machine.name
        if isinstance(side, ServedSide):
            roof = partial(devices_roofline, side)
            drawn.append(Drawn(name, "roofline", f"Roofline of {of}", roof))
            drawn.append(Drawn(name, "time", f"Time on {of}", partial(time_of, side)))
        if isinstance(side, Side):
            if has_roofline(side):
                make = partial(roofline_of, side)
                drawn.append(Drawn(name, "roofline", f"Roofline of {of}", make))
            drawn.append(Drawn(name, "timeline", f"Timeline on {of}", partial(timeline, side)))
    return [*drawn, *_of_all(found)] if drawn else []


def _of_all(found: Answer) -> list[Drawn]:
    """The same of all machines side by side."""
    systems = [side for side in found.sides if isinstance(side, ServedSide)]
    if not systems:
        machines = [side for side in found.sides if isinstance(side, Side)]
        return [Drawn(ALL_SIDES, "energy", "Energy", partial(energies, machines))]
    names = names_of(systems)
    return [
        Drawn(ALL_SIDES, "parts", "Time of a batch by part", partial(parts_of, names, systems)),
        Drawn(ALL_SIDES, "energy", "Energy a token", partial(energies_of, names, systems)),
    ]


def _answered(found: Answer) -> list[Side | ServedSide]:
    return [side for side in found.sides if not isinstance(side, Refused)]


def _named(label: str) -> Any:
    return {"aria-label": label}


def _headline(side: Side | ServedSide) -> html.P:
    """The first figures again, which stay in sight on a phone while sliders are moved."""
    latency, *_ = totals(side)
    second = next(line for line in totals(side) if line.label in ("energy", "throughput"))
    return html.P([html.B(side.machine.name), f" {latency.text.partition(' (')[0]}, {second.text}"])


def _sentence(side: Side | ServedSide | Refused) -> html.Section:
    name = html.H2(side.machine.name)
    if isinstance(side, Refused):
        return html.Section([name, html.P(side.reason, className="complaint")], className="card")
    said = side.explanation.sentence
    under = html.Small(_how(side), className="note")
    return html.Section([name, html.P(said, className="sentence"), under], className="card")


def _how(side: Side | ServedSide) -> str:
    """Under which mapping, or over which devices."""
    if isinstance(side, Side):
        return f"under {side.mapping_name}"
    devices = ", ".join(f"{each.count} {each.machine}" for each in side.system.devices)
    engines = side.served.plan.engines
    several = f"; {engines} engines, each with a batch of its own" if engines > 1 else ""
    return f"on {devices}{several}"


def _totals(found: Answer) -> html.Section:
    heads = ["", *(side.machine.name for side in found.sides)]
    ratio = len(found.sides) == len(SIDES)
    rows = [
        html.Tr([
            html.Th(label, scope="row"),
            *(_figure_cell(label, side, text) for side, text in zip(SIDES, texts, strict=False)),
            *([html.Td(times)] if ratio else []),
        ])
        for label, texts, times in compared(found)
    ]  # fmt: skip
    head = [html.Th(text, scope="col") for text in [*heads, *(["second / first"] if ratio else [])]]
    commands = [_command(side, number) for number, side in enumerate(found.sides)]
    table = html.Table([html.Thead(html.Tr(head)), html.Tbody(rows)])
    return html.Section([html.H2(found.title), html.Div(table, className="wide"), *commands],
                        className="card")  # fmt: skip


def _figure_cell(label: str, side: str, text: str) -> html.Td:
    """A number of a machine, which scripts find by its name."""
    named: Any = {"data-figure": f"{label} {side}"}
    return html.Td(text, **named)


def _command(side: Side | ServedSide | Refused, number: int) -> html.Div:
    name = SIDES[number]
    return _copied(side.command, f"command-{name}", f"Copy command {name}")


def _copied(command: str, name: str, label: str) -> html.Div:
    code = html.Code(command, id=name, tabIndex=0)
    return html.Div([code, _copy(name, label)], className="command")


def _of_model(held: Held) -> html.P:
    sizes = f"{format_bytes(held.weight_bytes)} of weights"
    if held.reason:
        text = f"{held.model} does not fit on one {held.machine}: {held.reason}."
    else:
        cache = f"{format_bytes(held.sequence_bytes)} a sequence"
        fits = f"at most {held.batch:,} sequences of this context fit"
        text = f"{held.model} on one {held.machine}: {sizes}, {cache} of cache; {fits}."
    return html.P([text, " ", html.Code(held.command)], className="note")


def _figure(drawn: Drawn) -> html.Section:
    return html.Section(_drawn(drawn, "figure"), className="card")


def _drawn(drawn: Drawn, kind: str) -> list[Any]:
    """Title, what saves it, and the figure; of `kind`s, figures are those that answers redraw."""
    saves = [
        html.Button(
            file.upper(),
            title=f"Download {drawn.title} as {file.upper()}",
            className="quiet",
            **_data(save=drawn.name, format=file),
        )
        for file in FORMATS
    ]
    graph = dcc.Graph(
        id={"kind": kind, "of": drawn.name},
        figure=drawn.figure(),
        config=GRAPH,
        style={"height": drawn.height_px},
    )
    return [html.Div([html.H2(drawn.title), html.Div(saves)], className="heading"), graph]


def _links(query: str, number: int) -> list[Any]:
    yaml = [
        html.A(f"YAML of machine {side}", href=f"/machine.yaml?side={side}&{query}")
        for side in SIDES[:number]
    ]
    files = [
        html.A("Table (CSV)", href=f"/table.csv?{query}"),
        html.A("Commands (sh)", href=f"/commands.sh?{query}"),
        html.A("YAML of the workload", href=f"/workload.yaml?{query}"),
    ]
    return [*files, *yaml, _copy("url", "Copy link to this page")]


def _copy(of: str, label: str) -> html.Button:
    return html.Button(label, className="quiet", **_data(copy=of))


def _data(**names: str) -> Any:
    """What assets/page.js does when it is clicked: a button with an id costs the framework a
    callback each time that it is drawn."""
    return {f"data-{name}": value for name, value in names.items()}
