"""What `accelsim map` prints of one mapping of an array."""

from math import isfinite
from typing import TYPE_CHECKING, Any

from accelsim.base.units import format_quantity
from accelsim.cli.cost_tables import print_parts
from accelsim.cli.output import print_table
from accelsim.mapper.found import Found
from accelsim.mapper.objective import unit_of, value_of
from accelsim.mapping.save import mapping_text

if TYPE_CHECKING:
    from accelsim.mapper.gpu.found import Answer, GpuFound


def as_plain(found: Found) -> dict[str, Any]:
    return {**figures_of_search(found, found), "mapping": mapping_text(found.mapping)}


def figures_of_search(found: "Found | GpuFound", answer: "Found | Answer") -> dict[str, Any]:
    """What a search on any machine tells; on an array the answer is what was found itself."""
    return {
        "latency_s": answer.cost.latency_s,
        "energy_pj": answer.cost.energy_pj,
        "minimise": found.minimise,
        "value": found.value,
        "bound": value_of(found.minimise, found.bound),
        "bound_latency_s": found.bound.latency_s,
        "bound_energy_pj": found.bound.energy_pj,
        "gap": found.gap,
        "optimal": answer.optimal,
        "space": answer.space,
        "strategy": answer.strategy,
        "candidates": answer.candidates,
        "pruned": answer.pruned,
        "seconds": found.seconds,
    }


def above(gap: float) -> str:
    """How far above its bound something is; nothing is said of a bound of 0."""
    return f"; found is {gap:.2%} above" if isfinite(gap) else ""


def print_summary(what: str, found: Found) -> None:
    bound = value_of(found.minimise, found.bound)
    unit = unit_of(found.minimise)
    print_table(
        (what, ""),
        [
            (found.minimise, f"{found.value:.6g} {unit}"),
            ("bound", f"{bound:.6g} {unit}" + above(found.gap)),
            ("optimal", f"{'yes' if found.optimal else 'not shown'}: {found.space}"),
            ("latency", format_quantity(found.cost.latency_s, "s")),
            ("energy", format_quantity(found.cost.energy_pj, "pJ")),
            ("bound by", str(found.cost.bound)),
            ("found by", found.strategy),
            ("candidates", f"{found.candidates:,} seen, {found.pruned:,} pruned"),
            ("time", format_quantity(found.seconds, "s")),
        ],
    )
    print_parts(found.cost, "array")
