"""Where everything stands: controls on the left (on a phone on top), what follows beside them."""

from typing import Any

from dash import dcc, html

from accelsim.report.page.answer import Answer
from accelsim.report.page.choices import MODEL, Offered
from accelsim.report.page.controls import (
    NONE,
    choice,
    form_options,
    lengths,
    machine_controls,
    machine_options,
    model_options,
    tiles_choice,
    workload_options,
)
from accelsim.report.page.results import results
from accelsim.report.page.state import SIDES, State, to_query


def frame() -> html.Div:
    """What is there before the link is read: nothing that depends on it."""
    return html.Div([dcc.Location(id="url", refresh=False), html.Div(id="page")])


def page(state: State, found: Answer, offered: Offered, complaints: tuple[str, ...]) -> list[Any]:
    """The whole page of a state."""
    return [
        html.Header([html.H1("accelsim"), html.P("What attention takes on a machine, and why.")]),
        html.Main(
            [
                html.Div(_controls(state, found, offered), className="controls"),
                html.Div(
                    [
                        html.Div(notices(complaints), id="notices", role="status"),
                        html.Div(results(found), id="results"),
                        html.Details(
                            [
                                html.Summary("Parts, formulas and sources", id="more"),
                                html.Div(id="details", className="pair"),
                            ]
                        ),
                    ],
                    className="answers",
                ),
            ]
        ),
        dcc.Store(id="answered", data={**said(state, complaints), "number": 0, "owed": []}),
        *(dcc.Store(id=name) for name in ("asked", "idle", "playing", "released")),
    ]


def said(state: State, complaints: tuple[str, ...]) -> dict[str, Any]:
    """Of a page, what the next answer is compared with."""
    return {"query": to_query(state), "complaints": [*complaints]}


def notices(complaints: tuple[str, ...]) -> list[html.P]:
    """What could not be read, a sentence each."""
    return [html.P(text, className="complaint") for text in complaints]


# --- controls -------------------------------------------------------------------------------------


def _controls(state: State, found: Answer, offered: Offered) -> list[Any]:
    workload = html.Section(
        [
            html.H2("Workload"),
            html.Div(workload_choice(state, offered), id="workload-choice"),
            html.Div(workload_choices(state), id="workload-choices"),
            html.Div(lengths(found), id="lengths"),
            tiles_choice(state),
        ]
    )
    return [workload, *(_machine(side, state, offered) for side in SIDES)]


def workload_choice(state: State, offered: Offered) -> list[html.Div]:
    return [choice("workload", "Mechanism", workload_options(offered), state.workload)]


def machine_choice(side: str, state: State, offered: Offered) -> list[html.Div]:
    """Machine b may be none."""
    machine = state.machine(side)
    none = {"value": NONE, "label": "none", "title": "", "search": "none"}
    options = machine_options(offered) if side == "a" else [none, *machine_options(offered)]
    return [choice(side, "Machine or system", options, machine.name if machine else NONE)]


def workload_choices(state: State) -> list[html.Div]:
    """Those that depend on the mechanism."""
    forms = form_options(state)
    form = {"kind": "choice", "key": "form", "of": state.workload}
    model = {"kind": "choice", "key": "model", "of": state.workload}
    without = MODEL if state.is_served else NONE
    return [
        choice(form, "Phase or form", forms, state.form or forms[0]["value"]),
        choice(model, "Model", model_options(state), state.model or without),
    ]


def _machine(side: str, state: State, offered: Offered) -> html.Section:
    machine = state.machine(side)
    return html.Section(
        [
            html.H2(f"Machine {side}"),
            html.Div(machine_choice(side, state, offered), id=f"{side}-choice"),
            html.Div(machine_controls(side, machine) if machine else [], id=f"{side}-controls"),
        ],
        className=f"side-{side}",
    )
