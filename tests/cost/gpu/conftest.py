import pytest

from accelsim.arch.load_gpu import load_gpu
from tests.workload.conftest import cascade_of, points_by_enumeration

__all__ = ["cascade_of", "points_by_enumeration"]


@pytest.fixture(scope="session")
def h100():
    return load_gpu("h100_sxm")
