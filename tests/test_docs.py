"""What prose says in passing, `accelsim pareto ... --minimise x`, names commands and options."""

import re
import sys
from functools import cache
from pathlib import Path

import pytest
import typer.main

from accelsim.cli.main import COMMANDS, application

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "docs"))

from examples import pages  # noqa: E402

INLINE = re.compile(r"(?<!`)`(accelsim [^`]+)`(?!`)")
OPTION = re.compile(r"(?<!\S)--[a-z][a-z-]*")


@cache
def options_of(command: str) -> set[str]:
    """Of a command and of those below it."""
    found = typer.main.get_command(application(command)).commands[command]
    below = getattr(found, "commands", {}).values()
    return {text for each in (found, *below) for param in each.params for text in param.opts}


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_in_prose_exist_and_have_the_options(page: Path) -> None:
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    for line in INLINE.findall(text):
        words = line.split()
        if words[1].startswith(("-", ".")) or words[1].isupper() or words[1] == "...":
            continue
        assert words[1] in COMMANDS, line
        known = options_of(words[1]) | {"--help"}
        assert set(OPTION.findall(line)) <= known, line
