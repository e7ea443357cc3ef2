"""What the README shows is what comes out, and everything that is shipped can be read."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from accelsim.base import catalogue
from accelsim.cli.main import main

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)
PROGRAMS = [(code, BLOCKS[i + 1][1]) for i, (kind, code) in enumerate(BLOCKS) if kind == "python"]
CONSOLE = [
    tuple(part.split("\n", 1))
    for kind, text in BLOCKS
    if kind == "console"
    for part in text.split("$ ")
    if part.startswith("accelsim ")
]
KINDS = ["workloads", "shapes", "traces", "models", "machines", "systems", "mappings", "parts"]
KINDS += ["studies", "spaces"]
SHIPPED = [entry.file for kind in KINDS for entry in catalogue.entries(kind)]


@pytest.mark.parametrize(("program", "printed"), PROGRAMS)
def test_a_program_of_the_readme_prints_what_it_says(program: str, printed: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert ran.stdout == printed


@pytest.mark.parametrize(("line", "shown"), CONSOLE)
def test_a_command_of_the_readme_prints_what_it_says(
    line: str,
    shown: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main(shlex.split(line)[1:])
    assert (ended.value.code or 0) == 0
    printed = [text.rstrip() for text in capsys.readouterr().out.strip().splitlines()]
    assert printed == [text.rstrip() for text in shown.strip().splitlines()]


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: str(Path(file).relative_to(ROOT)))
def test_a_shipped_file_is_read_without_complaint(
    file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["check", file])
    assert (ended.value.code or 0) == 0
    assert "nothing is wrong with it" in capsys.readouterr().out
