"""A progress bar on standard error, where a person is watching."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text


@contextmanager
def progress(what: str, total: int | None) -> Iterator[Callable[..., None]]:
    """A function to call after a piece of work, or several, of `total`, with a word on it."""
    with _bar() as bar:
        task = bar.add_task(what, total=total, word="")
        yield lambda word, pieces=1: bar.update(task, advance=pieces, word=word)


@contextmanager
def share_done(what: str) -> Iterator[Callable[[int, int], None]]:
    """A function to call with how many pieces of work are done, and of how many."""
    with _bar() as bar:
        task = bar.add_task(what, total=None, word="")
        yield lambda done, total: bar.update(task, completed=done, total=total)


@contextmanager
def pace(what: str) -> Iterator[Callable[[int, int], None]]:
    """`share_done` for many small pieces: with how many are done a second."""
    with _bar(_Pace()) as bar:
        task = bar.add_task(what, total=None, word="")
        yield lambda done, total: bar.update(task, completed=done, total=total)


class _Pace(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:,.0f}/s" if task.speed else "")


def _bar(*more: ProgressColumn) -> Progress:
    console = Console(stderr=True)
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        *more,
        TextColumn("{task.fields[word]}"),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
