"""What `accelsim map --minimise latency,energy` prints: a Pareto front of mappings."""

import sys
from collections.abc import Sequence
from pathlib import Path

from accelsim.arch.spatial import Spatial
from accelsim.base.files import staged_folder
from accelsim.base.units import format_quantity
from accelsim.cli.best_so_far import best_so_far
from accelsim.cli.found_text import as_plain
from accelsim.cli.output import print_json, print_table
from accelsim.mapper.constraints import Constraints
from accelsim.mapper.front import OnFront, find_front
from accelsim.mapper.objective import powers_of
from accelsim.mapper.stated.space import Space
from accelsim.mapping.save import save_mapping
from accelsim.workload.einsum import Cascade


def found_front(
    cascade: Cascade,
    arch: Spatial,
    names: Sequence[str],
    space: Space | None,
    constraints: Constraints | None,
    within_s: float,
) -> tuple[OnFront, ...]:
    with best_so_far(f"front of {cascade.name}", "") as told:
        return find_front(
            cascade,
            arch,
            names,
            space=space,
            constraints=constraints,
            within_s=within_s,
            progress=told,
        )


def print_front(
    front: Sequence[OnFront],
    names: Sequence[str],
    units: Sequence[str],
    out: Path | None,
    json: bool,
) -> None:
    """And writes the mappings as 1.yaml, 2.yaml, ... into the folder `out`."""
    if out is not None:
        with staged_folder(out) as folder:
            for number, each in enumerate(front, start=1):
                save_mapping(each.found.mapping, folder / f"{number}.yaml")
        _warn_of_others(out, len(front))
    if json:
        print_json({"minimise": list(names), "front": [_plain(each, names) for each in front]})
        return
    print_table(
        ("", *names, "found by", "for", "optimal"),
        [
            (
                str(number),
                *(_text(value, unit) for value, unit in zip(each.values, units, strict=True)),
                each.found.strategy,
                _product(each.found.minimise),
                "yes" if each.found.optimal else "not shown",
            )
            for number, each in enumerate(front, start=1)
        ],
    )
    for number, each in enumerate(front, start=1) if out is not None else ():
        print(f"{out}/{number}.yaml: {each.found.space}")


def _warn_of_others(folder: Path, number: int) -> None:
    """An earlier front may have had more mappings; nobody's file is removed."""
    own = {f"{each}.yaml" for each in range(1, number + 1)}
    others = sorted(file.name for file in folder.glob("*.yaml") if file.name not in own)
    if others:
        print(f"{folder}: {', '.join(others)} not of this front", file=sys.stderr)


def _plain(each: OnFront, names: Sequence[str]) -> dict[str, object]:
    return {"values": dict(zip(names, each.values, strict=True)), **as_plain(each.found)}


def _product(minimise: str) -> str:
    powers = powers_of(minimise).items()
    return " ".join(name if power == 1 else f"{name}^{power:g}" for name, power in powers)


def _text(value: float, unit: str) -> str:
    return format_quantity(value, unit) if " " not in unit else f"{value:.6g} {unit}"
