"""What README and docs show is what comes out, and everything that is shipped can be read."""

import sys
from pathlib import Path

import pytest

from accelsim.base import catalogue
from accelsim.cli.main import main

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "docs"))

from examples import examples, pages, printed  # noqa: E402

KINDS = ["workloads", "shapes", "traces", "models", "machines", "systems", "mappings", "parts"]
KINDS += ["studies", "spaces"]
SHIPPED = [entry.file for kind in KINDS for entry in catalogue.entries(kind)]


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_the_examples_of_a_page_print_what_it_says(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for example in examples(page.read_text(encoding="utf-8")):
        said = printed(example)
        if example.shown.strip():
            shown = "".join(f"{line.rstrip()}\n" for line in example.shown.strip().splitlines())
            assert said == shown, example.source


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: str(Path(file).relative_to(ROOT)))
def test_a_shipped_file_is_read_without_complaint(
    file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["check", file])
    assert (ended.value.code or 0) == 0
    assert "nothing is wrong with it" in capsys.readouterr().out
