"""How soon a command starts, as a process of its own. Run with `make benchmark`."""

import subprocess
import sys

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

STARTS = {"help": ["-m", "accelsim.cli.main", "--help"], "import": ["-c", "import accelsim"]}


@pytest.mark.parametrize("name", STARTS)
def test_start(benchmark: BenchmarkFixture, name: str) -> None:
    """Python's own start is in it; the target is 0.5 s."""
    command = [sys.executable, *STARTS[name]]
    benchmark.pedantic(
        lambda: subprocess.run(command, capture_output=True, check=True), rounds=20, warmup_rounds=1
    )
