from collections.abc import Callable
from typing import NamedTuple

import pytest

from accelsim.cli.main import main


class Ended(NamedTuple):
    """How a command ended: its exit status and what it printed."""

    status: int
    out: str
    err: str


@pytest.fixture
def run(capsys) -> Callable[..., Ended]:
    def run_here(*arguments: str) -> Ended:
        with pytest.raises(SystemExit) as end:
            main(arguments)
        printed = capsys.readouterr()
        return Ended(int(end.value.code or 0), printed.out, printed.err)

    return run_here
