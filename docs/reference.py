"""The reference pages, made of what the package says of itself.

reference/commands.md    every command's --help
reference/python.md      the public names, from their docstrings
"""

import os
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

from accelsim import _HOME
from accelsim.cli.main import COMMANDS, GROUPS, main

WIDTH = "100"
"""Columns of a page's block of text."""


def write_reference(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    pages = {"commands": _commands(), "python": _python()}
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
