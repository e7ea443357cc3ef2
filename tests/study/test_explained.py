"""Explanations done on paper: the machine of conftest.py, whose DRAM needs 12 cycles of 1 GHz and
whose two PEs need 4; and kernels of a GPU, held against the datasheet's bandwidth."""

import pytest

from accelsim.arch.load import load_arch
from accelsim.arch.load_gpu import load_gpu
from accelsim.base.errors import StudyError
from accelsim.cost.gpu.call import call_cost
from accelsim.cost.gpu.explained import explained_call
from accelsim.cost.gpu.levers import LEVERS
from accelsim.mapping.automatic import automatic_mapping
from accelsim.study.explained import explained
from accelsim.study.explained_design import explained_design
from accelsim.workload.calls import Copy
from accelsim.workload.load import load_workload

DRAM = "memories.DRAM.bandwidth"


def gains(found):
    return {each.path: each.gain for each in found.helps}


def test_bound_by_dram_the_arrays_bind_at_three_times_its_bandwidth(design):
    found = explained_design(design(), "a toy")
    assert (found.bound, found.latency_s) == ("DRAM", pytest.approx(12e-9))
    assert found.runner_up.name == "compute"
    assert found.runner_up.share == pytest.approx(4 / 12)
    assert found.runner_up.at == pytest.approx(3, rel=5e-3)
    # The bandwidth is per cycle: a faster clock is a faster DRAM.
    assert gains(found)[DRAM] == pytest.approx(2)
    assert gains(found)["compute.Array.columns"] == pytest.approx(1)
    assert found.sentence.startswith("DRAM-bound (100% of the time its bandwidth is taken); ")
    assert f"2x {DRAM} would give 2.00x" in found.sentence


def test_bound_by_compute_dram_binds_at_a_share_of_its_bandwidth(design):
    found = explained_design(design(memories__DRAM__bandwidth="48 B/cycle"), "a toy")
    assert (found.bound, found.bound_on) == ("compute", "Array")
    assert found.runner_up == found.runner_up._replace(name="DRAM", of=DRAM)
    assert found.runner_up.at == pytest.approx(0.25, rel=5e-3)
    assert gains(found)[DRAM] == 1
    assert gains(found)["compute.Array.columns"] == pytest.approx(2)
    assert "compute-bound on Array (100% busy)" in found.sentence
    assert "more DRAM bandwidth changes nothing" in found.sentence


def test_rows_have_formulas_of_numbers_with_sources(design):
    rows = {(row.kind, row.name): row for row in explained_design(design(), "a toy").rows}
    dram = rows["memory", "DRAM"]
    assert dram.formula == "48 B / 4 B/cycle"
    assert (dram.seconds, dram.share) == (pytest.approx(12e-9), pytest.approx(1))
    assert [(n.name, n.value) for n in dram.numbers] == [("bytes of DRAM", 48), (DRAM, 4)]
    assert rows["array", "Array"].seconds == pytest.approx(4e-9)
    assert rows["Einsum", "Z"].formula == "4 steps · 1 cycle / 1 GHz"


def test_sources_are_those_of_the_file():
    found = explained("attention/one_pass", "fusemax_cloud")
    arch = load_arch("fusemax_cloud")
    assert found.of == "attention/one_pass on fusemax_cloud under fusemax_binding"
    assert found.sources[DRAM] == arch.memory("DRAM").source
    assert found.sources["clock"] == arch.source
    exp = arch.array("Array1D").operations["exp"]
    assert found.sources["compute.Array1D.operations.exp.as.mac"] == exp.source


def test_a_lever_that_the_mapping_does_not_fit_is_no_help():
    cascade, arch = load_workload("attention/one_pass"), load_arch("fusemax_cloud")
    found = explained(cascade, arch, named="fusemax_cloud")
    assert "compute.Array2D.columns" not in gains(found)


GPU = load_gpu("h100_sxm")
COPY = Copy(bytes=10**9)


def test_a_copy_is_bound_by_the_datasheet_bandwidth():
    found = explained_call(COPY, GPU, "a copy")
    row = next(row for row in found.rows if row.name == "device memory")
    moved, rate = row.numbers
    assert found.bound == "hbm"
    assert rate.value == 3350e9
    assert "datasheet" in rate.source
    assert moved.value == pytest.approx(2e9, rel=0.05)
    # Long reads and writes do not reach all of it.
    assert moved.value / rate.value < row.seconds < 1.3 * moved.value / rate.value


def test_what_helps_is_the_model_asked_again():
    found = explained_call(COPY, GPU, "a copy")
    now = call_cost(COPY, GPU).seconds
    for name, gain in gains(found).items():
        assert gain == now / call_cost(COPY, LEVERS[name](GPU, 2)).seconds
    second = found.runner_up
    assert call_cost(COPY, LEVERS[second.of](GPU, 0.97 * second.at)).times.bound == second.name
    assert call_cost(COPY, LEVERS[second.of](GPU, 1.03 * second.at)).times.bound == "hbm"


def test_a_cascade_on_a_gpu_has_rows_of_resources_and_kernels():
    found = explained("kernels/softmax", "h100_sxm")
    kinds = [row.kind for row in found.rows]
    assert kinds == sorted(kinds, reverse=True)
    assert found.rows[0].name == found.bound_on == "device memory"
    kernels = [row.seconds for row in found.rows if row.kind == "kernel"]
    assert sum(kernels) == pytest.approx(found.latency_s, rel=0.05)


def test_mappings_of_another_kind_are_refused():
    cascade, arch = load_workload("kernels/copy"), load_arch("fusemax_cloud")
    with pytest.raises(StudyError, match="GPU runs kernels"):
        explained(cascade, GPU, automatic_mapping(cascade, arch))
