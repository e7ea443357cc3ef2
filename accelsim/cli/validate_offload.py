"""`accelsim validate offload`: layers with attention on another GPU, predicted and measured."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from pathlib import Path
from statistics import median
from typing import Annotated

import typer

from accelsim.arch.load_system import load_system
from accelsim.base.catalogue import shipped
from accelsim.base.errors import InputError, Place
from accelsim.base.files import atomic_write, staged_folder
from accelsim.cli.options import Json
from accelsim.cli.output import csv_text, print_json, print_table
from accelsim.validation.gpu_compare import Statistics
from accelsim.validation.offload.compare import (
    PLACES,
    TARGET,
    ComparedLayer,
    ComparedMessage,
    Extra,
    by_part,
    by_place,
    by_way,
    compared_layers,
    compared_messages,
    extras,
    left_out,
    missed,
    worst,
)
from accelsim.validation.offload.measured import MeasuredRow, read_offload
from accelsim.validation.offload.predicted import Predictor
from accelsim.validation.status import of_statistics, write_status

FAILED = 1

SHIPPED = (
    "studies/offload_measured/two_h200.csv",
    "arch/system/calibration/two_h200_links.csv",
)


def command(
    system: Annotated[
        str, typer.Option(metavar="SYSTEM", help="With an attention worker; a name or a file.")
    ] = "two_h200_serial",
    measured: Annotated[
        Path | None,
        typer.Option(metavar="FILE.csv", help="Rows of measure --offload; else the shipped ones."),
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Tables and figures.")] = None,
    json: Json = False,
) -> None:
    """Errors of layers by place and model, of their parts, and of the link; the worst cases.

    Also what a layer takes longer with its attention on the second GPU. Exit status 1 if the mean
    error at a place is above 15 %. With --out DIR: errors.csv, predicted.csv, the figures
    agreement and extra, and of the shipped measurements status.csv.

    Example: accelsim validate offload --out out/offload_measured
    """
    files = [measured] if measured else [shipped() / name for name in SHIPPED]
    rows = [row for file in files for row in read_offload(file)]
    predictor = Predictor(load_system(system))
    found = _Found(rows, compared_layers(rows, predictor), compared_messages(rows, predictor))
    if out is not None:
        if not found.layers:
            fact = "no steady layer was measured, so there is nothing to draw"
            raise InputError(fact, at=Place(str(files[0])), remedy="Leave --out out")
        _write(found, out)
        if measured is None:
            of, by = "measured decoding layers", f"accelsim validate offload --system {system}"
            write_status(of_statistics(Path(system).stem, of, found.places, by), out)
    if json:
        print_json(_as_plain(found))
    else:
        _report(found)
    if missed(found.places):
        raise typer.Exit(FAILED)


@dataclass(frozen=True)
class _Found:
    rows: Sequence[MeasuredRow]
    layers: Sequence[ComparedLayer]
    messages: Sequence[ComparedMessage]

    @cached_property
    def places(self) -> list[Statistics]:
        return by_place(self.layers)

    @cached_property
    def extras(self) -> list[Extra]:
        return extras(self.layers)

    @property
    def statistics(self) -> dict[str, list[Statistics]]:
        return {
            "layers": self.places,
            "parts": by_part(self.layers),
            "link": by_way(self.messages),
        }


# --- what is printed ------------------------------------------------------------------------------


TITLES = {
    "layers": "whole layers: error in percent",
    "parts": "their parts, each measured by itself: error in percent",
    "link": "copies and messages: error in percent",
}


def _report(found: _Found) -> None:
    unsteady = left_out(found.rows)
    counts = f"{len(found.layers)} layers and {len(found.messages)} times of copies and messages"
    print(f"{counts} are compared; {len(unsteady)} unsteady or failed layers are left out\n")
    for name, statistics in found.statistics.items():
        if statistics:
            print(TITLES[name])
            columns = ("what", "rows", "mean", "median", "95th", "bias")
            print_table(columns, [_cells(each) for each in statistics])
            print()
    if found.extras:
        print("attention apart, beyond all on one, a layer: median over models and contexts")
        print_table(
            ("batch", "cases", "measured", "predicted", "of one"), _extra_rows(found.extras)
        )
        print()
    print("worst cases")
    print_table(
        ("params", "measured", "predicted", "error"), [_worst_row(w) for w in worst(found.layers)]
    )
    print()
    for row in unsteady:
        ms = row.error or f"{row.ms:.4g} ms, at least {row.min_ms:.4g}"
        print(f"left out: {row.params}: {ms}")
    for place in PLACES:
        print(_verdict(place, found.places))


def _cells(each: Statistics) -> tuple[str, ...]:
    numbers = (each.mean, each.median, each.p95, each.bias)
    return each.family, str(each.rows), *(f"{100 * number:.1f}" for number in numbers)


def _extra_rows(found: Sequence[Extra]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for batch in sorted({each.b for each in found}):
        own = [each for each in found if each.b == batch]
        measured, predicted = (
            median(ms) * 1e3 for ms in ([e.measured_ms for e in own], [e.predicted_ms for e in own])
        )
        share = median(each.measured_ms / each.one_ms for each in own)
        cells = f"{measured:+.1f} us", f"{predicted:+.1f} us", f"{100 * share:+.1f} %"
        rows.append((str(batch), str(len(own)), *cells))
    return rows


def _worst_row(each: ComparedLayer) -> tuple[str, ...]:
    times = f"{each.measured_ms * 1e3:.1f} us", f"{each.predicted_ms * 1e3:.1f} us"
    return each.params, *times, f"{100 * each.error:+.1f} %"


def _verdict(place: str, statistics: Sequence[Statistics]) -> str:
    own = next((each for each in statistics if each.family == place), None)
    if own is None:
        return f"not judged, for want of rows: {place}"
    verdict = "target missed" if missed([own]) else "target met"
    return f"{verdict}: {place}: mean {100 * own.mean:.1f} % of {100 * TARGET:g} %"


def _as_plain(found: _Found) -> dict[str, object]:
    return {
        "layers": len(found.layers),
        "errors": {
            name: {each.family: vars(each) for each in statistics}
            for name, statistics in found.statistics.items()
        },
        "extra": [each._asdict() for each in found.extras],
        "missed": [each.family for each in missed(found.places)],
        "left_out": [row.params for row in left_out(found.rows)],
    }


# --- what is written ------------------------------------------------------------------------------


def _write(found: _Found, out: Path) -> None:
    agreement = import_module("accelsim.report.agreement").draw_agreement(
        [each.measured_ms for each in found.layers],
        [each.predicted_ms for each in found.layers],
        [f"{each.call.model}, {each.call.place}" for each in found.layers],
        f"{len(found.layers)} decoding layers on one and two GPUs",
        legend="",
    )
    figures = {"agreement": agreement}
    if found.extras:
        report = import_module("accelsim.report.extra")
        cases = [report.Case(each.model, *each[3:]) for each in found.extras]
        figures["extra"] = report.draw_extra(cases, "A layer with its attention on a second GPU")
    save = import_module("accelsim.report.save").save_figure
    with staged_folder(out) as folder:
        atomic_write(folder / "errors.csv", csv_text(_error_rows(found)))
        atomic_write(folder / "predicted.csv", csv_text(_predicted_rows(found.layers)))
        for name, figure in figures.items():
            for ending in ("png", "svg"):
                save(figure, folder / f"{name}.{ending}")


def _error_rows(found: _Found) -> list[tuple[str, ...]]:
    head = ("of", "what", "rows", "mean_percent", "p95_percent", "bias_percent")
    return [head] + [
        (name, s.family, str(s.rows), *(f"{100 * x:.2f}" for x in (s.mean, s.p95, s.bias)))
        for name, statistics in found.statistics.items()
        for s in statistics
    ]


def _predicted_rows(layers: Sequence[ComparedLayer]) -> list[tuple[str, ...]]:
    head = ("params", "measured_ms", "predicted_ms", "model_ms", "attention_ms", "transfers_ms")
    return [head] + [
        (
            each.params,
            f"{each.measured_ms:.6g}",
            f"{each.predicted_ms:.6g}",
            *(f"{seconds * 1e3:.6g}" for seconds in each.predicted),
        )
        for each in layers
    ]
