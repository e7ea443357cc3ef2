"""Serving: ten thousand requests of a described trace on eight devices."""

from typing import Any

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from accelsim.arch.load_system import load_system, machines_of
from accelsim.cost.system.plan import Plan, plan_of
from accelsim.sim.arrivals import read_trace
from accelsim.sim.system.serve import Served, serve
from accelsim.workload.model_load import load_model

REQUESTS = 10_000


def plan(system: str, attenders: int | None = None) -> Plan:
    """Of Llama 3 70B; with so many attention workers, between which keys are split."""
    loaded = load_system(system)
    if attenders is not None and loaded.offload is not None:
        devices = tuple(
            each.model_copy(update={"count": attenders}) if each.role == "attention" else each
            for each in loaded.devices
        )
        offload = loaded.offload.model_copy(update={"split": "sequence"})
        loaded = loaded.model_copy(update={"devices": devices, "offload": offload})
    return plan_of(loaded, load_model("llama3_70b"), machines_of(loaded))


def served(of: Plan, requests: int) -> Served:
    return serve(of, read_trace("azure_conv", requests=requests))


@pytest.mark.parametrize(("system", "attenders"), [("eight_h100", None), ("lamina_2h100_4h20", 6)])
def test_ten_thousand_requests_on_eight_devices(
    benchmark: BenchmarkFixture, system: str, attenders: int | None
) -> None:
    """From nothing, so that kernels are costed, too; the target is 60 s."""
    found: Any = benchmark.pedantic(lambda: served(plan(system, attenders), REQUESTS), rounds=1)
    assert found.summary.finished == REQUESTS
