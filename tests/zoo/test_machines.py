"""Every form of every mechanism has a legal mapping on a spatial array, and none beats physics."""

import pytest

from accelsim.arch.load import load_arch
from accelsim.cost.evaluate import evaluate
from accelsim.mapping.automatic import automatic_mapping
from accelsim.mapping.binding import bind
from accelsim.mapping.check import check
from accelsim.workload.budget import budgeted
from accelsim.workload.counts import counts
from tests.zoo.rows import FORMS, case

ARRAY = load_arch("fusemax_cloud")
DRAM = ARRAY.memories[0]


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
