"""The traversal of one fibre in which each Einsum runs."""

from accelsim.workload.fibres import Fibre
from accelsim.workload.load import load_workload
from accelsim.workload.traversals import traversals


def test_values_are_traversed_once_though_keys_are_three_times() -> None:
    cascade = load_workload("attention/three_pass")
    keys = traversals(cascade, Fibre("K", frozenset("M")))
    values = traversals(cascade, Fibre("V", frozenset("M")))
    assert keys.visit == {"QK": 1, "GM": 1, "SN": 2, "SD": 2, "A": 3, "AV": 3}
    assert values.visit == {"AV": 1}


def test_a_wait_leads_from_the_reduction_to_what_is_read() -> None:
    cascade = load_workload("attention/one_pass")
    (wait,) = traversals(cascade, Fibre("K", frozenset(["M0"]))).waits
    assert (wait.reduction, wait.einsum, wait.revisits) == ("LM", "SLN", "BQK")
    assert (wait.result, wait.via) == ("RM[b,h,m1+1,p]", ("LM", "RM"))
