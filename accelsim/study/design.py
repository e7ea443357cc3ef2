"""A workload on a machine under a mapping, whose numbers are varied by their paths.

    ranks.P  words.Q  memories.DRAM.bandwidth  clock  compute.Array2D.rows

Values are in house units (a bandwidth in the unit that the machine has it in) and may be arrays,
evaluated in one broadcast call for each alternative that the mapping chooses among them. The
mapping stays the same; what it makes of sizes, and which alternative it takes, follows them.
"""

from collections.abc import Callable
from collections.abc import Mapping as ByPath
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from accelsim.arch.spatial import Spatial
from accelsim.base.errors import StudyError, did_you_mean
from accelsim.base.rate import Rate
from accelsim.base.units import quantity
from accelsim.cost.evaluate import evaluate
from accelsim.cost.legality import misfits_at
from accelsim.cost.result import Cost
from accelsim.mapping.at_point import arch_at, cascade_at
from accelsim.mapping.binding import bind
from accelsim.mapping.check import check
from accelsim.mapping.load import select, select_each
from accelsim.mapping.mapping import Choice, Mapping
from accelsim.mapping.values import with_values
from accelsim.mapping.violation import Violation
from accelsim.study.cases import checked_number
from accelsim.study.quantities import Quantity, quantities
from accelsim.study.table import Column
from accelsim.workload.einsum import Cascade

OF_WORKLOAD = ("ranks", "words")
WHOLE = ("rows", "columns", "ports", "capacity")
PER_CYCLE = "B/cycle"


@dataclass(frozen=True)
class Design:
    cascade: Cascade
    arch: Spatial
    mapping: Mapping | Choice

    def numbers(self) -> dict[str, Quantity]:
        """Every number that can be varied: ranks that are no expressions of others, words, and the
        machine's; what is left at its default is not listed, but may be varied as well."""
        of_workload = {
            path: found
            for path, found in quantities(self.cascade).items()
            if path.startswith("words.") or _is_free(self.cascade, path)
        }
        of_arch = quantities(self.arch)
        found = {**of_workload, **of_arch}
        return {p: q for p, q in found.items() if _is_number(q.value) and ".as." not in p}

    def read(self, path: str, text: str) -> Quantity:
        """What a text means at a path: `25 GB/s` at memories.DRAM.bandwidth.

        Raises StudyError or ArchError for a path that is no number, or a number it does not take.
        """
        head, _, name = path.partition(".")
        if head in OF_WORKLOAD and name:
            return self._read_of_workload(path, text)
        found = checked_number(self.arch, path, text)
        if isinstance(found, Rate):
            return Quantity(found.given, found.unit)
        known = self.numbers().get(path)
        return Quantity(found, known.unit if known else "")

    def is_whole(self, path: str) -> bool:
        return is_whole(path)

    def at(self, values: ByPath[str, Any], units: ByPath[str, str] | None = None) -> "Design":
        """With these numbers; a bandwidth is in B/s unless `units` says B/cycle."""
        units = units or {}
        wrapped = {
            path: Rate(bytes_per_cycle=value) if units.get(path) == PER_CYCLE else value
            for path, value in values.items()
        }
        split: tuple[dict[str, Any], dict[str, Any]] = ({}, {})
        for path, value in wrapped.items():
            split[path.partition(".")[0] not in OF_WORKLOAD][path] = value
        cascade = with_values(self.cascade, split[0]) if split[0] else self.cascade
        arch = with_values(self.arch, split[1]) if split[1] else self.arch
        return replace(self, cascade=cascade, arch=arch)

    def alternative(self) -> Mapping:
        """Of plain numbers: what the mapping chooses for them."""
        return select(self.mapping, self.cascade, self.arch)

    def columns(self, of: Callable[[Cost], ByPath[str, Any]], points: int) -> dict[str, Column]:
        """What `of` tells of the costs at so many points, by name: arrays over the points.

        Raises what `evaluate` raises if it does so at some point.
        """
        pieces: dict[str, list[Column]] = {}
        chosen = select_each(self.mapping, self.cascade, self.arch, points)
        for mapping, places in chosen:
            is_all = len(places) == points
            cascade = self.cascade if is_all else cascade_at(self.cascade, places)
            arch = self.arch if is_all else arch_at(self.arch, places)
            for name, value in of(evaluate(cascade, arch, mapping)).items():
                pieces.setdefault(name, []).append(np.broadcast_to(value, len(places)))
        order = np.argsort(np.concatenate([places for _, places in chosen]), kind="stable")
        return {name: np.concatenate(columns)[order] for name, columns in pieces.items()}

    def violations(self) -> tuple[Violation, ...]:
        """Of plain numbers: how the mapping breaks them."""
        return check(bind(self.alternative(), self.cascade, self.arch))

    def misfits(self, points: int) -> Column:
        """How the mapping breaks each point, in a sentence; empty where it is legal. What memories
        hold is left to `Cost.fits`."""
        errors = np.full(points, "", dtype=object)
        for mapping, places in select_each(self.mapping, self.cascade, self.arch, points):
            cascade, arch = cascade_at(self.cascade, places), arch_at(self.arch, places)
            sentences = misfits_at(bind(mapping, cascade, arch), len(places))
            for place, each in zip(places, sentences, strict=True):
                errors[place] = each[0] if each else ""
        return errors

    def _read_of_workload(self, path: str, text: str) -> Quantity:
        known = [p for p in self.numbers() if p.partition(".")[0] in OF_WORKLOAD]
        if path not in known:
            remedy = did_you_mean(path, known) or f"There are {', '.join(known)}"
            raise StudyError(f"{path}: the workload has no such number", remedy=remedy)
        unit = "B" if path.startswith("words.") else "1"
        value = quantity(text, unit)
        if value <= 0 or (is_whole(path) and not isinstance(value, int)):
            kind = "a whole number above 0" if is_whole(path) else "above 0"
            raise StudyError(f"{path}: {text!r} must be {kind}")
        return Quantity(value, unit.removesuffix("1"))


def is_whole(path: str) -> bool:
    """Whether only whole numbers may stand there."""
    return path.startswith("ranks.") or path.rpartition(".")[2] in WHOLE


def _is_free(cascade: Cascade, path: str) -> bool:
    rank = path.removeprefix("ranks.")
    return rank != path and isinstance(cascade.declared.get(rank), int | np.integer)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
