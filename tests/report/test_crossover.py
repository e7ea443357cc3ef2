import pytest

from accelsim.arch.load import load_arch
from accelsim.mapping.load import load_mapping, select
from accelsim.report.crossover import draw_crossover
from accelsim.study.crossover import crossover
from accelsim.study.design import Design
from accelsim.study.ranges import read_range
from accelsim.workload.load import load_workload


@pytest.fixture(scope="module")
def axes():
    cascade, arch = load_workload("attention/one_pass"), load_arch("fusemax_cloud")
    design = Design(cascade, arch, select(load_mapping("fusemax_binding"), cascade, arch))
    along = read_range(design, "memories.DRAM.bandwidth=25 GB/s..2 TB/s")
    return draw_crossover(crossover(design, along, 64), "One pass").axes[0]


def test_latency_is_drawn_over_what_each_resource_needs(axes):
    lines = {line.get_label(): line for line in axes.lines}
    latency, dram = lines["latency"].get_ydata(), lines["DRAM"].get_ydata()
    assert (latency >= dram * (1 - 1e-12)).all()
    assert latency[0] == pytest.approx(dram[0])
    assert axes.get_xlabel() == "memories.DRAM.bandwidth"
    assert axes.xaxis.get_major_formatter()(1e11, 0) == "100 GB/s"
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")


def test_the_boundary_is_named(axes):
    assert [text.get_text().strip() for text in axes.texts] == ["54.23 GB/s"]
