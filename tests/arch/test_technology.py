from dataclasses import replace

import numpy as np
import pytest

from accelsim.arch import tables
from accelsim.arch.tables import Beyond, Entry, Table
from accelsim.arch.technology import Wanted, describe, look_up
from accelsim.base.errors import ArchError

READ = "read_pj_per_byte"


def entry(nm, size, row=8, ports=1, read=None, area=None):
    return Entry(
        technology_nm=nm,
        capacity_bytes=size,
        row_bytes=row,
        ports=ports,
        read_pj_per_byte=read,
        area_um2=area,
        source="made up",
    )


@pytest.fixture
def made_up(monkeypatch):
    """1 to 100 pJ/B over 1 to 100 KiB at 40 nm, a quarter of it at 10 nm, and wider rows."""
    entries = (
        entry(40, 1024, read=1, area=1e4),
        entry(40, 102400, read=100, area=1e6),
        entry(40, 1024, row=32, read=4),
        entry(40, 102400, row=32, read=400),
        entry(10, 1024, read=0.25),
        entry(10, 102400, read=25),
        Entry(name="unit", technology_nm=40, energy_pj=8, area_um2=3, source="made up"),
    )
    laws = {"x": None, "y": Beyond(read=0.5, area=1, source="a law")}
    monkeypatch.setattr(
        tables, "_table", lambda name: Table(about="", entries=entries, beyond=laws[name])
    )


WANTED = Wanted(technology_nm=40, capacity_bytes=10240, row_bytes=8)


@pytest.mark.usefixtures("made_up")
class TestInterpolation:
    def test_an_entry_is_met_exactly(self):
        assert look_up("x", READ, replace(WANTED, capacity_bytes=1024)).value == 1

    def test_halfway_on_logarithms_between_1_and_100_lies_10(self):
        assert look_up("x", READ, WANTED).value == pytest.approx(10)

    def test_it_says_which_entries_it_lies_between(self):
        sizes = [e.capacity_bytes for e in look_up("x", READ, WANTED).entries]
        assert sizes == [1024, 102400]

    def test_between_equal_rows_it_has_nothing_to_note(self):
        assert look_up("x", READ, WANTED).notes == ()

    def test_halfway_between_rows_of_8_and_32_lies_twice_the_energy(self):
        found = look_up("x", READ, replace(WANTED, row_bytes=16))
        assert found.value == pytest.approx(20)
        assert found.notes == ("row 16 B: taken from 8 and 32 B",)

    def test_a_row_beyond_the_table_takes_the_nearest_and_says_so(self):
        found = look_up("x", READ, replace(WANTED, row_bytes=512))
        assert found.value == pytest.approx(40)
        assert found.notes == ("row 512 B: taken from 32 B",)

    def test_more_ports_than_the_table_has_are_taken_from_one_and_it_says_so(self):
        found = look_up("x", READ, replace(WANTED, ports=4))
        assert (found.value, found.notes) == (pytest.approx(10), ("ports 4: taken from 1",))

    def test_halfway_between_40_and_10_nm_lies_half_the_energy(self):
        found = look_up("x", READ, replace(WANTED, technology_nm=20))
        assert found.value == pytest.approx(5)
        assert found.notes == ("technology 20 nm: taken from 10 and 40 nm",)

    def test_the_area_does_not_depend_on_the_row(self):
        assert look_up("x", "area_um2", replace(WANTED, row_bytes=512)).value == pytest.approx(1e5)

    def test_an_array_of_capacities_gives_an_array(self):
        sizes = np.array([1024, 10240, 102400])
        found = look_up("x", READ, replace(WANTED, capacity_bytes=sizes))
        assert found.value == pytest.approx([1, 10, 100])

    @pytest.mark.parametrize(("quantity", "node"), [(READ, 40), (READ, 20), ("area_um2", 40)])
    @pytest.mark.parametrize("row", [8, 11])
    def test_an_array_has_what_each_has_alone_to_the_last_bit(self, quantity, node, row):
        sizes = np.geomspace(1024, 102400, 301)[::-1]
        wish = replace(WANTED, technology_nm=node, row_bytes=row)
        found = look_up("x", quantity, replace(wish, capacity_bytes=sizes))
        each = [look_up("x", quantity, replace(wish, capacity_bytes=size)) for size in sizes]
        assert found.value.tolist() == [one.value for one in each]
        assert set(found.entries) == {entry for one in each for entry in one.entries}
        assert set(found.notes) == {note for one in each for note in one.notes}

    def test_outside_the_capacities_it_refuses_and_says_what_the_table_holds(self):
        with pytest.raises(ArchError) as error:
            look_up("x", READ, replace(WANTED, capacity_bytes=512))
        assert str(error.value) == (
            "the part 'x' has no read energy for 512 B at 40 nm. "
            "Its table holds 1 KiB to 100 KiB at 10 nm; 1 KiB to 100 KiB at 40 nm"
        )

    def test_one_capacity_outside_refuses_the_whole_array(self):
        with pytest.raises(ArchError, match="for 1 MiB at 40 nm"):
            sizes = np.array([1024, 2**20])
            look_up("x", READ, replace(WANTED, capacity_bytes=sizes))

    def test_technologies_and_rows_may_be_arrays_too(self):
        technologies = np.array([[40], [20]])
        rows = np.array([8, 16, 32])
        found = look_up("x", READ, replace(WANTED, technology_nm=technologies, row_bytes=rows))
        assert found.value == pytest.approx(np.array([[10, 20, 40], [5, 50**0.5, 10]]))

    def test_beyond_the_technologies_it_refuses(self):
        with pytest.raises(ArchError, match="the part 'x' has no read energy for 10 KiB at 65 nm"):
            look_up("x", READ, replace(WANTED, technology_nm=65))

    def test_a_quantity_that_no_entry_has_must_be_written_directly(self):
        with pytest.raises(ArchError) as error:
            look_up("x", "leakage_w", WANTED)
        assert str(error.value) == "the part 'x' has no leakage. Write it directly"

    def test_a_machine_without_technology_is_told_to_name_one(self):
        with pytest.raises(ArchError) as error:
            look_up("x", READ, replace(WANTED, technology_nm=None))
        assert str(error.value) == (
            "the part 'x' has no read energy for 10 KiB. "
            "Add a line like 'technology: 45 nm' to the machine"
        )

    def test_a_unit_has_no_capacity_to_interpolate_over(self):
        assert look_up("x/unit", "energy_pj", Wanted(40)).value == 8


