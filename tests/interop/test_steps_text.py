"""What is printed is short, whatever the graph."""

import pytest

from accelsim.interop.torch_export import from_torch

torch = pytest.importorskip("torch")
nn = torch.nn


@pytest.fixture(scope="module")
def found():
    layers = [layer for _ in range(20) for layer in (nn.Linear(4, 8), nn.GELU(), nn.Linear(8, 4))]
    return from_torch(nn.Sequential(*layers), (torch.zeros(3, 4),), name="tower")


def test_repr_is_a_line(found):
    assert repr(found) == "<tower: 40 cascades (40 product), 39 links, 20 nodes left out>"
    assert repr(found.steps[0]) == "<Linear: product, M=3 N=8 K=4>"


def test_printed_it_is_a_row_a_cascade_and_a_line_a_kind_of_what_is_left_out(found):
    head, columns, first, second, *rest = str(found).splitlines()
    assert head == "tower: 40 cascades (40 product), 39 links, 20 nodes left out"
    assert columns.split() == ["workload", "is", "ranks", "operations", "reads"]
    assert first.split() == ["Linear", "product", "M=3", "N=8", "K=4", "96", "mac,", "24", "add"]
    assert second.split()[-2:] == ["add", "Linear"]
    assert rest[-1] == "left out: 20 x gelu (480 elements), first gelu: not understood"
    assert len(rest) == 39


def test_a_notebook_shows_a_table_without_html_of_the_graph(found):
    shown = found._repr_html_()
    assert shown.count("<tr>") == 41
    named = from_torch(nn.Linear(4, 4), (torch.zeros(3, 4),), name="<b>")
    assert "<b>&lt;b&gt;</b>" in named._repr_html_()
