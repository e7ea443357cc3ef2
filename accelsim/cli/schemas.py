"""The JSON Schema of each kind of YAML file, by a name: what editors need to complete and to check.

Most are those of the records that files hold. Where a file may leave out what another one gives,
or has keys that are read by themselves, the differences are the records below.
"""

from dataclasses import dataclass
from typing import Any

from accelsim.arch.compositions import Compositions
from accelsim.arch.gpu import Gpu
from accelsim.arch.parts import ComputeArray, Operation
from accelsim.arch.spatial import Spatial
from accelsim.arch.system import System
from accelsim.arch.tables import Table
from accelsim.base.errors import InputError, did_you_mean
from accelsim.base.node import Node
from accelsim.base.record import Record
from accelsim.base.schema import record_schema, without_required
from accelsim.cli.kinds import Calibration, kind_of
from accelsim.mapper.constraints import Constraints
from accelsim.mapper.stated.space import Space
from accelsim.mapping.attention_kernel import AttentionKernel
from accelsim.mapping.gpu_file import GpuKernels
from accelsim.mapping.mapping import Choice, Mapping
from accelsim.mapping.product_kernel import ProductKernel
from accelsim.mapping.row_kernel import RowKernel
from accelsim.mapping.unfused_kernel import UnfusedKernel
from accelsim.report.spec import AnySpec, Look
from accelsim.sim.request_lengths import RequestTrace
from accelsim.sim.system.faults import Faults
from accelsim.study.study import Study
from accelsim.validation.published import PublishedFile
from accelsim.workload.forms import EinsumText, Form, Forms, Preset, RankSizes
from accelsim.workload.load import Shape, Workload
from accelsim.workload.model import Model


class FormsFile(Workload):
    """A workload of several forms, of which each may add to the keys of the file."""

    context: str | dict[str, str] | None = None
    tokens: str | None = None
    forms: dict[str, Form]
    presets: dict[str, Preset] = {}
    ranks: RankSizes = {}
    cascade: EinsumText = ""


class ArrayInFile(ComputeArray):
    """rows x columns of equal PEs; operations that are not written come from `operations_from`."""

    operations: dict[str, Operation] = {}


class SpatialFile(Spatial):
    """A spatial accelerator: a tree of memories over arrays of PEs."""

    compute: tuple[ArrayInFile, ...]


class StudyFile(Study):
    """A question, the runs that answer it, and the figures that show the answer."""

    names: dict[str, dict[str, str | Look]] = {}
    figures: tuple[AnySpec, ...] = ()  # type: ignore[assignment]  # Study keeps them unread


@dataclass(frozen=True)
class Schema:
    """A kind's name, what it is, and the record that is read and the one that is described."""

    name: str
    about: str
    record: type[Record]
    described: type[Record]
    over_another: bool = False

    def content(self) -> dict[str, Any]:
        made = record_schema(self.described, self.name, self.about)
        return without_required(made) if self.over_another else made


def _plain(name: str, about: str, record: type[Record]) -> Schema:
    return Schema(name, about, record, record)


SCHEMAS = (
    _plain("workload", "A cascade of Einsums.", Workload),
    Schema("forms", "A workload of several forms and presets.", Forms, FormsFile),
    _plain("shape", "Ranks of a model, for any workload that has them.", Shape),
    _plain("model", "A transformer by its sizes.", Model),
    _plain("trace", "Lengths of requests, by their quantiles.", RequestTrace),
    Schema("spatial", "A spatial accelerator.", Spatial, SpatialFile),
    Schema("gpu", "A GPU, over the calibration that it names.", Gpu, Gpu, over_another=True),
    Schema("calibration", "What GPUs share.", Calibration, Calibration, over_another=True),
    _plain("system", "Devices, links, and how a model is laid out over them.", System),
    _plain("faults", "What goes wrong while a system serves.", Faults),
    _plain("parts", "Energies, areas and leakage of one kind of part.", Table),
    _plain("operations", "Operations that are made of others.", Compositions),
    _plain("mapping", "Loop nests, schedule and tiles of a cascade on an array.", Mapping),
    _plain("choice", "Several mappings, of which conditions pick one.", Choice),
    _plain("space", "Mappings to search among.", Space),
    _plain("constraints", "What a mapping that is found must keep to.", Constraints),
    _plain("gpu_mapping", "The kernels that compute a workload on a GPU.", GpuKernels),
    _plain("attention_kernel", "A fused attention kernel of a library.", AttentionKernel),
    _plain("product_kernel", "A library's kernels for matrix products.", ProductKernel),
    _plain("row_kernel", "A kernel that works on rows.", RowKernel),
    _plain("unfused_kernel", "Attention as several kernels.", UnfusedKernel),
    Schema("study", "A question and the runs that answer it.", Study, StudyFile),
    _plain("paper", "Published numbers that a study is held against.", PublishedFile),
)


def schema_named(name: str) -> Schema:
    found = next((each for each in SCHEMAS if each.name == name), None)
    if found is None:
        known = [each.name for each in SCHEMAS]
        remedy = did_you_mean(name, known) or f"There are {', '.join(known)}"
        raise InputError(f"there is no kind of file {name!r}", remedy=remedy)
    return found


def schema_of(node: Node) -> Schema:
    """The one for a file's content."""
    record = kind_of(node).record
    return next(each for each in SCHEMAS if each.record is record)
