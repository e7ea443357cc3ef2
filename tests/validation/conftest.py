"""Studies that are held against papers, each run once for all tests of this folder."""

import pytest

from accelsim.study.load import load_study
from accelsim.study.run import run_tables
from accelsim.study.study import Study
from accelsim.study.table import Table


@pytest.fixture(scope="session")
def study() -> Study:
    return load_study("fusemax")


@pytest.fixture(scope="session")
def tables(study: Study) -> dict[str, Table]:
    return run_tables(study)


@pytest.fixture(scope="session")
def lean_tables() -> dict[str, Table]:
    return run_tables(load_study("lean_attention"))
