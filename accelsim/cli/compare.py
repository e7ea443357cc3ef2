"""`accelsim compare`: the same requests on several systems, side by side."""

import csv
import io
import json as json_text
from pathlib import Path
from typing import Annotated, Any

import typer

from accelsim.base.errors import InputError
from accelsim.base.files import refuse_unwritable, staged_folder
from accelsim.cli.options import Json, Settings
from accelsim.cli.output import print_json, print_table
from accelsim.cli.progress import progress
from accelsim.cli.serving import (
    NOTES,
    Asked,
    Clients,
    DecodeOnly,
    Exactly,
    ModelName,
    RateText,
    Requests,
    Seed,
    TraceName,
    load_plan,
    run,
)
from accelsim.cli.simulate_system import rows_of

RATIOS = ("tokens_per_s", "tokens_per_usd", "tbt_p50_s", "tbt_p99_s", "mean_batch", "energy_j")


def command(
    systems: Annotated[
        list[str],
        typer.Argument(metavar="SYSTEM SYSTEM ...", help="Two or more; the first is the measure."),
    ],
    *,
    model: ModelName = None,
    trace: TraceName = None,
    rate: RateText = None,
    requests: Requests = None,
    clients: Clients = None,
    seed: Seed = 0,
    decode_only: DecodeOnly = False,
    exact: Exactly = False,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="compare.csv, and each system's figures as JSON."),
    ] = None,
    settings: Settings,
    json: Json = False,
) -> None:
    """Serve the same requests on several systems and put what comes out side by side.

    Example: accelsim compare vllm_4h100 lamina_2h100_4h20 --model llama3-70b --rate inf
    --requests 2000 --decode-only
    """
    if len(systems) < 2:
        raise InputError("there is nothing to compare", remedy="Name two systems or more")
    asked = Asked(
        model=model,
        trace=trace,
        rate=rate,
        requests=requests,
        clients=clients,
        seed=seed,
        decode_only=decode_only,
        exact=exact,
        settings=tuple(settings),
    )
    if out is not None:
        refuse_unwritable(out)
    for name in systems:
        load_plan(name, asked)
    found = _figures(systems, asked)
    if out is not None:
        _write(found, out)
    if json:
        print_json(found)
    else:
        _print(found)


def _figures(systems: list[str], asked: Asked) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    with progress("systems", len(systems)) as step:
        for name in systems:
            ran = run(name, asked, lambda outcome: None)
            found.append(ran.figures(asked))
            step(name)
    first = found[0]
    for figures in found:
        figures["ratios"] = {each: _ratio(figures[each], first[each]) for each in RATIOS}
    return found


def _ratio(value: float | None, first: float | None) -> float | None:
    return value / first if value is not None and first else None


def _write(found: list[dict[str, Any]], out: Path) -> None:
    with staged_folder(out) as folder:
        for name, figures in zip(_file_names(found), found, strict=True):
            text = json_text.dumps(figures, indent=2, ensure_ascii=False, allow_nan=False)
            (folder / f"{name}.json").write_text(text + "\n", encoding="utf-8")
        (folder / "compare.csv").write_text(_csv(found), encoding="utf-8")


def _file_names(found: list[dict[str, Any]]) -> list[str]:
    """Of the systems, with a number where two files have the same name."""
    stems = [Path(str(figures["system"])).stem for figures in found]
    return [
        f"{stem}_{number + 1}" if stems.count(stem) > 1 else stem
        for number, stem in enumerate(stems)
    ]


def _csv(found: list[dict[str, Any]]) -> str:
    plain = [key for key, value in found[0].items() if not isinstance(value, dict | list)]
    stream = io.StringIO()
    writer = csv.DictWriter(stream, plain, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(found)
    return stream.getvalue()


def _print(found: list[dict[str, Any]]) -> None:
    columns = [rows_of(figures) for figures in found]
    rows = [(row[0][0], *(value for _, value in row)) for row in zip(*columns, strict=True)]
    ratios = [
        (f"{each} against {found[0]['system']}", *(_times(f["ratios"][each]) for f in found))
        for each in RATIOS
    ]
    print(f"{found[0]['model']}: {found[0]['trace']}, rate {found[0]['rate']}\n")
    print_table(("figure", *(str(f["system"]) for f in found)), [*rows, *ratios])
    for note in _notes(found):
        print(f"note: {note}")


def _notes(found: list[dict[str, Any]]) -> list[str]:
    """Of each system, without what is said of every run."""
    return [
        f"{figures['system']}: {note}"
        for figures in found
        for note in figures["notes"]
        if note not in NOTES.values()
    ]


def _times(ratio: float | None) -> str:
    return "-" if ratio is None else f"{ratio:.3f}x"
