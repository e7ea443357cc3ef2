"""A machine's YAML with what was moved on the page: `accelsim evaluate WORKLOAD FILE` takes it.

The file keeps the machine's name, by which its own mappings are found.
"""

from accelsim.arch.gpu import Gpu
from accelsim.arch.load_system import system_with_settings
from accelsim.arch.spatial import Spatial
from accelsim.base.catalogue import find
from accelsim.base.setting import with_settings
from accelsim.base.yamlfile import read_yaml, yaml_text
from accelsim.report.page.knobs import is_system, runs_kernels
from accelsim.report.page.question import machine_settings
from accelsim.report.page.state import MachineState


def machine_yaml(machine: MachineState) -> str:
    """The text; a calibration that a GPU names, or machines of a system, are named there too."""
    settings = dict(machine_settings(machine))
    if is_system(machine.name):
        system = read_yaml(find(machine.name, "systems"))
        return yaml_text(system_with_settings(system, settings).to_plain())
    node = read_yaml(find(machine.name, "arch"))
    kind = Gpu if runs_kernels(machine.name) else Spatial
    return yaml_text(with_settings(node, kind, settings).to_plain())
