import pytest

from accelsim.arch.load import load_gpu


@pytest.fixture(scope="session")
def h100():
    return load_gpu("h100_sxm")
