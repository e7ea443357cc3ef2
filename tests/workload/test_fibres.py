"""Fibres, their roots and families."""

from collections.abc import Callable

from accelsim.workload.einsum import Cascade
from accelsim.workload.fibres import Fibre, family, fibres, leaves
from accelsim.workload.load import load_workload


def roots(cascade: Cascade, *ranks: str) -> list[str]:
    return [fibre.root for fibre in fibres(cascade, *ranks)]


def test_attention_has_a_fibre_of_keys_and_one_of_values() -> None:
    cascade = load_workload("attention/three_pass")
    assert roots(cascade, "M") == ["K", "V"]
    assert family(cascade, Fibre("K", frozenset("M"))) == {"K", "QK", "SN", "A"}


def test_the_summaries_of_tiles_are_the_fibres_of_the_outer_part() -> None:
    cascade = load_workload("attention/one_pass")
    assert roots(cascade, "M") == ["K", "V"]
    assert "LM" in roots(cascade, "M1") and "K" not in roots(cascade, "M1")


def test_a_broadcast_has_no_fibre(cascade_of: Callable[..., Cascade]) -> None:
    text = "A[p,m] = B[p] * 2\nZ[p,m] = A[p,m] + X[m]"
    cascade = cascade_of(text, "{P: 2, M: 3}", "{B: [P], X: [M]}", more="outputs: {A: [P, M]}\n")
    assert roots(cascade, "M") == ["X"]


def test_a_tensor_read_under_another_name_starts_a_fibre(
    cascade_of: Callable[..., Cascade],
) -> None:
    text = "A[p] = X[p] * 2\nZ[p,m] = A[p] * A[m]"
    cascade = cascade_of(text, "{P: 3, M: P}", "{X: [P]}")
    assert (roots(cascade, "P"), roots(cascade, "M")) == (["X"], ["A"])


def test_leaves_are_the_innermost_parts(cascade_of: Callable[..., Cascade]) -> None:
    text = "m -> m1, m0\nZ[p] += X[m1,m0] * B[p]"
    cascade = cascade_of(text, "{P: 2, M: 4, M0: 2}", "{B: [P], X: [M]}")
    assert leaves(cascade, "M", "P") == ("M1", "M0", "P")
