"""Names and settings of the command line → a workload on an array under a mapping."""

from collections.abc import Sequence
from dataclasses import dataclass

from accelsim.arch.load import load_arch
from accelsim.arch.spatial import Spatial
from accelsim.base.errors import MappingError
from accelsim.base.record import keys_of
from accelsim.cli.options import settings_by_input
from accelsim.cost.default import default_mapping
from accelsim.mapping.automatic import AUTOMATIC
from accelsim.mapping.binding import BoundMapping, bind
from accelsim.mapping.check import check
from accelsim.mapping.load import load_mapping, select
from accelsim.mapping.mapping import Choice, Mapping
from accelsim.workload.einsum import Cascade
from accelsim.workload.load import Workload, load_workload


@dataclass(frozen=True)
class Case:
    """A workload on an arch under a mapping, and the mapping's name.

    `named` is what has that name, with all its alternatives; `mapping` the one that it chooses.
    """

    cascade: Cascade
    arch: Spatial
    mapping: Mapping
    mapping_name: str
    named: Mapping | Choice

    def bound(self) -> BoundMapping:
        return bind(self.mapping, self.cascade, self.arch)


def load_case(
    workload: str,
    machine: str,
    mapping: str | None,
    assignments: Sequence[str],
    shape: str | None = None,
) -> Case:
    """All three; without a mapping, the default for this workload on this machine."""
    known = {"workload": keys_of(Workload), "arch": keys_of(Spatial), "mapping": keys_of(Mapping)}
    settings = settings_by_input(assignments, known)
    cascade = load_workload(workload, settings["workload"], shape)
    arch = load_arch(machine, settings["arch"])
    name, found = _found_mapping(mapping, settings["mapping"], cascade, arch, machine)
    return Case(cascade, arch, select(found, cascade, arch), name, found)


def refuse_illegal(case: Case) -> BoundMapping:
    """The bound mapping; a MappingError with every violation if there are any."""
    bound = case.bound()
    violations = check(bound)
    if violations:
        listed = "".join(f"\n  {violation}" for violation in violations)
        fact = f"the mapping {case.mapping_name} does not fit {case.cascade.name}:{listed}"
        raise MappingError(fact)
    return bound


def _found_mapping(
    name: str | None, settings: dict[str, str], cascade: Cascade, arch: Spatial, machine: str
) -> tuple[str, Mapping | Choice]:
    """The mapping of this name, or the default with its name."""
    if name is not None:
        return name, load_mapping(name, settings)
    default = default_mapping(cascade, arch, machine)
    if default.name == AUTOMATIC:
        if not settings:
            return default
        fact = f"{', '.join(settings)} cannot be set: the mapping is made for this case"
        raise MappingError(fact, remedy="Name a mapping that has it")
    return default.name, load_mapping(default.name, settings)
