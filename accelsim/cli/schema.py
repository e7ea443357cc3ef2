"""`accelsim schema`: JSON Schemas of the YAML files, for editors."""

import json as json_text
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from accelsim.base.errors import InputError
from accelsim.base.files import atomic_write, staged_folder
from accelsim.base.yamlfile import parse_yaml, read_text
from accelsim.cli.options import Json
from accelsim.cli.output import print_json, print_table
from accelsim.cli.schemas import SCHEMAS, Schema, schema_named, schema_of

MARK = "# yaml-language-server: $schema="


def command(
    kind: Annotated[
        str | None,
        typer.Argument(metavar="KIND", help="Of which kind of file; none lists them."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write KIND.json there, of every kind if none is named."),
    ] = None,
    wire: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="PATH",
            help="Name the schema in DIR in this file's first line, or in those of all YAML files "
            "of a folder; repeatable.",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """JSON Schemas of the YAML files: editors that know them complete keys and mark mistakes.

    Example: accelsim schema gpu

    For your own files, once: accelsim schema --out schema --wire my_machines
    """
    if wire and out is None:
        raise InputError("--wire needs the folder of the schemas", remedy="Give it by --out DIR")
    chosen = SCHEMAS if kind is None else (schema_named(kind),)
    if out is not None:
        wired = [_wired(file, out) for path in wire or () for file in _yaml_files(path)]
        _write(out, chosen)
        for file, text in wired:
            atomic_write(file, text)
        _say(json, out, chosen, len(wired))
    elif kind is not None:
        print_json(chosen[0].content())
    elif json:
        print_json([{"name": each.name, "about": each.about} for each in SCHEMAS])
    else:
        print_table(("kind", "about"), [(each.name, each.about) for each in SCHEMAS])


def text_of(schema: Schema) -> str:
    """A schema as its file has it."""
    return json_text.dumps(schema.content(), indent=1, ensure_ascii=False) + "\n"


def _write(folder: Path, schemas: Sequence[Schema]) -> None:
    with staged_folder(folder) as staged:
        for schema in schemas:
            (staged / f"{schema.name}.json").write_text(text_of(schema), encoding="utf-8")


def _yaml_files(path: Path) -> Iterator[Path]:
    if path.is_dir():
        return (each for each in sorted(path.rglob("*.y*ml")) if each.is_file())
    return iter([path])


def _wired(file: Path, schemas: Path) -> tuple[Path, str]:
    """The file's text with the schema's place, seen from the file, as its first line."""
    text = read_text(file)
    schema = schema_of(parse_yaml(text, str(file)))
    place = os.path.relpath(schemas / f"{schema.name}.json", file.parent)
    first, _, rest = text.partition("\n")
    body = rest if first.startswith(MARK) else text
    return file, f"{MARK}{Path(place).as_posix()}\n{body}"


def _say(json: bool, out: Path, schemas: Sequence[Schema], wired: int) -> None:
    said: dict[str, Any] = {"folder": str(out), "schemas": len(schemas), "wired": wired}
    if json:
        print_json(said)
    else:
        names = f", and {wired} files name theirs in the first line" if wired else ""
        print(f"{out}: {len(schemas)} schemas{names}")
