"""Points that fail among others."""

from collections.abc import Callable
from pathlib import Path

import pytest

from accelsim import sweep
from accelsim.base.errors import InputError, StudyError
from accelsim.study.run import run_tables
from accelsim.study.study import Study

Load = Callable[..., Study]

AXES = """\
vary:
  bandwidth: {set: arch.memories.DRAM.bandwidth, from: 1 B/cycle, to: 16 B/cycle, steps: 40}
  workload.ranks.M: {from: 1, to: 25, steps: 25}
"""


def test_a_point_that_fails_is_a_row_with_its_error_and_the_others_go_on(load: Load) -> None:
    """The mapping divides by M - 9, and no memory has 0 B/cycle."""
    text = AXES.replace("from: 1 B/cycle", "from: 0 B/cycle").replace("steps: 40", "steps: 5")
    study = load(text)
    mapping = Path(str(study.mapping))
    division = "M: ceil(M / Array.columns) + 0 * ceil(1 / (M - 9))"
    mapping.write_text(mapping.read_text().replace("M: ceil(M / Array.columns)", division))
    found = sweep(study)
    bad = found[found["error"].notna()]
    assert len(found) == 125
    assert len(bad) == 25 + 4
    assert set(bad[bad["bandwidth"] > 0]["workload.ranks.M"]) == {9}
    assert bad[bad["bandwidth"] > 0]["error"].str.contains("division by zero").all()
    assert bad[bad["bandwidth"] == 0]["error"].str.contains("must be|not a quantity|above 0").all()
    assert bad["latency_s"].isna().all()
    assert found[found["error"].isna()]["latency_s"].notna().all()
    alone = sweep(load(AXES.replace("steps: 40", "steps: 1").replace("steps: 25", "steps: 1")))
    assert alone["error"].isna().all()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("vary: {arch.memories.DRM.bandwidth: [4 B/cycle]}", "there is no 'DRM'"),
        ("vary: {arch.clock: [4 B]}", "not a quantity in Hz"),
        ("vary: {workload.ranks.N: [4]}", "no workload of the study has a rank 'N'"),
        (AXES + "where: bandwidth > 100", "no point of table results meets"),
        (
            AXES + "sample: {method: adaptive, number: 4, minimise: latency}",
            "there is no measure 'latency'. Did you mean 'latency_s'?",
        ),
    ],
)
def test_what_is_wrong_at_all_points_is_one_error(load: Load, text: str, message: str) -> None:
    with pytest.raises(InputError) as error:
        sweep(load(text))
    assert message in str(error.value)


def test_a_measure_that_is_not_there_is_an_error(load: Load) -> None:
    text = """\
question: Why?
tables:
- name: a
  measures: {x: latency}
  runs: [{parts: [{workload: scale.yaml, arch: machine.yaml, mapping: mapping.yaml}]}]
- name: b
  runs: [{parts: [{workload: scale.yaml, arch: machine.yaml, mapping: mapping.yaml}]}]
"""
    with pytest.raises(StudyError, match="there is no measure 'latency'"):
        sweep(load(text), table="a")
    with pytest.raises(StudyError, match="several tables. Name one of a, b"):
        sweep(load(text))
    assert len(sweep(load(text), table="b")) == 1


WIDE = """\
question: How wide?
workload: attention/one_pass
arch: fusemax_cloud
mapping: fusemax_binding
vary: {columns: {set: arch.compute.Array2D.columns, to: [128, 256, 512, 1024]}}
"""


def test_a_mapping_that_breaks_the_machine_is_an_error_of_its_point(load: Load) -> None:
    """The vector array has 256 columns, and takes a query for each of the matrix array's."""
    found = sweep(load(WIDE))
    assert found["error"].isna().tolist() == [True, True, False, False]
    assert found["latency_s"].notna().tolist() == [True, True, False, False]
    for place, columns in ((2, 512), (3, 1024)):
        assert found["error"][place] == (
            "the mapping fusemax_binding does not fit: "
            f"RM: {columns} tiles side by side on the 256 columns of Array1D, and 6 more"
        )


def test_a_study_stops_there(load: Load) -> None:
    with pytest.raises(StudyError) as error:
        run_tables(load(WIDE))
    assert "256 columns of Array1D, and 6 more (at columns = 512). Leave such" in str(error.value)
    kept = run_tables(load(WIDE + "where: columns <= 256"))["results"]
    assert kept["latency_s"].tolist() == sweep(load(WIDE))["latency_s"].tolist()[:2]
