"""Tables of a cost: their rows add up to what the cost says."""

from itertools import pairwise

import pytest

from accelsim.arch.load import load_arch
from accelsim.arch.load_gpu import load_gpu
from accelsim.cost.evaluate import evaluate
from accelsim.cost.gpu.mapping import gpu_mapping
from accelsim.mapping.binding import bind
from accelsim.mapping.load import load_mapping, select
from accelsim.study.cost_rows import energy_table_of, latency_table_of
from accelsim.workload.load import load_workload

TOLD = {"workload": "w", "machine": "m", "source": "a paper"}


@pytest.fixture(scope="module")
def fusemax():
    cascade, arch = load_workload("attention/one_pass", shape="bert"), load_arch("fusemax_cloud")
    mapping = select(load_mapping("fusemax_binding"), cascade, arch)
    return evaluate(cascade, arch, mapping), bind(mapping, cascade, arch)


def of(table, by):
    return [row for row in table.rows() if row["by"] == by]


def test_energies_add_up_and_every_row_says_what_it_is_of(fusemax):
    table = energy_table_of(fusemax[0], TOLD)
    assert sum(table["energy_pj"]) == pytest.approx(fusemax[0].energy_pj)
    assert [*table.columns][:2] == ["workload", "machine"] and [*table.columns][-1] == "source"
    assert set(table["machine"]) == {"m"}


def test_steps_add_up_to_the_latency_and_phases_to_the_arrays(fusemax):
    cost, bound = fusemax
    table = latency_table_of(cost, TOLD, bound)
    assert sum(row["time_s"] for row in of(table, "step")) == pytest.approx(cost.latency_s)
    compute = next(row for row in of(table, "resource") if row["name"] == "compute")
    phases = of(table, "phase")
    assert len(phases) == 4
    assert sum(row["time_s"] for row in phases) == pytest.approx(compute["time_s"])
    for before, after in pairwise(phases):
        assert after["start_s"] == pytest.approx(before["start_s"] + before["time_s"])


def test_einsums_of_the_two_arrays_are_there(fusemax):
    """BQK and SLNV of FuseMax's +Binding take 64 of 138 cycles of a tile each."""
    rows = {row["name"]: row for row in of(latency_table_of(fusemax[0], TOLD, None), "einsum")}
    assert rows["BQK"]["on"] == "Array2D" and rows["RNV"]["on"] == "Array1D"
    assert rows["BQK"]["time_s"] / rows["BQK"]["latency_s"] == pytest.approx(64 / 142, abs=0.02)


def test_kernels_of_a_gpu_follow_one_another():
    gpu, cascade = load_gpu("h100_sxm"), load_workload("attention/three_pass")
    cost = evaluate(cascade, gpu, gpu_mapping(cascade, gpu, None))
    table = latency_table_of(cost, TOLD, None)
    kernels = of(table, "step")
    assert [row["name"] for row in kernels] == ["QK GM", "SN SD A AV", "launch"]
    last = kernels[-1]
    assert last["start_s"] + last["time_s"] == pytest.approx(cost.latency_s)
    assert of(table, "phase") == []
