"""Reading mappings, and choosing among alternatives."""

import numpy as np
import pytest

from accelsim.arch.load import load_arch
from accelsim.base.catalogue import find, names
from accelsim.base.errors import CatalogueError, MappingError, RecordError, YamlError
from accelsim.base.yamlfile import parse_yaml
from accelsim.mapping.load import (
    load_mapping,
    mapping_from_yaml,
    select,
    select_each,
)
from accelsim.mapping.mapping import Choice, Mapping
from accelsim.workload.load import load_workload


def three_pass(length):
    return load_workload("attention/three_pass").with_ranks(P=length, M=length)


@pytest.mark.parametrize("name", names("mappings"))
def test_every_shipped_mapping_says_what_it_is_and_where_it_comes_from(name):
    found = load_mapping(name)
    assert found.about
    assert found.source
    assert found.workload


def test_a_file_with_alternatives_is_a_choice():
    assert isinstance(load_mapping("flat"), Choice)
    assert isinstance(load_mapping("unfused"), Mapping)


def test_one_einsum_or_tensor_needs_no_brackets(mapping_of):
    assert mapping_of(("einsums: [Z]", "einsums: Z")).nests[0].einsums == ("Z",)


def test_a_mapping_that_comes_back_to_itself_is_refused(tmp_path):
    one, other = tmp_path / "one.yaml", tmp_path / "other.yaml"
    text = "about: A\nsource: made up\nworkload: attention/one_pass\nmachine: spatial\nextends: "
    one.write_text(f"{text}{other}\n")
    other.write_text(f"{text}{one}\n")
    with pytest.raises(MappingError, match="one.yaml:1: the mapping extends itself. Extend one"):
        load_mapping(one)


def test_an_unknown_key_is_refused_with_its_line():
    with pytest.raises(RecordError) as caught:
        mapping_from_yaml(parse_yaml("about: A\nschedul: []\n", "m.yaml"))
    assert str(caught.value) == "m.yaml:2: Mapping has no 'schedul'. Did you mean 'schedule'?"


def test_an_unknown_name_is_refused():
    with pytest.raises(CatalogueError, match="^there is no mapping 'fusmax_binding', and no such"):
        load_mapping("fusmax_binding")


# --- choices ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("length", "name"),
    [(1024, "flat_head"), (65536, "flat_row"), (1048576, "flat_weight_stationary")],
)
def test_flat_is_chosen_by_how_many_rows_of_scores_fit(length, name):
    # 32 MiB hold 16384, 256 and 16 rows of 2 B; the array has 256 rows.
    cascade, arch = three_pass(length), load_arch("flat_cloud")
    assert select(load_mapping("flat"), cascade, arch) == load_mapping(name)


def test_a_sweep_gets_each_alternative_with_its_points():
    lengths = np.array([1024, 1048576, 4096, 65536])
    cascade, arch = three_pass(lengths), load_arch("flat_cloud")
    found = select_each(load_mapping("flat"), cascade, arch, 4)
    chosen = {point: mapping for mapping, points in found for point in points.tolist()}
    assert sorted(chosen) == [0, 1, 2, 3]
    for point, length in enumerate(lengths.tolist()):
        assert chosen[point] == select(load_mapping("flat"), three_pass(length), arch)


def test_a_mapping_serves_all_points_of_a_sweep():
    ((found, points),) = select_each(
        load_mapping("unfused"), three_pass(1024), load_arch("unfused_cloud"), 3
    )
    assert isinstance(found, Mapping)
    assert points.tolist() == [0, 1, 2]


def test_no_alternative_that_holds_is_an_error():
    text = (
        "about: A\nsource: B\nworkload: attention/three_pass\nmachine: spatial\n"
        "choose: [{when: P < 9, mapping: flat_head}]"
    )
    with pytest.raises(MappingError) as caught:
        select(mapping_from_yaml(parse_yaml(text)), three_pass(1024), load_arch("flat_cloud"))
    assert str(caught.value) == (
        "no alternative of the mapping is for attention/three_pass at this size; "
        "end `choose` with {when: 1, mapping: ...}"
    )


def test_a_mapping_that_extends_another_keeps_the_nests_it_does_not_name():
    base, changed = load_mapping("flat_row"), load_mapping("flat_row_resident")
    of = {e: nest for nest in changed.nests for e in nest.einsums}
    assert of["QK"].levels[1].keep == ("QK", "Q")
    assert of["AV"] in base.nests
    assert changed.tiles["P1"] == base.tiles["P1"]
    assert (base.tiles["resident_bytes"], changed.tiles["resident_bytes"]) == (
        0,
        "2 * P1 * E * Q.word",
    )


def test_another_schedule_of_the_same_nests_is_a_few_lines():
    binding, architecture = load_mapping("fusemax_binding"), load_mapping("fusemax_architecture")
    assert architecture.nests == binding.nests
    assert architecture.schedule[0].phases[0].drain == ("LM",)
    assert architecture.machines == ()


def test_an_override_changes_a_tile_or_adds_one():
    assert load_mapping("fusemax_binding", {"tiles.X": 8}).tiles["X"] == 8
    with pytest.raises(YamlError, match="Mapping has no 'tils'. Did you mean 'tiles'?"):
        load_mapping("fusemax_binding", {"tils.X": 8})


def test_a_machine_is_no_mapping():
    with pytest.raises(RecordError, match="this is no mapping; it has the keys clock, notes"):
        mapping_from_yaml(parse_yaml("clock: 1 GHz\nnotes: none\n", "m.yaml"))


@pytest.mark.parametrize("kind", ["extends", "choose"])
def test_a_file_that_another_names_lies_beside_it(tmp_path, monkeypatch, kind):
    (tmp_path / "base.yaml").write_text(find("fusemax_binding", "mappings").read_text())
    head = "about: A\nsource: made up\nworkload: attention/one_pass\nmachine: spatial\n"
    also = {
        "extends": "extends: base.yaml\n",
        "choose": "choose: [{when: 1, mapping: base.yaml}]\n",
    }
    (tmp_path / "one.yaml").write_text(head + also[kind])
    monkeypatch.chdir("/")
    found = load_mapping(tmp_path / "one.yaml")
    chosen = select(found, load_workload("attention/one_pass"), load_arch("fusemax_cloud"))
    assert chosen.nests
