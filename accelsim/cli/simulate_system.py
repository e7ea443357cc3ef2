"""`accelsim simulate SYSTEM --model MODEL`: requests served in time, and what is written of it."""

import json
from importlib import import_module
from pathlib import Path
from typing import Any

from accelsim.base.files import refuse_unwritable, staged_folder
from accelsim.cli.options import bare_paths
from accelsim.cli.output import print_json, print_table
from accelsim.cli.progress import progress
from accelsim.cli.serving import SHOWN_S, Asked, Ran, actors_of, run
from accelsim.interop.perfetto import write_span_events
from accelsim.sim.request import Outcome
from accelsim.sim.timeline import Span, Window
from accelsim.study.provenance import provenance, write_provenance
from accelsim.study.table import Table, array_of, write_csv

TOLD_EVERY = 50
"""Requests between two words of the progress bar."""


def simulate_system(name: str, asked: Asked, out: Path | None, as_json: bool) -> None:
    """Prints the summary; with `out` writes summary.json, requests.parquet, timeline.png,
    timeline.csv and trace.json, all or none."""
    if out is None:
        ran = _run(name, asked, lambda outcome: None)
        _print(ran, asked, [], as_json)
        return
    refuse_unwritable(out)
    requests_file = import_module("accelsim.study.requests").requests_file
    with staged_folder(out) as folder:
        with requests_file(folder / "requests.parquet") as file:
            ran = _run(name, asked, file.add)
        figures = ran.figures(asked)
        text = json.dumps(figures, indent=2, ensure_ascii=False, allow_nan=False)
        (folder / "summary.json").write_text(text + "\n", encoding="utf-8")
        window = ran.ledger.window or Window(0.0, SHOWN_S)
        named = Window(window.start_s, window.end_s, actors_of(ran.plan.system), window.spans)
        write_span_events(window, folder / "trace.json")
        _write_table(ran, asked, named, folder / "timeline.csv")
        _draw(ran, asked, named, folder / "timeline.png")
        write_provenance(_rests_on(ran, asked), folder)
        written = sorted(file.name for file in folder.iterdir())
    _print(ran, asked, [str(out / name) for name in written], as_json)


def _run(name: str, asked: Asked, took: Any) -> Ran:
    with progress(f"{name} {asked.model or ''}", asked.requests) as step:
        finished = 0

        def counted(outcome: Outcome) -> None:
            nonlocal finished
            took(outcome)
            finished += 1
            if finished % TOLD_EVERY == 0:
                step(f"{outcome.finished_s:,.0f} s simulated", TOLD_EVERY)

        return run(name, asked, counted)


def _rests_on(ran: Ran, asked: Asked) -> dict[str, Any]:
    """The system, the model, and the machines that its devices are."""
    plan, figures = ran.plan, ran.figures(asked)
    machines = {each.machine: plan.machines[each.name] for each in plan.system.devices}
    nouns = {ran.name: plan.system, figures["model"]: plan.model, **machines}
    question = f"How well does {ran.name} serve {figures['model']}, requests of {figures['trace']}?"
    shown = dict(rows_of(figures))
    names = ("throughput", "time between tokens, p99", "price of a million tokens")
    said = "; ".join(f"{name} {shown[name]}" for name in names if shown[name] != "-")
    return {
        **provenance(nouns, bare_paths(asked.settings)),
        "question": question,
        "sentence": said[:1].upper() + said[1:],
    }


def _write_table(ran: Ran, asked: Asked, window: Window, file: Path) -> None:
    """A row a span, for `accelsim plot gantt`."""
    of = f"{ran.figures(asked)['model']} on {ran.name}"
    names = (*Span._fields, "of")
    rows = [{**row, "of": of} for row in window.rows()]
    write_csv(Table({name: array_of(row[name] for row in rows) for name in names}), file)


def _draw(ran: Ran, asked: Asked, window: Window, file: Path) -> None:
    # matplotlib takes longer to load than most runs.
    draw_serving = import_module("accelsim.report.serving").draw_serving
    save_figure = import_module("accelsim.report.save").save_figure
    figures = ran.figures(asked)
    title = f"{figures['model']} on {ran.name}"
    batch, tokens = ran.ledger.batch.curve(), ran.ledger.made.curve()
    caption = f"trace {figures['trace']}, rate {figures['rate']}, seed {asked.seed}"
    save_figure(draw_serving(window, batch, tokens, title, caption=caption), file)


# --- what is printed -----------------------------------------------------------------------------


def _print(ran: Ran, asked: Asked, files: list[str], as_json: bool) -> None:
    figures = ran.figures(asked)
    if as_json:
        print_json({**figures, "files": files})
        return
    print(f"{figures['model']} on {ran.name}: {figures['trace']}, rate {figures['rate']}\n")
    print_table(("figure", "value"), rows_of(figures))
    print()
    spent = [(part, _time(seconds)) for part, seconds in ran.summary.way_s.items()]
    print_table(("a batch in an iteration", "spends"), spent)
    print()
    shares = {**ran.summary.utilization, **ran.summary.link_utilization}
    print_table(("part", "busy"), [(part, f"{share:.1%}") for part, share in shares.items()])
    for note in ran.summary.notes:
        print(f"note: {note}")
    for file in files:
        print(f"written: {file}")


def rows_of(figures: dict[str, Any]) -> list[tuple[str, str]]:
    """The figures that a reader compares first."""
    return [
        ("requests answered", f"{figures['finished']:,} of {figures['requests']:,}"),
        ("simulated", f"{figures['seconds']:,.1f} s"),
        ("throughput", _number(figures["tokens_per_s"], "tokens/s")),
        *((f"time between tokens, p{q}", _time(figures[f"tbt_p{q}_s"])) for q in (50, 90, 99)),
        *((f"time to first token, p{q}", _time(figures[f"ttft_p{q}_s"])) for q in (50, 90, 99)),
        ("mean batch", f"{figures['mean_batch']:.1f}"),
        ("gave way, computed again", f"{figures['preempted']:,}, {figures['recomputed_tokens']:,}"),
        ("price", _number(figures["usd_per_hour"], "USD/h")),
        ("price of a million tokens", _number(figures["usd_per_million_tokens"], "USD")),
        ("tokens for a dollar", _number(figures["tokens_per_usd"], "")),
        ("energy", _number(figures["energy_j"], "J")),
    ]


def _time(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    return f"{seconds * 1e3:.2f} ms" if seconds < 1 else f"{seconds:,.2f} s"


def _number(value: float | None, unit: str) -> str:
    if value is None:
        return "-"
    text = f"{value:,.0f}" if value >= 1000 else f"{value:.4g}"
    return f"{text} {unit}".rstrip()
