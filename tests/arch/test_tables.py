import pytest

from accelsim.arch.tables import label, part_entries, reach_of, says, words, written
from accelsim.base.catalogue import names
from accelsim.base.errors import ArchError


def test_a_table_is_all_its_entries_and_a_name_selects_some():
    assert len(part_entries("units/mac_fp16")) == 3 < len(part_entries("units"))


def test_hbm2_costs_3_9_pj_per_bit():
    (entry,) = part_entries("dram/HBM2")
    assert entry.read_pj_per_byte == pytest.approx(3.9 * 8)


@pytest.mark.parametrize("table", [name for name in names("parts") if name != "compositions"])
def test_every_entry_names_its_source_and_how_it_was_had(table):
    marks = ("[read", "[recalled", "[second-hand", "derived")
    assert all(any(mark in entry.source for mark in marks) for entry in part_entries(table))


@pytest.mark.parametrize("name", ["mac_fp16", "add_fp16", "max_16", "exp_fp16", "div_16"])
def test_every_unit_of_the_attention_machines_is_there_at_45_16_and_7_nm(name):
    assert [entry.technology_nm for entry in part_entries(f"units/{name}")] == [45, 16, 7]


@pytest.mark.parametrize("table", ["sram", "register_file"])
def test_memories_are_there_at_45_16_and_7_nm(table):
    assert {45, 16, 7} <= {entry.technology_nm for entry in part_entries(table)}


def test_an_unknown_table_is_answered_with_the_nearest():
    with pytest.raises(ArchError) as error:
        part_entries("srm")
    text = "the parts catalogue has no table 'srm'. Did you mean 'sram'?"
    assert str(error.value) == text


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(ArchError) as error:
        part_entries("dram/HBM9")
    text = "the parts catalogue has no 'HBM9' in 'dram'. Did you mean 'HBM3'?"
    assert str(error.value) == text


def test_a_name_in_a_table_without_names_is_refused():
    with pytest.raises(ArchError) as error:
        part_entries("sram/fast")
    assert str(error.value) == "the parts catalogue has no 'fast' in 'sram'. It has no names"


def test_a_dram_has_read_energy_but_no_area():
    assert (says("dram/HBM2", "read_pj_per_byte"), says("dram/HBM2", "area_um2")) == (True, False)


def test_values_are_written_for_people():
    assert written("area_um2", 94176256) == "94.18 mm^2"
    assert words("read_pj_per_byte") == "read energy"
    assert reach_of([384, 32 * 2**20]) == "384 B to 32 MiB"


def test_an_entry_is_called_by_what_it_holds_for():
    entry = next(e for e in part_entries("sram") if e.ports == 4)
    assert label(entry) == "45 nm, 16 MiB, row 512 B, 4 ports"
