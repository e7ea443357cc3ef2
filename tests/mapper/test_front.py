"""Fronts: no point beats another, ends are the best of each objective alone."""

import pytest

from accelsim.arch.load import load_arch
from accelsim.base.errors import MapperError
from accelsim.mapper.find import find_mapping
from accelsim.mapper.front import find_front
from accelsim.mapper.objective import Figures, objective, powers_of, unit_of, value_of
from accelsim.workload.load import load_workload


def test_a_product_of_powers_and_its_unit():
    figures = Figures(2.0, 3.0, 5.0, {"DRAM": 7.0})
    assert value_of("energy*latency^2", figures) == 12
    assert value_of("energy_delay", figures) == 6
    assert value_of("traffic.DRAM*area^0.5", figures) == pytest.approx(7 * 5**0.5)
    assert unit_of("energy*latency^2") == "pJ s^2"
    assert dict(powers_of("latency*energy*latency")) == {"latency": 2, "energy": 1}


@pytest.mark.parametrize("text", ["", "latency^", "latency^0", "latency/energy", "latency^-1"])
def test_what_is_no_product(text):
    with pytest.raises(MapperError, match="is no objective"):
        objective(text, ())


def test_the_ends_of_a_front_are_the_best_of_each_alone():
    cascade, arch = load_workload("attention/three_pass"), load_arch("fusemax_cloud")
    front = find_front(cascade, arch, ["latency", "energy"], steps=2)
    fastest, thriftiest = (find_mapping(cascade, arch, name) for name in ("latency", "energy"))
    assert front[0].values[0] == pytest.approx(fastest.value)
    assert front[-1].values[1] == pytest.approx(thriftiest.value)
    latencies, energies = zip(*(each.values for each in front), strict=True)
    assert list(latencies) == sorted(latencies)
    assert list(energies) == sorted(energies, reverse=True)


def test_one_objective_has_no_front():
    cascade, arch = load_workload("attention/three_pass"), load_arch("fusemax_cloud")
    with pytest.raises(MapperError, match="a front needs two objectives"):
        find_front(cascade, arch, ["latency"])
