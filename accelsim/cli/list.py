"""`accelsim list`: what is shipped."""

from typing import Annotated

import typer

from accelsim.base.catalogue import SHELVES, entries
from accelsim.cli.options import Json
from accelsim.cli.output import print_json, print_table


def command(
    kind: Annotated[
        str, typer.Argument(metavar="KIND", help=f"One of {', '.join(SHELVES)}.")
    ] = "workloads",
    json: Json = False,
) -> None:
    """What is shipped of one kind: name and first sentence.

    Example: accelsim list machines --json
    """
    found = entries(kind)
    if json:
        print_json([entry._asdict() for entry in found])
    else:
        print_table(("name", "about"), [(entry.name, entry.about) for entry in found])
