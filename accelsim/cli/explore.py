"""`accelsim explore`: a local page on which a workload and one or two machines are moved."""

import socket
import threading
from importlib import import_module
from importlib.util import find_spec
from typing import Annotated

import typer

from accelsim.base.errors import InputError

PORT = 8050
OPENS_AFTER_S = 0.5


def command(
    workload: Annotated[
        str | None, typer.Argument(metavar="WORKLOAD", help="A workload or a file, or a MODEL.")
    ] = None,
    machine: Annotated[
        str | None, typer.Argument(metavar="MACHINE", help="A machine or a file, or a SYSTEM.")
    ] = None,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Of 127.0.0.1; 0 takes a free one.")
    ] = PORT,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Only say where the page is.")
    ] = False,
) -> None:
    """Open a page in the browser: choose mechanism, model, phase and machines, move their numbers.

    Roofline, timeline, energies and the sentence of `accelsim explain` follow. Every state is a
    link, and says the command that prints the same. The page is seen from this computer alone; it
    runs until Ctrl-C.

    Example: accelsim explore heads/grouped h100_sxm

    A whole model that a system serves: accelsim explore llama3_70b eight_h100
    """
    if find_spec("dash") is None:
        raise InputError("the page needs dash", remedy="Do `pip install 'accelsim[explore]'`")
    opening = import_module("accelsim.report.page.opening")
    # A name or file that is bad is said here, before anything is served.
    offered, start = opening.opened_with(workload, machine)
    app = import_module("accelsim.report.page.server").application(offered, start)
    _serve(app, port, not no_browser)


def _serve(app: object, port: int, opens: bool) -> None:
    server = import_module("accelsim.report.page.server")
    listening = _listening(server.HOST, port)
    url = f"http://{server.HOST}:{listening.getsockname()[1]}/"
    print(f"{url}  (Ctrl-C ends it)", flush=True)
    if opens:
        browser = import_module("webbrowser")
        threading.Timer(OPENS_AFTER_S, browser.open, (url,)).start()
    server.serve(app, listening)


def _listening(host: str, port: int) -> socket.socket:
    """A socket of this computer alone; an InputError if the port is taken."""
    found = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((host, port))
    except OSError as error:
        found.close()
        fact = f"port {port} of {host} cannot be had: {error.strerror}"
        raise InputError(fact, remedy="choose another with --port, or --port 0") from error
    found.listen()
    return found
