"""`accelsim plot --gallery DIR`: a page for each figure, and the picture its commands make."""

import os
import shlex
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from importlib import import_module
from io import StringIO
from pathlib import Path

from accelsim.base.files import atomic_write, output_folder
from accelsim.report.plots.catalogue import PLOTS, Plot

INDEX = "README.md"
FIGURES = Path("out/figures")
"""Where `accelsim plot` puts them."""
WIDTH = 88
"""Of commands on a page, in letters."""
PICTURE_WIDTH = 720
TAKE_A_VALUE = frozenset(
    ("--shape", "--set", "--out", "--capacity", "--space", "--mapping", "--tiles", "--context",
     "--x", "--y", "--by")
)  # fmt: skip


def write_gallery(folder: Path) -> list[Path]:
    """Every figure's page and picture, and an index of them; each command runs, from nothing."""
    there = output_folder(folder).resolve()
    written = []
    for plot in PLOTS.values():
        with _elsewhere():
            content = picture(plot)
        written.append(atomic_write(there / f"{plot.name}.png", content))
        written.append(atomic_write(there / f"{plot.name}.md", page(plot)))
    return [*written, atomic_write(there / INDEX, index())]


def picture(plot: Plot) -> bytes:
    """The figure that the example's commands make in this folder, small enough for a page."""
    for command in plot.example:
        run(command)
    small_png = import_module("accelsim.report.gallery").small_png
    content: bytes = small_png((FIGURES / f"{plot.name}.png").read_bytes(), PICTURE_WIDTH)
    return content


def run(command: str) -> None:
    """As a shell would; what it prints is not shown. An error is raised, other ends are not."""
    words = shlex.split(command)
    application = import_module("accelsim.cli.main").application
    with redirect_stdout(StringIO()):
        application(words[1])(words[1:], prog_name=words[0], standalone_mode=False)


@contextmanager
def _elsewhere() -> Iterator[None]:
    here = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            yield
        finally:
            os.chdir(here)


# --- pages ----------------------------------------------------------------------------------------


def page(plot: Plot) -> str:
    lines = [f"# {plot.name}", "", plot.about, "", f"![{plot.about}]({plot.name}.png)", ""]
    lines += ["```sh", *(_folded(command) for command in plot.example), "```", ""]
    lines += ["| | |", "|---|---|", f"| needs the columns | {_columns(plot.needs)} |"]
    lines += [f"| and may have | {_columns(plot.may)} |"] if plot.may else []
    options = ["--title", "--caption", "--only", "--where", *(f"--{name}" for name in plot.options)]
    lines += [f"| options | {', '.join(f'`{name}`' for name in options)} |"]
    lines += [f"| in Python | `{plot.module}.{plot.draw}(frame)` |", ""]
    return "\n".join(lines)


def index() -> str:
    lines = ["# Figures", "", "Each is drawn from a table of results and nothing else by", ""]
    lines += ["```", "accelsim plot FIGURE RESULTS... [--out DIR]", "```", ""]
    lines += [
        "as PNG, SVG, and the drawn rows as CSV. RESULTS are CSV or Parquet files, or folders"
    ]
    lines += ["of a study or a sweep; several go one below the other, so that runs are compared. A"]
    lines += ["page shows the commands that made its picture. All of it is written by", ""]
    lines += ["```", "accelsim plot --gallery docs/gallery", "```", ""]
    lines += ["| figure | shows | needs the columns |", "|---|---|---|"]
    for plot in PLOTS.values():
        lines.append(f"| [{plot.name}]({plot.name}.md) | {plot.about} | {_columns(plot.needs)} |")
    lines += [""]
    for plot in PLOTS.values():
        lines += [f"[![{plot.about}]({plot.name}.png)]({plot.name}.md)", ""]
    return "\n".join(lines)


def _columns(names: tuple[str, ...]) -> str:
    return ", ".join(" or ".join(f"`{each}`" for each in name.split("|")) for name in names)


def _folded(command: str) -> str:
    """Over several lines, as a shell reads it, before options."""
    lines: list[str] = []
    for words in _with_values(shlex.split(command)):
        if lines and len(lines[-1]) + len(words) < WIDTH:
            lines[-1] = f"{lines[-1]} {words}"
        else:
            lines.append(f"  {words}" if lines else words)
    return " \\\n".join(lines)


def _with_values(words: list[str]) -> Iterator[str]:
    """An option with its value, any other word by itself."""
    left = iter(words)
    for word in left:
        yield f"{word} {shlex.quote(next(left))}" if word in TAKE_A_VALUE else shlex.quote(word)
