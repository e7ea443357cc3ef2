"""A what-if of all numbers of a GPU and a workload, one after the other."""

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from accelsim.study.pointwise import gpu_subject
from accelsim.study.slopes import elasticities_of


@pytest.mark.parametrize("name", ["attention/one_pass"])
def test_elasticities_of_a_workload_on_a_gpu(benchmark: BenchmarkFixture, name: str) -> None:
    subject = gpu_subject(name, "h100_sxm")
    paths = ["ranks.*", "launch.*", "memories.*", "sm.*", "clock", "sms"]
    benchmark.pedantic(lambda: elasticities_of(subject, parameters=paths), rounds=1)