@pytest.mark.usefixtures("made_up")
class TestBeyondTheCapacities:
    """The table y holds 1 to 100 KiB: 1 to 100 pJ/B, 1e4 to 1e6 um^2."""

    def test_four_times_the_capacity_takes_twice_the_energy_and_four_times_the_area(self):
        larger = replace(WANTED, capacity_bytes=4 * 102400)
        assert look_up("y", READ, larger).value == pytest.approx(2 * 100)
        assert look_up("y", "area_um2", larger).value == pytest.approx(4 * 1e6)

    def test_a_quarter_of_the_smallest_takes_half_the_energy(self):
        assert look_up("y", READ, replace(WANTED, capacity_bytes=256)).value == pytest.approx(0.5)

    def test_it_says_from_where_by_which_law_and_whose_that_is(self):
        found = look_up("y", READ, replace(WANTED, capacity_bytes=256))
        assert found.extrapolated == (
            "extrapolated from 1 KiB, read energy ~ capacity^0.5 below it [a law]",
        )
        area = look_up("y", "area_um2", replace(WANTED, capacity_bytes=2**30))
        assert area.extrapolated == ("extrapolated from 100 KiB, area ~ capacity above it [a law]",)

    @pytest.mark.parametrize("quantity", [READ, "area_um2"])
    def test_an_array_has_what_each_has_alone_to_the_last_bit(self, quantity):
        sizes = np.geomspace(64, 2**24, 301)
        found = look_up("y", quantity, replace(WANTED, capacity_bytes=sizes))
        each = [look_up("y", quantity, replace(WANTED, capacity_bytes=size)) for size in sizes]
        assert found.value.tolist() == [one.value for one in each]
        assert set(found.extrapolated) == {law for one in each for law in one.extrapolated}

    def test_within_the_capacities_the_law_changes_nothing(self):
        assert look_up("y", READ, WANTED) == replace(look_up("x", READ, WANTED), part="y")

    def test_an_array_is_continued_at_both_ends_and_says_so_once_each(self):
        sizes = np.array([256, 10240, 4 * 102400, 16 * 102400])
        found = look_up("y", READ, replace(WANTED, capacity_bytes=sizes))
        assert found.value == pytest.approx([0.5, 10, 200, 400])
        assert [law[:26] for law in found.extrapolated] == [
            "extrapolated from 1 KiB, r",
            "extrapolated from 100 KiB,",
        ]

    def test_what_the_law_says_nothing_of_is_still_refused(self):
        with pytest.raises(ArchError, match="the part 'y' has no leakage"):
            look_up("y", "leakage_w", replace(WANTED, capacity_bytes=256))


