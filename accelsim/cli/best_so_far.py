"""The best answer of a search so far on standard error, where a person is watching."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from accelsim.mapper.question import quiet


@contextmanager
def best_so_far(what: str, unit: str) -> Iterator[Callable[[str, float, int], None]]:
    """A function to call with a strategy, the best value so far, and how many candidates it saw."""
    if not sys.stderr.isatty():
        yield quiet
        return
    # Only who watches pays for what draws.
    from rich.console import Console

    with Console(stderr=True).status(what) as status:

        def told(strategy: str, value: float, candidates: int) -> None:
            status.update(f"{what}: {value:.6g} {unit}, {strategy}, {candidates:,} candidates")

        yield told
