"""Names and settings of the command line → a workload, alone or with an array to run on."""

from collections.abc import Sequence

from accelsim.arch.load import load_arch
from accelsim.arch.spatial import Spatial
from accelsim.base.record import keys_of
from accelsim.cli.options import settings_by_input
from accelsim.workload.einsum import Cascade
from accelsim.workload.load import Workload, load_workload


def load_cascade(name: str, assignments: Sequence[str], shape: str | None) -> Cascade:
    settings = settings_by_input(assignments, {"workload": keys_of(Workload)})
    return load_workload(name, settings["workload"], shape)


def load_arch_and_cascade(
    workload: str, machine: str, assignments: Sequence[str], shape: str | None = None
) -> tuple[Cascade, Spatial]:
    """A workload and a spatial array, with the settings of each."""
    known = {"workload": keys_of(Workload), "arch": keys_of(Spatial)}
    settings = settings_by_input(assignments, known)
    cascade = load_workload(workload, settings["workload"], shape)
    return cascade, load_arch(machine, settings["arch"])
