"""What two names on a command line ask for: told by what the first one is a name of.

WORKLOAD MACHINE [MAPPING]    a workload on a spatial array, or as kernels on a GPU
GPU KERNEL                    a call of a kernel
MODEL SYSTEM                  a model that decodes on a system of machines
"""

from collections.abc import Mapping
from enum import Enum
from importlib import import_module
from pathlib import Path

from accelsim.arch.load import is_gpu
from accelsim.base.catalogue import matching, names
from accelsim.base.errors import InputError, did_you_mean
from accelsim.base.yamlfile import read_yaml
from accelsim.workload.forms import split_name

SHELVES: Mapping[str, str] = {
    "workloads": "workload",
    "machines": "machine",
    "models": "model",
    "systems": "system",
}
USES = "Write WORKLOAD MACHINE [MAPPING], GPU KERNEL, or MODEL SYSTEM"


class Asked(Enum):
    WORKLOAD = "workload"
    CALL = "call"
    MODEL = "model"


def asked(first: str) -> Asked:
    """What is asked by two names of which this is the first.

    Raises
    ------
    InputError
        if the first is a name of nothing, or of what something else goes before.
    """
    kind = kind_named(first)
    if kind == "workload":
        return Asked.WORKLOAD
    if kind == "model":
        return Asked.MODEL
    if kind == "machine" and is_gpu(first):
        return Asked.CALL
    if kind == "machine":
        fact = f"{first} is a spatial array, which has no kernels"
        raise InputError(fact, remedy=f"A workload goes before it: WORKLOAD {first}")
    if kind == "system":
        raise InputError(f"{first} is a system", remedy=f"A model goes before it: MODEL {first}")
    raise InputError(f"{first} is a {kind}", remedy=USES)


def kind_named(text: str) -> str:
    """`workload`, `machine`, `model`, `system`, or what else a file holds."""
    if text.endswith(".json"):
        return "model"
    if text.endswith((".yaml", ".yml")) or Path(text).is_file():
        # It reads every kind there is.
        return str(import_module("accelsim.cli.kinds").kind_of(read_yaml(Path(text))).name)
    found = next((kind for shelf, kind in SHELVES.items() if matching(text, shelf)), None)
    if found is None and matching(split_name(text)[0], "workloads"):
        return "workload"  # a form of a file of several: heads/mla:decode
    if found is not None:
        return found
    known = [name for shelf in SHELVES for name in names(shelf)]
    short = [name.rpartition("/")[2] for name in known]
    remedy = did_you_mean(text, [*known, *short]) or USES
    fact = f"there is no workload, GPU or model {text!r}, and no such file"
    raise InputError(fact, remedy=remedy)
