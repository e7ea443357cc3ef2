import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import pytest

from accelsim import load_workload
from accelsim.workload.graph import dag, layers, sources
from accelsim.workload.html import drawing

NAMES = ["attention/one_pass", "attention/three_pass", "transformer/linear_layers", "heads/mla"]


def parts(svg, tag):
    return [each for each in ElementTree.fromstring(svg).iter() if each.tag.endswith(tag)]


@pytest.mark.parametrize("name", NAMES)
def test_layers_have_every_node_below_what_it_reads(name):
    cascade = load_workload(name)
    rows = layers(cascade)
    level = {node: number for number, row in enumerate(rows) for node in row}
    read = {access.tensor for einsum in cascade.einsums for access in einsum.reads}
    assert (
        len(level)
        == sum(map(len, rows))
        == len(cascade.einsums) + len(read.intersection(cascade.inputs))
    )
    for einsum, found in sources(cascade).items():
        assert all(level[node] < level["einsum", einsum] for node in found)


@pytest.mark.parametrize("name", NAMES)
def test_the_drawing_has_a_box_a_node_and_a_line_a_read_of_the_dag(name):
    cascade = load_workload(name)
    svg = drawing(cascade)
    labels = [text.text.split()[0] for text in parts(svg, "text")]
    edges = sum(kind == "tensor" for (kind, _), _ in dag(cascade).edges)
    assert sorted(labels) == sorted(name for row in layers(cascade) for _, name in row)
    assert len(parts(svg, "path")) == edges


def test_boxes_of_a_row_do_not_overlap():
    boxes = [
        (float(each.get("y")), float(each.get("x")), float(each.get("width")))
        for each in parts(drawing(load_workload("attention/one_pass")), "rect")
    ]
    for (y, x, width), (below, after, _) in zip(sorted(boxes), sorted(boxes)[1:], strict=False):
        assert below > y or after >= x + width


def test_running_values_have_a_mark_and_outputs_a_thick_line():
    cascade = load_workload("attention/one_pass")
    svg = drawing(cascade)
    marked = [text.text.split()[0] for text in parts(svg, "text") if "↻" in text.text]
    assert marked == ["RM", "PRM", "SPD", "SPNV"]
    thick = [each for each in parts(svg, "rect") if each.get("stroke-width") == "2"]
    assert len(thick) == len(cascade.outputs)


def test_in_a_notebook_a_cascade_is_its_name_drawing_text_and_counts_escaped():
    cascade = replace(load_workload("attention/three_pass"), about="1 < 2 <script>")
    page = cascade._repr_html_()
    assert "1 &lt; 2 &lt;script&gt;" in page and "<script" not in page
    assert page.count("<svg") == 1
    assert re.search(r"compulsory traffic</td><td[^>]*>24 MiB", page)
    assert "QK[b,h,p,m] += Q[b,h,p,e] * K[b,h,m,e]" in page
