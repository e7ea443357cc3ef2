"""Derivatives of the cost model: against differences, and laws that hold for any machine."""

import numpy as np
import pytest

from accelsim.arch.load import load_arch
from accelsim.arch.spatial import with_values
from accelsim.base.rate import Rate
from accelsim.cost.default import default_mapping
from accelsim.cost.derivative import differentiable, differentiated
from accelsim.cost.evaluate import evaluate
from accelsim.mapping.load import load_mapping, select
from accelsim.workload.load import load_workload

CASES = {
    "one pass, bound by compute": ("attention/one_pass", "fusemax_cloud", {}),
    "one pass, bound by DRAM": (
        "attention/one_pass",
        "fusemax_cloud",
        {"memories.DRAM.bandwidth": "50 GB/s"},
    ),
    "three passes": ("attention/three_pass", "flat_cloud", {}),
    "three passes on a systolic array": ("attention/three_pass", "tpu_v4i", {}),
}


@pytest.fixture(params=CASES.values(), ids=CASES)
def case(request):
    workload, machine, settings = request.param
    cascade, arch = load_workload(workload), load_arch(machine, settings)
    return cascade, arch, default_mapping(cascade, arch, machine).mapping


def moved(arch, factor):
    """One broadcast machine: at point i, number i is moved by the factor."""
    found = {}
    for place, (path, value) in enumerate(differentiable(arch).items()):
        column = np.full(len(differentiable(arch)), float(value))
        column[place] *= factor
        is_rate = path.endswith("bandwidth") and arch.memory(path.split(".")[1]).bandwidth
        per_cycle = is_rate and is_rate.unit == "B/cycle"
        found[path] = Rate(bytes_per_cycle=column) if per_cycle else column
    return with_values(arch, found)


@pytest.mark.parametrize("measure", ["latency_s", "energy_pj", "area_um2", "average_power_w"])
def test_they_are_the_limit_of_differences_from_both_sides(case, measure):
    cascade, arch, mapping = case
    step = 1e-6
    y = getattr(evaluate(cascade, arch, mapping), measure)
    dual = getattr(differentiated(cascade, arch, mapping, list(differentiable(arch))), measure)
    for side, factor in (("left", 1 - step), ("right", 1 + step)):
        other = getattr(evaluate(cascade, moved(arch, factor), mapping), measure)
        difference = (np.broadcast_to(other, len(differentiable(arch))) / y - 1) / (factor - 1)
        assert getattr(dual, side) / y == pytest.approx(difference, abs=3e-6)


def test_the_values_are_those_of_evaluate(case):
    cascade, arch, mapping = case
    plain = evaluate(cascade, arch, mapping)
    dual = differentiated(cascade, arch, mapping, list(differentiable(arch)))
    assert dual.latency_s.value == plain.latency_s
    assert dual.energy_pj.value == plain.energy_pj


def elasticities(case, measure, *endings):
    cascade, arch, mapping = case
    paths = [path for path in differentiable(arch) if path.endswith(endings)]
    y = getattr(differentiated(cascade, arch, mapping, paths), measure)
    return dict(zip(paths, y.right / y.value, strict=True))


def test_twice_the_rates_take_half_the_time(case):
    arch = case[1]
    per_s = [m.name for m in arch.memories if m.bandwidth and m.bandwidth.unit == "B/s"]
    paths = ("clock", *(f"memories.{name}.bandwidth" for name in per_s))
    assert sum(elasticities(case, "latency_s", *paths).values()) == pytest.approx(-1)


def test_twice_the_energies_and_watts_are_twice_the_energy(case):
    shares = elasticities(case, "energy_pj", ".read", ".write", ".energy", ".leakage")
    assert sum(shares.values()) == pytest.approx(1)


def test_an_energys_elasticity_is_its_share_of_the_rows(case):
    cost = evaluate(*case)
    shares = elasticities(case, "energy_pj", ".read", ".write")
    for path, share in shares.items():
        _, memory, action = path.split(".")
        own = [r.energy_pj for r in cost.rows if (r.part, r.action) == (memory, action)]
        assert share == pytest.approx(sum(own) / cost.energy_pj)


def test_sizes_and_what_follows_from_others_are_not_differentiated():
    paths = list(differentiable(load_arch("fusemax_cloud")))
    assert not [path for path in paths if path.endswith(("capacity", "rows", "columns", "row"))]
    assert "compute.Array2D.operations.mac.cycles" in paths
    assert "compute.Array2D.operations.exp.cycles" not in paths


def test_without_parameters_there_are_numbers_only():
    cascade, arch = load_workload("attention/one_pass"), load_arch("fusemax_cloud")
    mapping = select(load_mapping("fusemax_binding"), cascade, arch)
    cost = differentiated(cascade, arch, mapping, [])
    assert cost.latency_s == evaluate(cascade, arch, mapping).latency_s
