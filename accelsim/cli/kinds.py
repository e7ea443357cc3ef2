"""What kind of YAML a file is. It shows in the keys: a file needs no particular name or place."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from accelsim.arch.load import read_arch
from accelsim.arch.tables import Table
from accelsim.base.errors import InputError, did_you_mean
from accelsim.base.record import read_record
from accelsim.base.yamlfile import Node
from accelsim.mapping.load import mapping_from_yaml
from accelsim.report.spec import read_figures
from accelsim.study.load import read_study
from accelsim.study.study import Study
from accelsim.validation.published import PublishedFile
from accelsim.workload.load import Shape, read_workload


@dataclass(frozen=True)
class Kind:
    """A kind of file: the keys that only it has, and what reads it."""

    name: str
    marks: tuple[str, ...]
    read: Callable[[Node, str], Any]


KINDS = (
    Kind("workload", ("cascade",), read_workload),
    Kind("machine", ("memories", "compute"), lambda node, name: read_arch(node)),
    Kind("mapping", ("nests", "choose", "extends"), lambda node, name: mapping_from_yaml(node)),
    Kind("study", ("question", "vary"), lambda node, name: _read_study(node)),
    Kind("paper", ("claims", "constants"), lambda node, name: read_record(node, PublishedFile)),
    Kind("part", ("entries",), lambda node, name: read_record(node, Table)),
    Kind("shape", ("ranks",), lambda node, name: read_record(node, Shape)),
)


def kind_of(node: Node) -> Kind:
    """A shape has only keys that others have too, so no misspelt mark may stand beside them."""
    found = next((kind for kind in KINDS if any(mark in node for mark in kind.marks)), None)
    marks = [mark for kind in KINDS for mark in kind.marks]
    unknown = [key for key, _ in node.items() if key not in marks]
    near = next(filter(None, (did_you_mean(key, marks) for key in unknown)), None)
    if found is None or (found.name == "shape" and near):
        listed = ", ".join(f"a {kind.name} has {kind.marks[0]!r}" for kind in KINDS)
        fact = f"no kind of file has just the keys {', '.join(node.keys()) or '(none)'}"
        raise InputError(fact, at=node.place, remedy=near or listed)
    return found


def _read_study(node: Node) -> Study:
    if "figures" in node:
        read_figures(node)
    return read_study(node)
