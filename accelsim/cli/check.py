"""`accelsim check`: any YAML file on its own, or a mapping against what it maps."""

from pathlib import Path
from typing import Annotated

import typer

from accelsim.base.catalogue import SHELVES, find, matching
from accelsim.base.errors import InputError
from accelsim.base.setting import with_settings
from accelsim.base.yamlfile import Node, read_yaml
from accelsim.cli.cases import load_case, refuse_illegal
from accelsim.cli.kinds import Kind, kind_of
from accelsim.cli.options import Json, Settings, parsed_settings
from accelsim.cli.output import print_json
from accelsim.workload.forms import split_name
from accelsim.workload.load import load_workload


def command(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="A YAML file of any kind, or a shipped one's name."),
    ],
    workload: Annotated[
        str | None, typer.Argument(metavar="WORKLOAD", help="For a mapping: what it maps ...")
    ] = None,
    machine: Annotated[
        str | None, typer.Argument(metavar="MACHINE", help="... and onto what.")
    ] = None,
    *,
    settings: Settings,
    json: Json = False,
) -> None:
    """Read a YAML file of any kind and say what is wrong with it; exit with 0 or 2.

    Example: accelsim check my_machine.yaml

    Of a workload with several forms all are read, or one: accelsim check heads/mla:decode

    A mapping may be held against a workload and a machine:
    accelsim check my_mapping.yaml attention/one_pass fusemax_cloud
    """
    name, forms = split_name(str(file))
    file = _meant(Path(name))
    node = read_yaml(file)
    kind = kind_of(node)
    if workload and not machine:
        raise InputError(f"no machine is named after {workload}", remedy="Give both, or neither")
    if workload and machine:
        _refuse_all_but_mappings(kind, node)
        refuse_illegal(load_case(workload, machine, str(file), settings))
    elif forms:
        load_workload(":".join([str(file), *forms]), parsed_settings(settings))
    else:
        kind.read(with_settings(node, kind.record, parsed_settings(settings)), file.stem)
    if json:
        print_json({"file": str(file), "kind": kind.name, "ok": True})
    else:
        print(f"{file}: a {kind.name}, and nothing is wrong with it")


def _meant(file: Path) -> Path:
    """The file itself, or the only shipped one of this name."""
    if file.exists() or file.suffix in (".yaml", ".yml"):
        return file
    named = {find(name, kind): kind for kind in SHELVES for name in matching(str(file), kind)}
    if len(named) > 1:
        kinds = ", ".join(sorted(named.values()))
        raise InputError(f"{file} is the name of several: {kinds}", remedy="Give the file's path")
    return next(iter(named), file)


def _refuse_all_but_mappings(kind: Kind, node: Node) -> None:
    if kind.name != "mapping":
        remedy = "give the file alone, or a mapping"
        raise InputError(f"a {kind.name} maps nothing", at=node.place, remedy=remedy)