def test_128_mib_at_45_nm_have_four_times_the_area_of_the_32_mib_in_the_table():
    found = look_up("sram", "area_um2", Wanted(45, 128 * 2**20, 512, 4))
    assert found.value == pytest.approx(4 * 94176255.9664)
    assert found.extrapolated[0].startswith(
        "extrapolated from 32 MiB, area ~ capacity above it [assumed"
    )


@pytest.mark.parametrize("nm", [45, 16, 7])
@pytest.mark.parametrize(("quantity", "growth"), [(READ, 2**0.5), ("area_um2", 2)])
def test_a_sweep_from_64_b_to_1_gib_has_a_number_everywhere(nm, quantity, growth):
    values = look_up("sram", quantity, Wanted(nm, 2 ** np.arange(6, 31), 8)).value
    assert np.all((values > 0) & np.isfinite(values))
    assert values[-3:] / values[-4:-1] == pytest.approx(growth)


def test_two_tables_of_one_size_give_their_geometric_mean():
    found = look_up("sram", "area_um2", Wanted(16, 16 * 2**20))
    assert found.value == pytest.approx((9.74e6 * 14641628) ** 0.5)
    assert len(found.entries) == 2


def test_a_16_mib_buffer_with_4096_bit_rows_and_4_ports_costs_13_4_nj_a_row():
    found = look_up("sram", READ, Wanted(45, 16 * 2**20, 512, 4))
    assert found.value * 512 == pytest.approx(13400)


def test_hwcomponents_16_mib_at_16_nm_costs_430_pj_for_512_bit():
    assert look_up("sram", READ, Wanted(16, 16 * 2**20, 64)).value * 64 == pytest.approx(430)


def test_a_small_sram_at_16_nm_is_taken_from_7_and_45_nm_and_says_so():
    found = look_up("sram", READ, Wanted(16, 2**20, 8))
    assert 14 < found.value * 8 < 100
    assert found.notes == ("technology 16 nm: taken from 7 and 45 nm",)


def test_a_register_file_of_32_entries_at_45_nm_costs_0_65_pj_a_word():
    found = look_up("register_file", READ, Wanted(45, 64, 2))
    assert found.value * 2 == pytest.approx(0.653431)


def test_a_dram_needs_no_technology():
    assert look_up("dram/HBM2", READ, Wanted()).value == pytest.approx(31.2)


def test_a_description_has_the_value_the_entries_their_sources_and_the_notes():
    assert describe(look_up("sram", "area_um2", Wanted(45, 32 * 2**20, 512, 4))) == (
        "sram area: 94.18 mm^2\n"
        "  45 nm, 32 MiB, row 8 B: 94.18 mm^2 [Accelergy with CACTI, FuseMax artifact, "
        "area_energy/outputs-2d-flat: global_buffer 4194304 x 64 bit, 4 banks [read]]\n"
        "  note: ports 4: taken from 1"
    )
