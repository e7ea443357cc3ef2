"""The reference pages, made of what the package says of itself.

reference/commands.md    every command's --help
reference/python.md      the public names, from their docstrings
reference/yaml.md        the keys of every kind of YAML file, from its JSON Schema
"""

import json
import os
from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

from accelsim import _HOME
from accelsim.cli.main import COMMANDS, GROUPS, main

SCHEMAS = Path(__file__).parent / "schema"
WIDTH = "100"
"""Columns of a page's block of text."""


def write_reference(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    pages = {"commands": _commands(), "python": _python(), "yaml": _yaml()}
    for name, text in pages.items():
        file = folder / f"{name}.md"
        # Sphinx reads again what has changed, and only that.
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")


def _commands() -> str:
    parts = ["# Commands\n", "What `--help` says of each.\n"]
    for name, summary in COMMANDS.items():
        below = [f"{name} {each}" for each in GROUPS.get(name, ())]
        for words in (name, *below):
            parts.append(f"## accelsim {words}\n")
            parts += [f"{summary}\n"] * (words == name)
            parts.append(f"```text\n{_help(words)}```\n")
    return "\n".join(parts)


def _help(words: str) -> str:
    printed = StringIO()
    os.environ["COLUMNS"] = WIDTH
    with redirect_stdout(printed):
        try:
            main([*words.split(), "--help"])
        except SystemExit as ended:
            assert not ended.code, words
    return printed.getvalue().rstrip() + "\n"


def _python() -> str:
    parts = [
        "# Python\n",
        "What `import accelsim` offers. Each name also lives in the module that its entry tells.\n",
    ]
    for name, home in sorted(_HOME.items(), key=lambda item: item[0].lower()):
        module = f"accelsim.{home}"
        kind = "autoclass" if name[0].isupper() else "autofunction"
        parts.append(f"## {name}\n")
        parts.append(f"```{{eval-rst}}\n.. {kind}:: {module}.{name}\n```\n")
    return "\n".join(parts)


def _yaml() -> str:
    parts = [
        "# YAML files\n",
        "The keys of every kind of file, from its JSON Schema (`accelsim schema`). Bold ones must",
        "be there; records that a key holds stand below its file.\n",
    ]
    for file in sorted(SCHEMAS.glob("*.json")):
        schema = json.loads(file.read_text(encoding="utf-8"))
        parts += [f"## {file.stem}\n", *_record(schema)]
        for name, record in schema.get("$defs", {}).items():
            if "properties" in record:
                parts += [f"### {name}, in {file.stem}\n", *_record(record)]
    return "\n".join(parts)


def _record(schema: dict[str, Any]) -> Iterator[str]:
    if "description" in schema:
        yield f"```text\n{schema['description']}\n```\n"
    if "properties" not in schema:
        return
    yield "| key | holds |"
    yield "|---|---|"
    required = schema.get("required", ())
    for name, each in schema["properties"].items():
        about = each.get("description", "").replace("\n", " ").replace("|", "\\|")
        mark = "**" if name in required else ""
        yield f"| {mark}`{name}`{mark} | {'. '.join(filter(None, (_kind(each), about)))} |"
    yield ""


def _kind(schema: dict[str, Any]) -> str:
    """In a few words."""
    if "$ref" in schema:
        return schema["$ref"].rpartition("/")[2]
    if "enum" in schema:
        return " \\| ".join(f"`{each}`" for each in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(filter(None, map(_kind, schema["anyOf"]))))
    kinds = schema.get("type", "")
    if kinds == "array":
        return f"list of {_kind(schema.get('items', {})) or 'values'}"
    if kinds == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"names, each with {_kind(schema['additionalProperties']) or 'a value'}"
    if "pattern" in schema and "description" in schema:
        return "quantity"
    return " or ".join(kinds) if isinstance(kinds, list) else kinds
