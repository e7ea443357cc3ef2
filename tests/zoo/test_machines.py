"""Every form of every mechanism has a legal mapping on a spatial array, every mechanism kernels on
a GPU, and none beats physics."""

import pytest

from accelsim.arch.gpu import rate_per_s
from accelsim.arch.load import load_arch
from accelsim.arch.load_gpu import load_gpu
from accelsim.cost.evaluate import evaluate
from accelsim.mapping.automatic import automatic_mapping
from accelsim.mapping.binding import bind
from accelsim.mapping.check import check
from accelsim.workload.budget import budgeted
from accelsim.workload.counts import counts
from accelsim.workload.load import load_workload
from tests.zoo.rows import FORMS, ROWS, case

ARRAY = load_arch("fusemax_cloud")
DRAM = ARRAY.memories[0]
GPU = load_gpu("h100_sxm")


@pytest.mark.parametrize(("row", "form"), FORMS, ids=[f"{row}:{form}" for row, form in FORMS])
def test_every_form_runs_legally_on_a_spatial_array(row: str, form: str) -> None:
    cascade = case(row, form).cascade
    mapping = automatic_mapping(cascade, ARRAY)
    assert check(bind(mapping, cascade, ARRAY)) == ()
    cost = evaluate(cascade, ARRAY, mapping)
    compulsory = counts(cascade).compulsory_bytes
    assert cost.traffic_bytes[DRAM.name] >= compulsory * (1 - 1e-9)
    assert DRAM.bandwidth is not None
    rate = DRAM.bandwidth.per_second(ARRAY.clock_hz)
    assert cost.latency_s >= cost.traffic_bytes[DRAM.name] / rate * (1 - 1e-12)


@pytest.mark.parametrize(("row", "form"), FORMS, ids=[f"{row}:{form}" for row, form in FORMS])
def test_a_budget_has_nothing_that_depends_on_data(row: str, form: str) -> None:
    found = budgeted(case(row, form).cascade)
    assert not any(each.depends_on_data or each.slots for each in found.einsums)
    assert budgeted(found) is found


@pytest.mark.parametrize("row", ROWS)
def test_every_mechanism_runs_on_a_gpu_no_faster_than_it_can(row: str) -> None:
    """At its paper's sizes: not before its inputs are read, nor its products multiplied."""
    cascade = load_workload(row)
    cost, least = evaluate(cascade, GPU), counts(cascade)
    assert cost.latency_s >= least.read_bytes / rate_per_s(GPU.hbm.bandwidth, GPU)
    peak = max(max(cores.flop.values()) for cores in GPU.tensor) * GPU.sms * GPU.clock_hz
    assert cost.latency_s >= 2 * least.operations.get("mac", 0) / peak
