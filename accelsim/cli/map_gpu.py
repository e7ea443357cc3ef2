"""What `accelsim map` prints of a GPU: the kernels found, and what they gain over others."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from accelsim.base.units import format_quantity
from accelsim.cli.best_so_far import best_so_far
from accelsim.cli.found_text import figures_of_search
from accelsim.cli.gpu_cases import load_gpu_case
from accelsim.cli.output import print_json, print_table
from accelsim.cost.gpu.why import WORDS
from accelsim.mapper.deadline import Deadline
from accelsim.mapper.found import figures_of
from accelsim.mapper.gpu.find import find_kernels
from accelsim.mapper.gpu.found import GpuFound
from accelsim.mapper.gpu.shipped import Shipped, shipped
from accelsim.mapper.objective import objective, unit_of, value_of
from accelsim.mapping.gpu_save import gpu_mapping_text, save_gpu_mapping

FACTS = ("blocks", "resident", "waves", "splits")


def map_gpu(
    workload: str,
    machine: str,
    settings: Sequence[str],
    shape: str | None,
    minimise: str,
    within_s: float,
    out: Path | None,
    json: bool,
) -> None:
    """Searches, writes, compares, prints."""
    case = load_gpu_case(workload, machine, None, settings, shape)
    unit = unit_of(objective(minimise, ()))
    with best_so_far(f"map {case.cascade.name}", unit) as progress:
        deadline = Deadline(within_s)
        found = find_kernels(case.cascade, case.gpu, minimise, progress=deadline.watching(progress))
    if out is not None:
        save_gpu_mapping(found.answer.mapping, out)
    others = list(shipped(case.cascade, case.gpu))
    if json:
        print_json({"workload": case.cascade.name, "machine": machine, **_as_plain(found, others)})
    else:
        _print(f"{case.cascade.name} on {machine}", found, others)
    if found.answer.is_cut_short and not deadline.has_rung:
        raise KeyboardInterrupt


def _as_plain(found: GpuFound, others: list[Shipped]) -> dict[str, Any]:
    answer = found.answer
    return {
        **figures_of_search(found, answer),
        "mapping": answer.text,
        "kernels": gpu_mapping_text(answer.mapping),
        "facts": [dict(kernel.times.facts) for kernel in answer.cost.kernels],
        "others": [
            {
                "name": other.name,
                "tile": other.tile,
                "latency_s": other.cost.latency_s,
                "energy_pj": other.cost.energy_pj,
                "gain": _gain(found, other),
            }
            for other in others
        ],
    }


def _gain(found: GpuFound, other: Shipped) -> float:
    """By how much of what was found the other is more: 0.03 is 3 % faster, or less energy."""
    return float(value_of(found.minimise, figures_of(other.cost))) / found.value - 1


def _print(what: str, found: GpuFound, others: list[Shipped]) -> None:
    answer, unit = found.answer, unit_of(found.minimise)
    print(answer.text)
    print()
    bound = value_of(found.minimise, found.bound)
    optimal = "yes, of" if answer.optimal else "not shown, of"
    print_table(
        (what, ""),
        [
            (found.minimise, f"{found.value:.6g} {unit}"),
            ("bound", f"{bound:.6g} {unit}; found is {found.gap:.2%} above"),
            ("optimal", f"{optimal} {answer.space}"),
            ("latency", format_quantity(answer.cost.latency_s, "s")),
            ("energy", format_quantity(answer.cost.energy_pj, "pJ")),
            ("bound by", WORDS.get(answer.cost.bound, answer.cost.bound)),
            ("found by", answer.strategy),
            ("candidates", f"{answer.candidates:,} seen, {answer.pruned:,} pruned"),
            ("time", format_quantity(found.seconds, "s")),
        ],
    )
    print()
    print_table(
        ("beside it", "latency", "energy", "gain", "tile"), [_row(found, o) for o in others]
    )


def _row(found: GpuFound, other: Shipped) -> tuple[str, ...]:
    return (
        other.name,
        format_quantity(other.cost.latency_s, "s"),
        format_quantity(other.cost.energy_pj, "pJ"),
        f"{_gain(found, other):+.2%}",
        other.tile,
    )
