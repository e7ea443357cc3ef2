import pytest

from accelsim.base.errors import InputError
from accelsim.base.yamlfile import parse_yaml
from accelsim.report.spec import Bars, Look, Pareto, read_figures, shown_per_unit, shown_unit

SPEED = """\
names:
  config:
    flat: FLAT
    binding: {label: +Binding, colour: blue}
figures:
- name: speed
  kind: bars
  table: results
  where: {scope: attention, seq_len: [1024, 4096]}
  groups: seq_len
  axis: sequence length
  series: config
  value: latency_s
  speedup_over: flat
  title: Speedup over {baseline}
- {name: area, kind: pareto, table: pareto, x: {column: area_um2, label: area, unit: mm^2},
   y: {column: latency_s, label: latency}, series: model, title: Area}
"""


def read(text):
    return read_figures(parse_yaml(text, "study.yaml"))


def complaint(text):
    with pytest.raises(InputError) as raised:
        read(text)
    return str(raised.value)


def test_a_study_lists_its_figures_by_kind():
    speed, area = read(SPEED).figures
    assert isinstance(speed, Bars) and isinstance(area, Pareto)
    assert speed.where == {"scope": "attention", "seq_len": (1024, 4096)}
    assert area.x.unit == "mm^2"


def test_a_name_is_a_label_or_a_label_with_a_colour():
    assert read(SPEED).names["config"] == {
        "flat": Look(label="FLAT"),
        "binding": Look(label="+Binding", colour="blue"),
    }


def test_names_may_be_left_out_and_other_keys_belong_to_the_study():
    assert read("question: Why?\nfigures: []\n").names == {}


def test_a_misspelt_kind_is_refused_with_its_line():
    text = SPEED.replace("kind: bars", "kind: bar")
    assert complaint(text) == ("study.yaml:7: 'bar' is no kind of figure. Did you mean 'bars'?")


def test_a_misspelt_key_is_refused_with_its_line():
    text = SPEED.replace("series: config", "serie: config")
    assert complaint(text) == "study.yaml:12: Bars has no 'serie'. Did you mean 'series'?"


def test_a_colour_that_is_not_in_the_palette_is_refused():
    text = SPEED.replace("colour: blue", "colour: blu")
    assert "there is no colour 'blu'. Did you mean 'blue'?" in complaint(text)


def test_two_baselines_are_one_too_many():
    text = SPEED.replace("speedup_over: flat", "speedup_over: flat\n  normalise_to: flat")
    assert "'normalise_to' or 'speedup_over', not both" in complaint(text)


def test_a_name_that_leads_out_of_the_folder_is_refused():
    assert "cannot be a file's name" in complaint(SPEED.replace("name: speed", "name: ../speed"))


def test_a_column_is_shown_in_the_unit_that_is_asked_for():
    assert shown_per_unit("area_um2", "mm^2") == 1e6
    assert shown_per_unit("util_2d", "%") == 0.01
    assert shown_per_unit("latency_s", "") == 1
    assert shown_unit("latency_s", "") == "s"
    assert shown_unit("util_2d", "") == ""


def test_a_unit_of_another_dimension_is_refused():
    with pytest.raises(InputError, match="is not a quantity in s"):
        shown_per_unit("latency_s", "mm^2")


def test_the_fusemax_figures_are_6_to_12_with_6_in_two_parts(figures):
    assert [figure.name[:6].rstrip("_") for figure in figures.figures] == [
        "fig06a", "fig06b", "fig07", "fig08", "fig09", "fig10", "fig11", "fig12",
    ]  # fmt: skip
    assert all(figure.source and figure.caption for figure in figures.figures)
