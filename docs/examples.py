"""The examples of README.md and of the pages here: what they run, and what that prints.

    python docs/examples.py          writes into every page what its examples print now

A block `console` holds commands after `$`, each with what it prints below it (nothing: it is run,
and may print what it likes). A block `python` is followed by a block `text` of what it prints. They
run one after the other in one empty folder a page, where a block `yaml` that begins with a comment
`# name.yaml` is a file. The tests hold every page to this.
"""

import os
import re
import shlex
import tempfile
from collections.abc import Iterator
from contextlib import chdir, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import NamedTuple

from accelsim.cli.main import main as accelsim

DOCS = Path(__file__).resolve().parent
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", flags=re.MULTILINE | re.DOTALL)
WIDTH = "120"


class Example(NamedTuple):
    """Where it stands in its page, what it runs, and what is shown of what it prints."""

    start: int
    end: int
    kind: str
    source: str
    shown: str


def pages() -> list[Path]:
    found = [page for page in DOCS.rglob("*.md") if not {"_build", "reference"} & {*page.parts}]
    return [DOCS.parent / "README.md", *sorted(found)]


def examples(text: str) -> Iterator[Example]:
    """In their order."""
    blocks = list(BLOCK.finditer(text))
    for number, block in enumerate(blocks):
        kind, start = block[1], block.start(2)
        if kind == "yaml" and block[2].startswith("# "):
            yield Example(start, start, kind, block[2], "")
        if kind == "python":
            printed = blocks[number + 1]
            yield Example(printed.start(2), printed.end(2), kind, block[2], printed[2])
        if kind == "console":
            for each in re.finditer(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block[2], flags=re.MULTILINE):
                yield Example(start + each.start(2), start + each.end(2), kind, each[1], each[2])


def printed(example: Example) -> str:
    """What it prints, run in the folder at hand; spaces at the ends of lines are left out."""
    os.environ["COLUMNS"] = WIDTH
    said = StringIO()
    with redirect_stdout(said):
        if example.kind == "yaml":
            name = example.source.splitlines()[0].removeprefix("# ")
            Path(name).write_text(example.source, encoding="utf-8")
        elif example.kind == "python":
            exec(compile(example.source, "the example", "exec"), {"__name__": "example"})
        else:
            _run(shlex.split(example.source))
    return "".join(f"{line.rstrip()}\n" for line in said.getvalue().strip().splitlines())


def _run(words: list[str]) -> None:
    assert words[0] == "accelsim", f"no command of ours: {words}"
    try:
        accelsim(words[1:])
    except SystemExit as ended:
        assert not ended.code, f"{shlex.join(words)} ends with {ended.code}"


def renewed(text: str) -> str:
    """The page with what its examples print now, where they show something."""
    parts, last = [], 0
    for example in examples(text):
        said = printed(example)
        if example.shown.strip():
            after = "\n" * (len(example.shown) - len(example.shown.rstrip("\n")) - 1)
            parts += [text[last : example.start], said + after]
            last = example.end
    return "".join([*parts, text[last:]])


def main() -> None:
    for page in pages():
        with tempfile.TemporaryDirectory() as folder, chdir(folder):
            text = page.read_text(encoding="utf-8")
            if (new := renewed(text)) != text:
                page.write_text(new, encoding="utf-8")
                print(page.relative_to(DOCS.parent))


if __name__ == "__main__":
    main()
