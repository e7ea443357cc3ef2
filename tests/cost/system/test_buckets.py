"""Nodes between which functions of sizes are interpolated."""

import pytest

from accelsim.cost.system.buckets import Bucketed


def test_between_two_sizes_are_all_to_16_then_so_many_an_octave() -> None:
    assert Bucketed(2).between(13, 70) == (13, 14, 15, 16, 23, 32, 45, 64, 70)
    assert Bucketed(1).between(100, 600) == (100, 128, 256, 512, 600)
    assert Bucketed(8).between(5, 5) == (5,)


@pytest.mark.parametrize("size", [17, 100, 1000.5, 4096])
def test_a_size_lies_between_the_nodes_around_it(size: float) -> None:
    nodes = Bucketed(4)
    around = nodes.around(size)
    assert sum(node * share for node, share in around) == pytest.approx(size)
    assert {node for node, _ in around} <= set(nodes.between(1, 8192))
