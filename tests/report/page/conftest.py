"""States of the page, and the command line that they are held against."""

from collections.abc import Callable
from shlex import split

import pytest

from accelsim.cli.main import main
from accelsim.report.page.choices import Offered, offered
from accelsim.report.page.state import MachineState, State, from_query


@pytest.fixture(scope="session")
def names() -> Offered:
    return offered()


@pytest.fixture(scope="session")
def state_of(names) -> Callable[[str], State]:
    """The state of a link that has nothing to complain of."""

    def read(query: str) -> State:
        otherwise = State("attention/one_pass", (MachineState("fusemax_cloud"),))
        state, complaints = from_query(query, names, otherwise)
        assert complaints == ()
        return state

    return read


@pytest.fixture
def printed(capsys) -> Callable[[str], dict[str, str]]:
    """What a command prints in its first table, by label."""

    def run(command: str) -> dict[str, str]:
        program, *words = split(command)
        assert program == "accelsim"
        with pytest.raises(SystemExit) as end:
            main(words)
        out = capsys.readouterr().out
        assert not end.value.code
        rows = out.split("\n\n")[1].splitlines()[1:]
        cells = (row.split("  ", 1) for row in rows if "  " in row)
        return {label.strip(): text.strip() for label, text in cells if label}

    return run
