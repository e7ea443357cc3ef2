"""The inputs that a study names, read under the settings of all its runs: what its results rest on.

    parts         workloads, machines, mappings; of a default mapping, all that it may be
    models        their shapes
    calls         the GPUs
    generations   the GPUs and the models
    serving       the systems as their files have them, the machines of their devices, the models

Kernels of GPUs are not among them, and neither are traces.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from accelsim.arch.load_gpu import load_gpu
from accelsim.arch.load_system import load_system, machines_of
from accelsim.mapping.load import shipped_for
from accelsim.study.axes import Value, as_axis
from accelsim.study.calls import Calls
from accelsim.study.cases import below, texts
from accelsim.study.generations import Generations
from accelsim.study.inputs import Inputs
from accelsim.study.serving import ServingSection
from accelsim.study.spread import values_of
from accelsim.study.study import Part, Study, tables_of
from accelsim.workload.model_load import load_model

Named = Iterator[tuple[str, Any]]

_RANKS = "ranks."


def named_inputs(study: Study, fixed: Mapping[str, Value]) -> dict[str, Any]:
    """Each by the name that the study has for it."""
    found: dict[str, Any] = {}
    if study.calls is not None:
        found |= _of_calls(study.calls, fixed)
    if study.generations is not None:
        found |= _of_generations(study.generations, fixed)
    if study.serving is not None:
        found |= _of_serving(study.serving)
    read = Inputs()
    found |= {model: read.shape(model) for model in study.models}
    for part in (part for table in tables_of(study) for run in table.runs for part in run.parts):
        found |= _of_part(part, fixed, read)
    return found


def _of_part(part: Part, fixed: Mapping[str, Value], read: Inputs) -> Named:
    """Ranks that a workload lacks are no matter to it."""
    known = read.workload(part.workload, {}).ranks
    of_workload = {
        path: str(value)
        for path, value in below("workload", fixed).items()
        if not path.startswith(_RANKS) or path.removeprefix(_RANKS) in known
    }
    of_arch = texts(below("arch", fixed))
    cascade = read.workload(part.workload, of_workload)
    yield part.workload, cascade
    if read.is_gpu(part.arch):
        yield part.arch, read.gpu(part.arch, of_arch)
        return
    yield part.arch, read.arch(part.arch, of_arch)
    if part.mapping is not None:
        yield part.mapping, read.mapping(part.mapping)
    elif part.find is None:
        yield from ((each.name, each.mapping) for each in shipped_for(cascade))


def _of_calls(calls: Calls, fixed: Mapping[str, Value]) -> Named:
    settings = texts(below("arch", fixed))
    return ((name, load_gpu(name, settings)) for name in calls.machines)


def _of_generations(section: Generations, fixed: Mapping[str, Value]) -> Named:
    settings = texts(below("arch", fixed))
    yield from ((name, load_gpu(name, settings)) for name in section.machines)
    for table in section.tables:
        for model in values_of("model", as_axis("model", table.vary["model"])).distinct:
            yield str(model), load_model(str(model))


def _of_serving(section: ServingSection) -> Named:
    for run in (run for table in section.tables for run in table.runs):
        system = load_system(run.system)
        yield run.system, system
        machines = machines_of(system)
        yield from ((device.machine, machines[device.name]) for device in system.devices)
        yield from ((model, load_model(model)) for model in run.models)
