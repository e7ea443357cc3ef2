"""What kind of YAML a file is. It shows in the keys: a file needs no particular name or place."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from accelsim.arch.calibrated import Carried
from accelsim.arch.compositions import Compositions
from accelsim.arch.gpu import Gpu
from accelsim.arch.load import read_arch
from accelsim.arch.load_system import read_system
from accelsim.arch.spatial import Spatial
from accelsim.arch.system import System
from accelsim.arch.tables import Table
from accelsim.base.errors import InputError, did_you_mean
from accelsim.base.record import Record, read_part, read_record
from accelsim.base.yamlfile import Node
from accelsim.mapper.constraints import Constraints
from accelsim.mapper.stated.space import Space, space_from_yaml
from accelsim.mapping.attention_kernel import AttentionKernel
from accelsim.mapping.gpu_file import GpuKernels
from accelsim.mapping.load import mapping_from_yaml
from accelsim.mapping.mapping import Choice, Mapping
from accelsim.mapping.product_kernel import ProductKernel
from accelsim.mapping.row_kernel import RowKernel
from accelsim.mapping.unfused_kernel import UnfusedKernel
from accelsim.report.spec import read_figures
from accelsim.sim.arrivals import read_request_trace
from accelsim.sim.request_lengths import RequestTrace
from accelsim.sim.system.faults import Faults
from accelsim.study.load import read_study
from accelsim.study.study import Study
from accelsim.validation.published import PublishedFile
from accelsim.workload.forms import Forms
from accelsim.workload.load import Shape, Workload, read_every_form, read_workload
from accelsim.workload.model import Model

Read = Callable[[Node, str], Any]


@dataclass(frozen=True)
class Kind:
    """A kind of file: the keys that only it has, the record it holds, and what reads it."""

    name: str
    marks: tuple[str, ...]
    record: type[Record]
    read: Read


class Calibration(Gpu):
    """What GPUs that name it do not say themselves; a part of a GPU's keys, and whose it has."""

    carried_over: Carried | None = None


def _plainly(record: type[Record]) -> Read:
    return lambda node, name: read_record(node, record)


KINDS = (
    Kind("workload", ("forms",), Forms, read_every_form),
    Kind("kernels", ("kernels",), GpuKernels, _plainly(GpuKernels)),
    Kind("workload", ("cascade",), Workload, read_workload),
    Kind("machine", ("sms",), Gpu, lambda node, name: read_arch(node)),
    Kind("calibration", ("sm",), Calibration, lambda node, name: read_part(node, Calibration)),
    Kind("machine", ("memories", "compute"), Spatial, lambda node, name: read_arch(node)),
    Kind("model", ("vocabulary",), Model, _plainly(Model)),
    Kind("system", ("devices",), System, lambda node, name: read_system(node)),
    Kind("space", ("choices",), Space, lambda node, name: space_from_yaml(node)),
    Kind("mapping", ("nests", "extends"), Mapping, lambda node, name: mapping_from_yaml(node)),
    Kind("mapping", ("choose",), Choice, lambda node, name: mapping_from_yaml(node)),
    Kind("kernel of rows", ("threads_per_row",), RowKernel, _plainly(RowKernel)),
    Kind("kernel of attention", ("takers",), AttentionKernel, _plainly(AttentionKernel)),
    Kind("list of kernels", ("steps",), UnfusedKernel, _plainly(UnfusedKernel)),
    Kind("study", ("question", "vary"), Study, lambda node, name: _read_study(node)),
    Kind("paper", ("claims", "constants"), PublishedFile, _plainly(PublishedFile)),
    Kind("part", ("entries",), Table, _plainly(Table)),
    Kind("table of operations", ("operations",), Compositions, _plainly(Compositions)),
    Kind("kernel of products", ("families",), ProductKernel, _plainly(ProductKernel)),
    Kind("trace", ("prompt", "output"), RequestTrace, lambda node, name: read_request_trace(node)),
    Kind("faults", ("faults",), Faults, _plainly(Faults)),
    Kind("constraints", ("capacity", "traffic", "loops"), Constraints, _plainly(Constraints)),
    Kind("shape", ("ranks",), Shape, _plainly(Shape)),
)


OF_A_CONFIG = "model_type"
"""Every `config.json` has this key, and no file of ours."""


def kind_of(node: Node) -> Kind:
    """A shape has only keys that others have too, so no misspelt mark may stand beside them."""
    found = next((kind for kind in KINDS if any(mark in node for mark in kind.marks)), None)
    marks = [mark for kind in KINDS for mark in kind.marks]
    unknown = [key for key, _ in node.items() if key not in marks]
    near = next(filter(None, (did_you_mean(key, marks) for key in unknown)), None)
    if found is None and OF_A_CONFIG in node:
        fact = "a config.json of Hugging Face is a model, and no YAML file of ours"
        remedy = "'accelsim model FILE' reads it, and all that takes a model does"
        raise InputError(fact, at=node.place, remedy=remedy)
    if found is None or (found.name == "shape" and near):
        of_kind = {kind.name: kind.marks[0] for kind in reversed(KINDS)}
        listed = ", ".join(f"a {name} has {mark!r}" for name, mark in reversed(of_kind.items()))
        fact = f"no kind of file has just the keys {', '.join(node.keys()) or '(none)'}"
        raise InputError(fact, at=node.place, remedy=near or listed)
    return found


def _read_study(node: Node) -> Study:
    if "figures" in node:
        read_figures(node)
    return read_study(node)
