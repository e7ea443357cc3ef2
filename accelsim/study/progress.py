"""How far a study is: `progress(done, total)` after each piece of it."""

from collections.abc import Callable

Progress = Callable[[int, int], None]


def quiet(done: int, total: int) -> None:
    """For whoever does not want to know."""
