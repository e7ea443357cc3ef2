"""What is at hand is never beaten by what `evaluate` takes by itself."""

import pytest

from accelsim.arch.load import load_arch
from accelsim.base.catalogue import names
from accelsim.base.errors import AccelsimError, MapperError
from accelsim.cost.default import default_mapping
from accelsim.cost.evaluate import evaluate
from accelsim.mapper.constraints import Constraints
from accelsim.mapper.find import find_mapping
from accelsim.mapper.question import Budget
from accelsim.mapping.binding import bind
from accelsim.mapping.check import check
from accelsim.mapping.load import load_mapping, select
from accelsim.workload.load import load_workload

SIZES = {"ranks.P": "1024", "ranks.M": "1024", "ranks.H": "2"}


def problem(workload, machine):
    return load_workload(workload, SIZES), load_arch(machine)


def legal_costs(cascade, arch):
    """Of everything that lies in the folder, one file after the other."""
    for name in names("mappings"):
        try:
            mapping = select(load_mapping(name), cascade, arch)
            bound = bind(mapping, cascade, arch)
        except AccelsimError:
            continue
        if not check(bound):
            yield name, evaluate(cascade, arch, mapping)


@pytest.mark.parametrize("minimise", ["latency", "energy"])
@pytest.mark.parametrize(
    "case", [("attention/sliding_window_sinks", "flat_edge"), ("attention/one_pass", "flat_cloud")]
)
def test_it_is_the_best_of_what_is_legal(case, minimise):
    cascade, arch = problem(*case)
    found = find_mapping(cascade, arch, minimise, strategies=["shipped"])
    costs = {
        name: {"latency": cost.latency_s, "energy": cost.energy_pj}[minimise]
        for name, cost in legal_costs(cascade, arch)
    }
    assert costs
    assert found.value == min(costs.values())
    assert set(found.space.partition(": ")[2].split(", ")) >= set(costs)


@pytest.mark.parametrize("minimise", ["latency", "energy"])
def test_the_usual_search_answers_no_worse_than_the_default_mapping(minimise, monkeypatch):
    monkeypatch.setattr("accelsim.mapper.find.SHORT", Budget(candidates=2_000))
    cascade, arch = problem("attention/sliding_window_sinks", "flat_edge")
    default = evaluate(cascade, arch, default_mapping(cascade, arch, "flat_edge").mapping)
    found = find_mapping(cascade, arch, minimise)
    assert found.value <= {"latency": default.latency_s, "energy": default.energy_pj}[minimise]


def test_constraints_bind_it():
    cascade, arch = problem("attention/three_pass", "flat_cloud")
    moved = {name: cost.traffic_bytes["DRAM"] for name, cost in legal_costs(cascade, arch)}
    # The variant that keeps heads in the buffer moves least, and is not the fastest.
    least = min(moved, key=moved.get)
    free = find_mapping(cascade, arch, strategies=["shipped"])
    assert free.cost.traffic_bytes["DRAM"] > moved[least]
    limits = Constraints(traffic_bytes={"DRAM": moved[least]})
    kept = find_mapping(cascade, arch, strategies=["shipped"], constraints=limits)
    assert kept.cost.traffic_bytes["DRAM"] == moved[least]
    below = Constraints(traffic_bytes={"DRAM": moved[least] - 1})
    with pytest.raises(MapperError, match="without it there is one"):
        find_mapping(cascade, arch, strategies=["shipped"], constraints=below)


def test_nothing_is_shipped_for_a_workload_of_another_name():
    cascade, arch = problem("attention/two_pass", "flat_cloud")
    with pytest.raises(MapperError, match="no mapping of attention/two_pass was found"):
        find_mapping(cascade, arch, strategies=["shipped"])
