"""The page on 127.0.0.1, and nowhere else.

One callback does everything: the controls' texts are the pairs of a query, read as a link is
(`state.from_query`), answered, and drawn. The browser asks one thing at a time, and of what was
moved meanwhile the last (assets/page.js), so that no answer is overtaken by an older one.

With an answer come its numbers, its sentences and the figures that are in sight. The others are
owed: the browser asks for them as soon as they are scrolled to, or one after the other when nothing
has moved for a moment, so that a slider waits for no figure that nobody sees.

A request for another name than this computer's own is refused, so that no other site can ask the
page through a domain of its own. Nothing is fetched from elsewhere: scripts and styles are local.
"""

import gc
import logging
import socket
from typing import Any
from urllib.parse import urlencode

from dash import ALL, MATCH, ClientsideFunction, Dash, Input, Output, ctx, no_update
from dash import State as Kept
from flask import Response, abort, request
from werkzeug.serving import make_server

from accelsim.base.errors import InputError
from accelsim.report.page.answer import Answer, answer
from accelsim.report.page.choices import Offered
from accelsim.report.page.controlled import followed, pairs_of, settled, sized_by
from accelsim.report.page.controls import lengths, machine_controls
from accelsim.report.page.details import details
from accelsim.report.page.layout import (
    frame,
    machine_choice,
    notices,
    page,
    said,
    workload_choice,
    workload_choices,
)
from accelsim.report.page.machine_text import machine_yaml
from accelsim.report.page.played import played as played_tiles
from accelsim.report.page.results import PARTS, figures, parts, results, tiles
from accelsim.report.page.state import SIDES, State, from_query
from accelsim.report.page.tables import csv_text
from accelsim.report.page.workload_text import commands, workload_yaml

HOST = "127.0.0.1"
LOCAL = ("127.0.0.1", "localhost")
TITLE = "accelsim"


def application(offered: Offered, start: State) -> Dash:
    """The page as a WSGI application (`.server`); `start` is what a link without a query shows."""
    app = Dash(
        __name__,
        title=TITLE,
        update_title="",
        serve_locally=True,
        suppress_callback_exceptions=True,
        meta_tags=[{"name": "viewport", "content": "width=device-width, initial-scale=1"}],
    )
    app.layout = frame
    app.server.before_request(_refuse_other_hosts)
    _add_files(app, offered, start)
    _add_callbacks(app, offered, start)
    _add_browser_side(app)
    return app


def _refuse_other_hosts() -> None:
    if request.host.partition(":")[0] not in LOCAL:
        abort(403)


def _add_files(app: Dash, offered: Offered, start: State) -> None:
    """What the links of the page download."""

    def table() -> Response:
        state, _ = from_query(_query(), offered, start)
        return _file(csv_text(answer(state)), "text/csv", "accelsim.csv")

    def machine() -> Response:
        state, _ = from_query(_query(), offered, start)
        side = request.args.get("side", "a")
        found = state.machine(side) if side in SIDES else None
        if found is None:
            abort(404)
        return _file(machine_yaml(found), "application/yaml", f"{_stem(found.name)}.yaml")

    def workload() -> Response:
        state, _ = from_query(_query(), offered, start)
        try:
            return _file(workload_yaml(state), "application/yaml", f"{_stem(state.workload)}.yaml")
        except InputError as error:
            return Response(str(error), status=404, mimetype="text/plain")

    def script() -> Response:
        state, _ = from_query(_query(), offered, start)
        playing = tuple(each.command for _, each in played_tiles(state))
        return _file(commands(answer(state), playing), "text/x-sh", "accelsim.sh")

    app.server.add_url_rule("/table.csv", view_func=table)
    app.server.add_url_rule("/workload.yaml", view_func=workload)
    app.server.add_url_rule("/commands.sh", view_func=script)
    app.server.add_url_rule("/machine.yaml", view_func=machine)


def _query() -> str:
    pairs = [(key, value) for key, value in request.args.items() if key != "side"]
    return urlencode(pairs)


def _stem(name: str) -> str:
    return name.rpartition("/")[2].removesuffix(".yaml")


