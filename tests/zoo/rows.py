"""The catalogue's mechanisms, and the direct implementations that they are held against.

A mechanism is a workload with `forms`. What it should compute stands in `tests/zoo/FAMILY/NAME.py`,
written from the paper's definition: a function a form, from arrays and sizes to the outputs.
"""

from dataclasses import dataclass
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any

import numpy as np

from accelsim.base.catalogue import find, names
from accelsim.base.yamlfile import read_yaml
from accelsim.workload.einsum import Cascade
from accelsim.workload.forms import Forms, read_forms
from accelsim.workload.load import load_workload


@cache
def forms_of(row: str) -> Forms | None:
    return read_forms(read_yaml(find(row, "workloads")))


def _forms(row: str) -> Forms:
    found = forms_of(row)
    assert found is not None, f"{row} has one cascade"
    return found


ROWS = [name for name in names("workloads") if forms_of(name)]
FORMS = [(row, form) for row in ROWS for form in _forms(row).forms]


@cache
def reference(row: str) -> ModuleType:
    return import_module("tests.zoo." + row.replace("/", "."))


@dataclass(frozen=True)
class Case:
    """A form at small sizes with random inputs."""

    cascade: Cascade
    inputs: dict[str, Any]


@cache
def _cascade(row: str, form: str) -> Cascade:
    module = reference(row)
    sizes = {**module.SIZES, **getattr(module, "SIZES_OF", {}).get(form, {})}
    known = load_workload(f"{row}:{form}").ranks
    own = {f"ranks.{rank}": size for rank, size in sizes.items() if rank in known}
    return load_workload(f"{row}:{form}", own)


def case(row: str, form: str, seed: int = 0) -> Case:
    module, cascade = reference(row), _cascade(row, form)
    rng = np.random.default_rng(seed)
    shapes = {
        name: tuple(cascade.ranks[rank] for rank in cascade.tensors[name].ranks)
        for name in cascade.inputs
    }
    arrays = {name: rng.normal(size=shape) for name, shape in shapes.items()}
    given = module.inputs(rng, shapes, dict(cascade.ranks)) if hasattr(module, "inputs") else {}
    arrays |= {name: np.asarray(array) for name, array in given.items() if name in shapes}
    return Case(cascade, arrays)
