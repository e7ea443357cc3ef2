"""The accuracy that was asked for, by GPU, family and quantity, and where it is missed."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from accelsim.base.catalogue import shipped
from accelsim.validation.gpu_compare import Statistics


@dataclass(frozen=True)
class Target:
    """At most so many percent of mean absolute error, and of its 95th percentile if given."""

    family: str
    quantity: str
    mean_percent: float
    p95_percent: float | None


@dataclass(frozen=True)
class Missed:
    target: Target
    what: str
    found_percent: float
    asked_percent: float

    def __str__(self) -> str:
        name = f"{self.target.family}, {self.target.quantity}"
        return f"{name}: {self.what} {self.found_percent:.1f} % of {self.asked_percent:g} %"


def targets_of(gpu: str) -> list[Target]:
    """From `studies/gpu_validation/targets.csv`."""
    file = shipped() / "studies" / "gpu_validation" / "targets.csv"
    with file.open(newline="", encoding="utf-8") as opened:
        return [
            Target(
                family=row["family"],
                quantity=row["quantity"],
                mean_percent=float(row["mean_percent"]),
                p95_percent=float(row["p95_percent"]) if row["p95_percent"] else None,
            )
            for row in csv.DictReader(opened)
            if row["gpu"] == gpu
        ]


def missed(
    targets: Sequence[Target], statistics: Mapping[str, Sequence[Statistics]]
) -> list[Missed]:
    """Every target that the errors exceed."""
    found = []
    for target in targets:
        for each in statistics.get(target.quantity, ()):
            if each.family == target.family:
                if 100 * each.mean > target.mean_percent:
                    found.append(Missed(target, "mean", 100 * each.mean, target.mean_percent))
                if target.p95_percent is not None and 100 * each.p95 > target.p95_percent:
                    asked = target.p95_percent
                    found.append(Missed(target, "95th percentile", 100 * each.p95, asked))
    return found


def unjudged(
    targets: Sequence[Target], statistics: Mapping[str, Sequence[Statistics]]
) -> list[Target]:
    """Targets for which there are no rows."""
    there = {(each.family, quantity) for quantity, found in statistics.items() for each in found}
    return [target for target in targets if (target.family, target.quantity) not in there]