def _file(text: str, kind: str, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(text, mimetype=kind, headers=headers)


# --- what follows from a change -------------------------------------------------------------------


def _add_callbacks(app: Dash, offered: Offered, start: State) -> None:
    def opened(search: str | None) -> Any:
        read, complaints = from_query(search or "", offered, start)
        state = settled(read)
        made = page(state, answer(state), offered, complaints)
        _keep_what_is_loaded()
        return made

    def changed(asked: dict[str, Any], answered: dict[str, Any], clicks: int | None) -> Any:
        was = from_query(answered["query"], offered, start)[0]
        pairs = followed(pairs_of(asked["chosen"], asked["controls"]), was, offered)
        read, complaints = from_query(urlencode(pairs), offered, start)
        found = answer(settled(read))
        shown = [each["id"]["of"] for each in ctx.outputs_grouping["figures"]]
        changes, owed = _changes(answer(was), found, shown, asked["wanted"], answered["owed"])
        told = said(found.state, complaints)
        is_said = told["complaints"] == answered["complaints"]
        return {
            "answered": {**told, "number": asked["number"], "owed": owed},
            **changes,
            "details": details(found) if _is_open(clicks) else no_update,
            "notices": no_update if is_said else notices(complaints),
            **_rebuilt(was, found),
            **_rechosen(asked["chosen"], found.state, offered),
        }

    def unfolded(clicks: int | None, answered: dict[str, Any]) -> Any:
        if not _is_open(clicks):
            return no_update
        return details(answer(from_query(answered["query"], offered, start)[0]))

    def played(query: str | None) -> Any:
        return tiles(answer(from_query(query, offered, start)[0])) if query else []

    app.callback(Output("page", "children"), Input("url", "search"))(opened)
    app.callback(Output("tiles", "children"), Input("playing", "data"), prevent_initial_call=True)(
        played
    )
    app.callback(
        Output("details", "children", allow_duplicate=True),
        Input("more", "n_clicks"),
        Kept("answered", "data"),
        prevent_initial_call=True,
    )(unfolded)
    app.callback(
        output={
            "answered": Output("answered", "data"),
            "results": Output("results", "children"),
            "figures": Output({"kind": "figure", "of": ALL}, "figure"),
            **{part: Output(part, "children") for part in PARTS},
            "notices": Output("notices", "children"),
            "details": Output("details", "children"),
            "workload-choice": Output("workload-choice", "children"),
            **{f"{side}-choice": Output(f"{side}-choice", "children") for side in SIDES},
            "workload": Output("workload-choices", "children"),
            "lengths": Output("lengths", "children"),
            "a": Output("a-controls", "children"),
            "b": Output("b-controls", "children"),
        },
        inputs={"asked": Input("asked", "data")},
        state={"answered": Kept("answered", "data"), "clicks": Kept("more", "n_clicks")},
        prevent_initial_call=True,
    )(changed)


def _keep_what_is_loaded() -> None:
    """Libraries and catalogues stay until the end. To look through them for garbage took a tenth of
    a second (222,732 objects), during every thirtieth answer or so."""
    gc.collect()
    gc.freeze()


def _changes(
    was: Answer, found: Answer, shown: list[str], wanted: list[str], owed: list[str]
) -> tuple[dict[str, Any], list[str]]:
    """What an answer changes on a page that shows these figures of another, and what it owes.

    Figures of a machine that answers as before stay. Of the others, and of those that are owed
    already, the wanted ones are drawn.
    """
    new, kept = figures(found), dict.fromkeys(("results", *PARTS), no_update)
    names = [each.name for each in new]
    if names != shown:
        return {**kept, "results": results(found), "figures": [no_update] * len(shown)}, []
    pairs = zip(SIDES, was.sides, found.sides, strict=False)
    same = {name for name, before, now in pairs if before is now}
    moved = [] if found is was else [each.name for each in new if each.of not in same]
    stale = [name for name in names if name in moved or name in owed]
    drawn = {*stale} & {*wanted}
    redrawn = [each.figure() if each.name in drawn else no_update for each in new]
    told = {} if found is was else parts(found)
    left = [name for name in stale if name not in drawn]
    return {**kept, **told, "figures": redrawn}, left


def _is_open(clicks: int | None) -> bool:
    """Of what a click opens, and the next one closes."""
    return (clicks or 0) % 2 == 1


def _rebuilt(was: State, found: Answer) -> dict[str, Any]:
    """The controls that are others than before, by what they hang on."""
    state = found.state
    new = {
        "workload": workload_choices(state) if was.workload != state.workload else no_update,
        "lengths": lengths(found) if sized_by(was) != sized_by(state) else no_update,
    }
    for side in SIDES:
        machine, before = state.machine(side), was.machine(side)
        same = (machine and machine.name) == (before and before.name)
        new[side] = no_update if same else machine_controls(side, machine) if machine else []
    return new


def _rechosen(chosen: dict[str, str], state: State, offered: Offered) -> dict[str, Any]:
    """The lists that say something else than the state, which followed what was chosen."""
    workload = workload_choice(state, offered) if chosen["workload"] != state.workload else None
    found: dict[str, Any] = {"workload-choice": workload or no_update}
    for side in SIDES:
        machine = state.machine(side)
        same = (chosen[side] or "") == (machine.name if machine else "")
        found[f"{side}-choice"] = no_update if same else machine_choice(side, state, offered)
    return found


def _add_browser_side(app: Dash) -> None:
    """What needs no server: see assets/page.js."""

    def of(kind: str) -> dict[str, Any]:
        return {"kind": kind, "key": MATCH, "of": MATCH}

    browser: Any = app
    browser.clientside_callback(
        ClientsideFunction("page", "ask"),
        Output("asked", "data"),
        Input("workload", "value"),
        *(Input(side, "value") for side in SIDES),
        Input({"kind": "choice", "key": ALL, "of": ALL}, "value"),
        Input({"kind": "text", "key": ALL, "of": ALL}, "value"),
        Input("idle", "data"),
        prevent_initial_call=True,
    )
    browser.clientside_callback(
        ClientsideFunction("page", "follow"),
        Output(of("text"), "value"),
        Output(of("slider"), "value"),
        Input(of("slider"), "value"),
        Input(of("text"), "value"),
        Kept(of("stops"), "data"),
        prevent_initial_call=True,
    )
    browser.clientside_callback(
        ClientsideFunction("page", "release"), Output("released", "data"), Input("answered", "data")
    )


def serve(app: Dash, listening: socket.socket) -> None:
    """Until Ctrl-C, on a socket that is open already; requests are answered side by side."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    host, port = listening.getsockname()
    made = make_server(host, port, app.server, threaded=True, fd=listening.fileno())
    made.serve_forever()
