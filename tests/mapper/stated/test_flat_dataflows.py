"""FLAT's own search, asked again: for every row that it published, is there a mapping in its space
that moves no more bytes of DRAM under the same buffer?

Where FLAT keeps the scores in the buffer its figure has all of the traffic. Where they are in DRAM
its figure is that of the two products, without what the softmax reads and writes; there the
products are compared with it, and the whole with FLAT's choice in our model.
"""

import csv
from pathlib import Path
from typing import NamedTuple

import pytest

from accelsim.arch.load import load_arch
from accelsim.base.catalogue import shipped
from accelsim.cost.evaluate import evaluate
from accelsim.mapper.find import find_mapping
from accelsim.mapper.stated.space import load_space
from accelsim.mapping.load import load_mapping
from accelsim.workload.load import load_workload

TABLE = shipped() / "studies" / "published" / "fusemax" / "flat_cloud_rows.csv"
REFERENCE = (
    Path(__file__).parents[2].parent / "shared/reference/fusemax/results/flat_validation.csv"
)


class Row(NamedTuple):
    model: str
    keys: str
    scores_in: str
    traffic_bytes: int

    def cascade(self, workload="attention/three_pass"):
        return load_workload(workload, {"ranks.P": self.keys, "ranks.M": self.keys}, self.model)


def rows():
    lines = [line for line in TABLE.read_text().splitlines() if not line.startswith("#")]
    return [
        Row(each["model"], each["keys"], each["scores_in"], int(each["traffic_bytes"]))
        for each in csv.DictReader(lines)
    ]


def dataflows(**options):
    """The space with one option of some choices; to be quick, one stationarity of each product."""
    space = load_space("flat_dataflows")
    one = {"QK": "K stationary", "AV": "V stationary", **options}
    choices = {
        choice: {one[choice]: each[one[choice]]} if choice in one else each
        for choice, each in space.choices.items()
    }
    return space.model_copy(update={"choices": choices})


def products_bytes(cost, cascade):
    return sum(
        row.count * cascade.tensors[row.tensor].word_bytes
        for row in cost.rows
        if row.part == "DRAM" and row.einsum in ("QK", "AV") and row.action in ("read", "write")
    )


def named(row):
    return f"{row.model}-{row.keys}"


IN_BUFFER = [row for row in rows() if row.scores_in == "GlobalBuffer"]
IN_DRAM = [row for row in rows() if row.scores_in == "DRAM"]


@pytest.mark.parametrize("row", IN_BUFFER, ids=named)
def test_no_more_bytes_than_flat_where_it_keeps_the_scores_in_the_buffer(row):
    found = find_mapping(row.cascade(), load_arch("flat_cloud"), "traffic.DRAM", space=dataflows())
    assert found.optimal
    assert found.value <= row.traffic_bytes


@pytest.mark.parametrize("row", IN_DRAM, ids=named)
def test_no_more_bytes_of_the_products_than_flat_where_the_scores_are_in_dram(row):
    cascade, arch = row.cascade(), load_arch("flat_cloud")
    space = dataflows(scores="in DRAM")
    found = find_mapping(cascade, arch, "traffic.DRAM", space=space)
    flat = evaluate(cascade, arch, load_mapping("flat_weight_stationary"))
    assert products_bytes(flat, cascade) == pytest.approx(row.traffic_bytes, rel=1e-3)
    assert products_bytes(found.cost, cascade) <= row.traffic_bytes
    assert found.value <= flat.traffic_bytes["DRAM"]


@pytest.mark.parametrize("row", IN_DRAM, ids=named)
def test_no_more_bytes_than_flat_with_its_softmax_if_the_division_is_deferred(row):
    cascade = row.cascade("attention/deferred_division")
    space = load_space("flat_deferred_division")
    found = find_mapping(cascade, load_arch("flat_cloud"), "traffic.DRAM", space=space)
    assert found.value <= row.traffic_bytes


@pytest.mark.skipif(not REFERENCE.is_file(), reason="the artifact's table is not at hand")
def test_the_table_is_that_of_the_artifact():
    with REFERENCE.open() as lines:
        theirs = [
            (each["models"].lower(), each["M"], round(float(each["mem_traffic"])))
            for each in csv.DictReader(lines)
        ]
    assert theirs == [(row.model, row.keys, row.traffic_bytes) for row in rows()]
