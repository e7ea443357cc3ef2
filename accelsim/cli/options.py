"""What several commands take: --set, --json, --shape, and the names of what is shipped."""

from collections.abc import Collection, Mapping, Sequence
from typing import Annotated

import typer

from accelsim.base.errors import InputError, did_you_mean

Settings = Annotated[
    list[str],
    typer.Option(
        "--set",
        metavar="PATH=VALUE",
        help="Override an input, repeatable: ranks.P=4096, memories.DRAM.bandwidth='1 TB/s'.",
        default_factory=list,
        show_default=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
Shape = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Ranks of a model: a shipped shape or a file."),
]
WorkloadName = Annotated[
    str,
    typer.Argument(metavar="WORKLOAD", help="A shipped workload or a file.", show_default=False),
]
MachineName = Annotated[
    str, typer.Argument(metavar="MACHINE", help="A shipped machine or a file.", show_default=False)
]
MappingName = Annotated[
    str | None,
    typer.Argument(metavar="MAPPING", help="A shipped mapping or a file; else the default."),
]


def parsed_settings(assignments: Sequence[str]) -> dict[str, str]:
    """["ranks.P=4096"] → {"ranks.P": "4096"}; the last one of a path counts."""
    settings = {}
    for assignment in assignments:
        path, equals, value = assignment.partition("=")
        if not (path.strip() and equals and value.strip()):
            fact = f"--set {assignment!r} is no setting"
            raise InputError(fact, remedy="write it like --set ranks.P=4096")
        settings[path.strip()] = value.strip()
    return settings


def bare_paths(assignments: Sequence[str]) -> list[str]:
    """The paths of settings without the input that some are prefixed with: `arch.clock` → clock."""
    heads = ("workload.", "arch.", "mapping.", "system.", "model.", "call.")
    paths = parsed_settings(assignments)
    return [path.split(".", 1)[1] if path.startswith(heads) else path for path in paths]


def settings_by_input(
    assignments: Sequence[str], known: Mapping[str, Collection[str]]
) -> dict[str, dict[str, str]]:
    """The settings of each input: named by a prefix (`arch.clock`), or the first that has the key.

    `known` gives the top-level keys of each input: {"workload": ["ranks", ...], "arch": [...]}.
    """
    found: dict[str, dict[str, str]] = {name: {} for name in known}
    for path, value in parsed_settings(assignments).items():
        first, _, rest = path.partition(".")
        if first in known and rest:
            found[first][rest] = value
        else:
            found[_owner(path, first, known)][path] = value
    return found


def _owner(path: str, first: str, known: Mapping[str, Collection[str]]) -> str:
    for name, keys in known.items():
        if first in keys:
            return name
    every = [key for keys in known.values() for key in keys]
    remedy = did_you_mean(first, [*every, *known]) or f"There are {', '.join(sorted(set(every)))}"
    raise InputError(f"--set {path}: no input has {first!r}", remedy=remedy)
