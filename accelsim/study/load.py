"""Study YAML → Study, with settings from the command line.

    seq_len=1024,4096        workload.ranks.M=1024,4096       other values of an axis
    models=XLM,T5            mapping=flat                     another part of the study itself
    workload.ranks.H=8       ranks.H=8                        its workloads, in all runs
    arch.clock=1 GHz         memories.DRAM.bandwidth=1 TB/s   its machines, in all runs

Files that a study names by a path are looked for beside it first.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from accelsim.arch.spatial import Spatial
from accelsim.base.catalogue import find
from accelsim.base.errors import StudyError, did_you_mean
from accelsim.base.record import keys_of, read_record, refuse_another_kind
from accelsim.base.setting import with_setting
from accelsim.base.yamlfile import Node, read_yaml
from accelsim.study.axes import INPUTS, Axis, Values, as_axis
from accelsim.study.serving import ServingRun, ServingSection
from accelsim.study.study import Part, Run, Study, TableSpec, kind_of, varied
from accelsim.workload.load import Workload


def load_study(name_or_path: str | Path, settings: Mapping[str, str] | None = None) -> Study:
    """The study in a file or of a shipped name: `load_study("fusemax", {"models": "XLM,T5"})`."""
    path = find(name_or_path, "studies")
    return study_with(read_yaml(path), path.parent, settings)


def study_with(node: Node, folder: Path, settings: Mapping[str, str] | None = None) -> Study:
    """The study that a node describes, with settings; `folder` is where its own files lie."""
    study = read_study(node, folder)
    axes = {name for table in varied(study) for name in table.vary}
    owners = {key: "axis" if key in axes else _owner(key, node) for key in settings or {}}
    for key, text in (settings or {}).items():
        if owners[key] == "study":
            node = with_setting(node, Study, key, text)
            study = read_study(node, folder)
    for key, text in (settings or {}).items():
        study = _with_setting(study, owners[key], key, text)
    return study


def read_study(node: Node, folder: Path | None = None) -> Study:
    """The study that a node describes; `folder` is where its own files lie."""
    refuse_another_kind(node, Study, "question")
    study = _with_places(node, read_record(node, Study))
    return study if folder is None else _beside(study, folder)


# --- places ---------------------------------------------------------------------------------------


def _with_places(node: Node, study: Study) -> Study:
    """The study whose axes know where they are written."""
    kind = kind_of(study)
    if kind is not None:
        section = _with_places_of_tables(node[kind], getattr(study, kind))
        return study.model_copy(update={kind: section})
    own: Study = _with_places_of_tables(node, _with_places_of_axes(node, study))
    return own


def _with_places_of_tables(node: Node, owner: Any) -> Any:
    if "tables" not in node:
        return owner
    both = zip(node["tables"].elements(), owner.tables, strict=True)
    tables = tuple(_with_places_of_axes(each, table) for each, table in both)
    return owner.model_copy(update={"tables": tables})


def _with_places_of_axes(node: Node, owner: Any) -> Any:
    if "vary" not in node:
        return owner
    axes = {
        name: as_axis(name, values).written_at(node["vary"].key_place(name))
        for name, values in owner.vary.items()
    }
    return owner.model_copy(update={"vary": axes})


# --- settings -------------------------------------------------------------------------------------


def _owner(path: str, study: Node) -> str:
    """Whether a setting is of the "study", of its "workload" or of its "arch"."""
    head, _, rest = path.partition(".")
    if head in INPUTS and rest:
        return head
    known = {
        "study": [*keys_of(Study), *study.keys()],
        "workload": keys_of(Workload),
        "arch": keys_of(Spatial),
    }
    for owner, keys in known.items():
        if head in keys:
            return owner
    every = [key for keys in known.values() for key in keys]
    remedy = did_you_mean(head, every) or "Paths of inputs begin with 'workload.' or 'arch.'"
    raise StudyError(f"there is nothing to set at {path!r}", remedy=remedy)


def _with_setting(study: Study, owner: str, key: str, text: str) -> Study:
    if owner == "axis":
        return _narrowed(study, key, text)
    if owner in INPUTS:
        path = key if key.startswith(f"{owner}.") else f"{owner}.{key}"
        return study.model_copy(update={"set": {**study.set, path: text}})
    return study


def _narrowed(study: Study, axis: str, text: str) -> Study:
    """The study with other values on one of its axes."""

    def narrowed(found: Any) -> Any:
        axes = {name: as_axis(name, values) for name, values in found.vary.items()}
        narrow = {name: each.with_values(text) for name, each in axes.items() if name == axis}
        return found.model_copy(update={"vary": {**found.vary, **narrow}})

    kind = kind_of(study)
    if kind is not None:
        section = getattr(study, kind)
        tables = tuple(map(narrowed, section.tables))
        return study.model_copy(update={kind: section.model_copy(update={"tables": tables})})
    own: Study = narrowed(study)
    return own.model_copy(update={"tables": tuple(map(narrowed, study.tables))})


# --- files ----------------------------------------------------------------------------------------


def _beside(study: Study, folder: Path) -> Study:
    """The study with the paths of files that lie in its folder."""
    tables = tuple(_table(table, folder) for table in study.tables)
    names = {key: _file(getattr(study, key), folder) for key in ("workload", "arch", "mapping")}
    serving = None if study.serving is None else _serving(study.serving, folder)
    own = {"tables": tables, "serving": serving, "vary": _axes(study.vary, folder)}
    return study.model_copy(update={**own, **names})


def _serving(section: ServingSection, folder: Path) -> ServingSection:
    def run(one: ServingRun) -> ServingRun:
        return one.model_copy(update={"system": _file(one.system, folder)})

    tables = (
        table.model_copy(update={"runs": tuple(map(run, table.runs))}) for table in section.tables
    )
    return section.model_copy(update={"tables": tuple(tables)})


def _table(table: TableSpec, folder: Path) -> TableSpec:
    runs = tuple(_run(run, folder) for run in table.runs)
    return table.model_copy(update={"runs": runs, "vary": _axes(table.vary, folder)})


def _axes(vary: Mapping[str, Axis | Values], folder: Path) -> dict[str, Axis | Values]:
    """Axes with the paths of CSV files that lie in the folder."""
    return {name: _axis(axis, folder) for name, axis in vary.items()}


def _axis(axis: Axis | Values, folder: Path) -> Axis | Values:
    if not isinstance(axis, Axis) or axis.file is None:
        return axis
    beside = folder / axis.file
    return axis.model_copy(update={"file": str(beside)}) if beside.is_file() else axis


def _run(run: Run, folder: Path) -> Run:
    return run.model_copy(update={"parts": tuple(_part(part, folder) for part in run.parts)})


def _part(part: Part, folder: Path) -> Part:
    names = {key: _file(getattr(part, key), folder) for key in ("workload", "arch", "mapping")}
    return part.model_copy(update=names)


def _file(name: str | None, folder: Path) -> str | None:
    if name is None or not name.endswith((".yaml", ".yml")):
        return name
    beside = folder / name
    return str(beside) if beside.is_file() else name
