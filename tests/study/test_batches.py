"""How many points a chunk has: what a killed sweep does again."""

import pytest

from accelsim.base.yamlfile import parse_yaml
from accelsim.study import batches
from accelsim.study.load import read_study
from accelsim.study.study import Study


def study_of(mapping: str = "", derive: str = "") -> Study:
    text = f"""\
question: Which?
tables:
- name: results
  vary:
    rate: {{set: arch.memories.DRAM.bandwidth, to: [100 GB/s, 200 GB/s, 400 GB/s]}}
    length: {{set: workload.ranks.P, from: 1, to: 100, step: 1}}
  runs:
  - parts: [{{workload: attention/one_pass, arch: fusemax_cloud{mapping}}}]
  {derive}
"""
    return read_study(parse_yaml(text, "study.yaml"))


def chunks_of(study: Study) -> list[list[tuple[int, float]]]:
    found = batches.sweep_batches_of(study, study.tables[0])
    return [
        list(zip(*(points.columns[name].tolist() for name in ("length", "rate")), strict=True))
        for points in found
    ]


@pytest.fixture(autouse=True)
def few_kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "KINDS", 16)


def test_points_that_are_mapped_anew_are_few_in_a_chunk() -> None:
    chunks = chunks_of(study_of())
    lengths = [{length for length, _ in chunk} for chunk in chunks]
    # 100 lengths, each mapped once for its three bandwidths: 6 chunks of 16, and 4.
    assert [len(each) for each in lengths] == [16] * 6 + [4]
    assert [len(chunk) for chunk in chunks] == [48] * 6 + [12]
    points = [point for chunk in chunks for point in chunk]
    assert len(set(points)) == len(points) == 300


def test_a_bandwidth_that_decides_a_size_makes_every_point_a_kind() -> None:
    derive = "derive: {arch.compute.Array2D.rows: 'ceil(rate / 1e9)'}"
    assert [len(chunk) for chunk in chunks_of(study_of(derive=derive))] == [16] * 18 + [12]


def test_points_of_a_named_mapping_are_one_chunk() -> None:
    assert [len(chunk) for chunk in chunks_of(study_of(", mapping: fusemax_binding"))] == [300]
