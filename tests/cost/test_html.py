import numpy as np
import pytest

from accelsim import evaluate, load_arch, load_gpu, load_mapping, load_workload
from accelsim.base.units import format_quantity
from accelsim.cost.result import energy_by_whole_part


@pytest.fixture(scope="module")
def case():
    mapping = load_mapping("fusemax_binding")
    return load_workload("attention/one_pass"), load_arch("fusemax_cloud"), mapping


def test_a_cost_shows_its_totals_steps_and_parts(case):
    cost = evaluate(*case)
    page = cost._repr_html_()
    for text in (
        format_quantity(cost.latency_s, "s"),
        format_quantity(cost.energy_pj, "pJ"),
        cost.bound,
        format_quantity(cost.traffic_bytes["DRAM"], "B"),
        *(step.name for step in cost.steps),
    ):
        assert f">{text}<" in page


def test_of_a_sweep_it_shows_both_ends(case):
    cascade, arch, mapping = case
    cost = evaluate(cascade.with_ranks(P=np.array([4096, 8192])), arch, mapping)
    low, high = (format_quantity(each, "s") for each in sorted(cost.latency_s))
    assert f"{low} to {high}" in cost._repr_html_()


def test_on_a_gpu_too():
    cost = evaluate(load_workload("attention/three_pass"), load_gpu("h100_sxm"))
    assert "HBM" in cost._repr_html_()


def test_parts_add_up_with_what_their_units_leak_and_bytes_are_as_commands_write_them(case):
    cost = evaluate(*case)
    assert sum(energy_by_whole_part(cost).values()) == pytest.approx(cost.energy_pj)
    assert set(energy_by_whole_part(cost)) == {*cost.traffic_bytes, "Array2D", "Array1D"}
    page = cost._repr_html_()
    assert ">Array2D.mac<" not in page
    assert ">513.1 MiB<" in page and ">1.078 MiB<" in page
