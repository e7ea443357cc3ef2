"""Names and settings of the command line → a cascade, a machine, a mapping."""

from collections.abc import Mapping as PlainMapping
from collections.abc import Sequence
from dataclasses import dataclass

from accelsim.arch.gpu import Gpu
from accelsim.arch.load import is_gpu, load_arch, load_gpu, load_system
from accelsim.arch.spatial import Spatial
from accelsim.arch.system import System
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
from accelsim.workload.model import Model
from accelsim.workload.model_load import load_model


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


@dataclass(frozen=True)
class GpuCase:
    """A workload on a GPU, and the kernel that somebody named for it."""

    cascade: Cascade
    gpu: Gpu
    mapping_name: str | None


def load_gpu_case(
    workload: str,
    machine: str,
    mapping: str | None,
    assignments: Sequence[str],
    shape: str | None = None,
) -> GpuCase:
    settings = settings_by_input(assignments, {"workload": keys_of(Workload), "arch": keys_of(Gpu)})
    cascade = load_workload(workload, settings["workload"], shape)
    return GpuCase(cascade, load_gpu(machine, settings["arch"]), mapping)


def load_cascade(name: str, assignments: Sequence[str], shape: str | None) -> Cascade:
    settings = settings_by_input(assignments, {"workload": keys_of(Workload)})
    return load_workload(name, settings["workload"], shape)


def load_machine(name: str, assignments: Sequence[str]) -> Spatial | Gpu:
    """A machine of either kind, by what its file says it is."""
    if is_gpu(name):
        return load_gpu(name, settings_by_input(assignments, {"arch": keys_of(Gpu)})["arch"])
    return load_arch(name, settings_by_input(assignments, {"arch": keys_of(Spatial)})["arch"])


def load_arch_and_cascade(
    workload: str, machine: str, assignments: Sequence[str], shape: str | None = None
) -> tuple[Cascade, Spatial]:
    """A workload and a spatial array, with the settings of each."""
    known = {"workload": keys_of(Workload), "arch": keys_of(Spatial)}
    settings = settings_by_input(assignments, known)
    cascade = load_workload(workload, settings["workload"], shape)
    return cascade, load_arch(machine, settings["arch"])


def load_any_model(name: str, settings: PlainMapping[str, str]) -> Model:
    """A shipped model, a YAML file like those, or a `config.json`."""
    if not name.endswith(".json"):
        return load_model(name, settings)
    # Only who brings such a file pays for its reader.
    from accelsim.interop.huggingface import read_config

    return read_config(name, settings)


def load_machines(name: str, assignments: Sequence[str]) -> System:
    """A system of machines."""
    return load_system(name, settings_by_input(assignments, {"system": keys_of(System)})["system"])


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
