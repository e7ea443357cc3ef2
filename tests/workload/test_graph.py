import networkx as nx
import pytest

from accelsim.base.catalogue import names
from accelsim.workload.graph import LiveRange, consumers, dag, live_ranges, order, producer
from accelsim.workload.load import load_workload


def test_three_pass_is_a_dag_of_6_einsums_and_9_tensors():
    graph = dag(load_workload("three_pass"))
    kinds = [kind for kind, _ in graph.nodes]
    assert (kinds.count("einsum"), kinds.count("tensor")) == (6, 9)
    assert nx.is_directed_acyclic_graph(graph)


@pytest.mark.parametrize("name", names("workloads"))
def test_every_shipped_cascade_is_acyclic_and_in_order(name):
    cascade = load_workload(name)
    assert nx.is_directed_acyclic_graph(dag(cascade))
    assert order(cascade) == tuple(einsum.name for einsum in cascade.einsums)


def test_the_scores_of_three_pass_are_made_by_qk_and_read_by_two():
    cascade = load_workload("three_pass")
    assert producer(cascade, "QK") == "QK"
    assert producer(cascade, "Q") is None
    assert consumers(cascade, "QK") == ("GM", "SN")


def test_a_read_of_the_step_before_is_a_consumer_but_no_edge():
    cascade = load_workload("one_pass")
    assert consumers(cascade, "RD") == ("SPD", "AV")
    assert not dag(cascade).has_edge(("tensor", "RD"), ("einsum", "SPD"))
    assert dag(cascade).has_edge(("tensor", "RD"), ("einsum", "AV"))


def test_scores_live_from_qk_to_sn_inputs_from_their_reader_and_outputs_to_the_end():
    ranges = live_ranges(load_workload("three_pass"))
    assert ranges["QK"] == LiveRange("QK", "QK", "SN")
    assert ranges["V"] == LiveRange("V", "AV", "AV")
    assert ranges["SD"] == LiveRange("SD", "SD", "A")
    assert ranges["AV"] == LiveRange("AV", "AV", "AV")


def test_a_running_value_lives_from_the_reader_of_its_last_step():
    ranges = live_ranges(load_workload("one_pass"))
    assert ranges["RD"] == LiveRange("RD", "SPD", "AV")


def test_live_ranges_follow_the_order_that_is_given(cascade_of):
    cascade = cascade_of(
        "A[p] = X[p] * 2\nB[p] = X[p] * 3\nC[p] = A[p] + B[p]", "{P: 4}", "{X: [P]}"
    )
    assert live_ranges(cascade, ("B", "A", "C"))["B"] == LiveRange("B", "B", "C")
    assert live_ranges(cascade, ("B", "A", "C"))["X"] == LiveRange("X", "B", "A")
