"""`accelsim simulate`: a system that serves requests, or a schedule tile by tile."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from accelsim.base.catalogue import matching
from accelsim.base.errors import InputError
from accelsim.base.yamlfile import read_head
from accelsim.cli.options import Json, MappingName, Settings, Shape
from accelsim.cli.serving import (
    Asked,
    Clients,
    DecodeOnly,
    Exactly,
    FaultsFile,
    ModelName,
    RateText,
    Requests,
    Seed,
    TraceName,
    WindowText,
)
from accelsim.cli.simulate_array import Play, play
from accelsim.cli.simulate_system import simulate_system


def command(
    what: Annotated[
        str,
        typer.Argument(metavar="SYSTEM|WORKLOAD", help="A system, or a workload; or their file."),
    ],
    machine: Annotated[
        str | None, typer.Argument(metavar="MACHINE", help="Of a workload: what it runs on.")
    ] = None,
    mapping: MappingName = None,
    *,
    model: ModelName = None,
    trace: TraceName = None,
    rate: RateText = None,
    requests: Requests = None,
    clients: Clients = None,
    seed: Seed = 0,
    decode_only: DecodeOnly = False,
    faults: FaultsFile = None,
    window: WindowText = None,
    exact: Exactly = False,
    tiles: Annotated[
        int | None,
        typer.Option(metavar="N", help="Of a workload: the first N tiles of each step; else all."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            help="Of a system: a folder; of a workload: a trace as .json, .csv or .parquet.",
        ),
    ] = None,
    figure: Annotated[
        Path | None,
        typer.Option(metavar="FILE.png", help="Of a workload: the first tiles, .png or .svg."),
    ] = None,
    shape: Shape = None,
    settings: Settings,
    json: Json = False,
) -> None:
    """Serve requests on a system: tokens a second, latencies, batch, use, energy, dollars.

    Example: accelsim simulate lamina_2h100_4h20 --model llama3-70b --trace azure_conv
    --rate inf --requests 2000 --decode-only --out out/lamina

    With --out: summary.json, requests.parquet (a row a request), timeline.png, timeline.csv (a row
    for what a device or link did in --window, for `accelsim plot gantt`), provenance.json, and
    trace.json for ui.perfetto.dev. What may be set: `accelsim show lamina_2h100_4h20`,
    docs/systems.md.

    Or play a workload on a spatial array tile by tile, beside what the formula says:
    accelsim simulate attention/one_pass fusemax_cloud --tiles 64 --out trace.json; as a table for
    `accelsim plot gantt`: --out trace.csv
    """
    if machine is not None or _is_workload(what):
        of_system: dict[str, Any] = {
            "model": model,
            "trace": trace,
            "rate": rate,
            "requests": requests,
        }
        of_system |= {"clients": clients, "faults": faults, "window": window}
        _refuse(of_system, "goes with a system, not with a workload on a machine")
        if machine is None:
            fact = f"no machine is named for the workload {what}"
            raise InputError(fact, remedy="Name a spatial array after it, or a system instead")
        play(Play(what, machine, mapping, tiles, out, figure, shape, settings), json)
        return
    _refuse({"tiles": tiles, "figure": figure, "shape": shape}, "goes with a workload")
    asked = Asked(
        model=model,
        trace=trace,
        rate=rate,
        requests=requests,
        clients=clients,
        seed=seed,
        decode_only=decode_only,
        exact=exact,
        faults=faults,
        window=window,
        settings=tuple(settings),
    )
    simulate_system(what, asked, out, json)


def _is_workload(name: str) -> bool:
    if Path(name).is_file():
        return bool(read_head(name, ("cascade", "forms")))
    return bool(matching(name, "workloads")) and not matching(name, "systems")


def _refuse(options: Mapping[str, Any], fact: str) -> None:
    given = [name for name, value in options.items() if value is not None]
    if given:
        raise InputError(f"--{given[0]} {fact}", remedy="Leave it out")
