"""What the rows of a table depend on beside its points, as text and as a hash: the workloads,
machines and mappings as they are read with the settings of all runs, what is measured, the program.

Rows of equal content and equal points are equal, so a sweep takes those that it finds (`store`).
"""

import json
from pathlib import Path
from typing import Any

from accelsim.base.catalogue import find, names
from accelsim.mapping.load import shipped_for
from accelsim.study.cases import below, texts
from accelsim.study.points import hashed
from accelsim.study.provenance import code_hash
from accelsim.study.runner import Runner
from accelsim.study.study import Part, TableSpec
from accelsim.workload.einsum import Cascade

_MEASURED = {"name", "derive", "per", "measures", "columns"}


def content_hash(runner: Runner, table: TableSpec) -> int:
    """64 bits of the content."""
    return hashed(content(runner, table))


def content(runner: Runner, table: TableSpec) -> str:
    """JSON, the same whenever the same is read."""
    study = runner.study
    found = {
        "code": code_hash(),
        "table": table.model_dump(mode="json", include=_MEASURED),
        "accounting": {name: a.model_dump(mode="json") for name, a in study.accounting.items()},
        "set": {path: str(value) for path, value in sorted(runner.fixed.items())},
        "models": {model: dict(runner.inputs.shape(model)) for model in study.models},
        "runs": [
            {"columns": run.columns, "parts": [_part(part, runner) for part in run.parts]}
            for run in table.runs
        ],
    }
    return json.dumps(found, sort_keys=True, default=str)


def _part(part: Part, runner: Runner) -> dict[str, Any]:
    """What its files say, and not where they lie."""
    ranks = {path for path in runner.fixed if path.startswith("workload.ranks.")}
    others = {path: value for path, value in runner.fixed.items() if path not in ranks}
    cascade = runner.inputs.workload(part.workload, texts(below("workload", others)))
    arch = texts(below("arch", runner.fixed))
    if runner.inputs.is_gpu(part.arch):
        machine = runner.inputs.gpu(part.arch, arch).model_dump_json()
        mapping = f"{part.mapping}\n{_kernels()}"
    else:
        machine = runner.inputs.arch(part.arch, arch).model_dump_json()
        mapping = _mapping(part, cascade, runner)
    return {
        "workload": _cascade_text(cascade),
        "arch": machine,
        "mapping": mapping,
        "without": part.without,
    }


def _kernels() -> str:
    """All that a GPU may run."""
    files = (find(name, "kernels") for name in names("kernels"))
    return "\n".join(file.read_text(encoding="utf-8") for file in files)


def _mapping(part: Part, cascade: Cascade, runner: Runner) -> str:
    """Of a default, all that it may be, and the machine's name, by which it is chosen."""
    if part.find is not None:
        return part.find.model_dump_json()
    if part.mapping is not None:
        return runner.inputs.mapping(part.mapping).model_dump_json()
    return f"{Path(part.arch).stem}\n" + "\n".join(
        each.mapping.model_dump_json() for each in shipped_for(cascade)
    )


def _cascade_text(cascade: Cascade) -> str:
    """Without the places where it was written."""
    tensors = {name: (t.ranks, t.word_bytes) for name, t in cascade.tensors.items()}
    equations = [str(each) for each in (*cascade.initial, *cascade.einsums)]
    rest = (cascade.partitions, cascade.kept, cascade.densities, cascade.values)
    return repr((cascade.name, cascade.declared, tensors, equations, rest))
