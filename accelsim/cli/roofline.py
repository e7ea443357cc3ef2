"""`accelsim roofline`: kernels under the ceilings of a GPU, predicted and measured."""

import csv
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from accelsim.arch.gpu import Gpu, rate_per_s
from accelsim.arch.load import load_gpu
from accelsim.base.errors import AccelsimError, Place
from accelsim.base.record import keys_of
from accelsim.cli.options import Json, Settings, settings_by_input
from accelsim.cli.output import print_json
from accelsim.cost.gpu.call import call_cost
from accelsim.validation.gpu_compare import number_in
from accelsim.workload.call_counts import compulsory_bytes, useful_flop
from accelsim.workload.calls import Case, read_cases


def command(
    machine: Annotated[str, typer.Argument(metavar="GPU", help="A shipped GPU or a file.")],
    cases: Annotated[
        Path, typer.Argument(metavar="CASES.csv", help="Cases, or rows of accelsim measure.")
    ],
    out: Annotated[Path, typer.Option(metavar="FILE.png", help="A PNG or SVG.")] = Path(
        "roofline.png"
    ),
    *,
    settings: Settings,
    json: Json = False,
) -> None:
    """Draw the hierarchical roofline: HBM, L2, shared memory, pipes, and the kernels under them.

    Where the file has a column `ms`, as `accelsim measure` writes it, measured points are drawn
    beside predicted ones. Copies have no FLOP and are left out, as is what no kernel is known for.

    Example: accelsim roofline h100_sxm cases.csv --out roofline.png
    """
    gpu = load_gpu(machine, settings_by_input(settings, {"arch": keys_of(Gpu)})["arch"])
    rows = zip(read_cases(cases), _measured_ms(cases), strict=True)
    points = [_point(case, ms, gpu) for case, ms in rows if useful_flop(case.call)]
    found = [point for point in points if point is not None]
    if json:
        print_json([vars(point) for point in found])
        return
    drawing = import_module("accelsim.report.roofline").draw_roofline(
        _ceilings(gpu), _bandwidths(gpu), found, f"{len(found)} kernels on {machine}"
    )
    import_module("accelsim.report.save").save_figure(drawing, out)
    unknown = len(points) - len(found)
    left_out = f"; of {unknown} no kernel is known" if unknown else ""
    print(f"{len(found)} kernels drawn in {out}{left_out}")


def _point(case: Case, ms: float | None, gpu: Gpu) -> Any | None:
    """None where no kernel is known for the call."""
    point = import_module("accelsim.report.roofline").RooflinePoint
    flop = useful_flop(case.call)
    try:
        seconds = call_cost(case.call, gpu).seconds
    except AccelsimError:
        return None
    return point(
        name=case.kernel,
        intensity=flop / compulsory_bytes(case.call),
        predicted=flop / seconds,
        measured=None if ms is None else flop / (ms * 1e-3),
    )


def _ceilings(gpu: Gpu) -> dict[str, float]:
    per_clock = gpu.sms * gpu.clock_hz
    tensor = {
        f"{cores.name} {word}": cores.flop[word] * per_clock
        for cores in gpu.tensor
        for word in ("fp8", "bf16")
        if word in cores.flop
    }
    return {**tensor, "FP32": 2 * gpu.pipe("mac").lanes * per_clock}


def _bandwidths(gpu: Gpu) -> dict[str, float]:
    shared = rate_per_s(gpu.sm.shared_bandwidth, gpu) * gpu.sms
    return {**{m.name: rate_per_s(m.bandwidth, gpu) for m in gpu.memories}, "shared memory": shared}


def _measured_ms(cases: Path) -> list[float | None]:
    with cases.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file)
        return [number_in(row, "ms", Place(str(cases), reader.line_num)) for row in reader]
