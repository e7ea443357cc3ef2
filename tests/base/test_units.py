from fractions import Fraction

import numpy as np
import pytest

from accelsim.base import units
from accelsim.base.errors import InputError
from accelsim.base.units import (
    format_bytes,
    format_count,
    format_quantity,
    key_of,
    quantity,
    read_count,
    suffix_of,
)


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("512 KiB", "B", 512 * 1024),
        ("16 GB", "B", 16 * 10**9),
        ("16 GiB", "B", 16 * 2**30),
        ("2 kB", "B", 2000),
        ("8 bit", "B", 1),
        ("1 kbit", "B", 125),
        ("4 pJ/bit", "pJ/B", 32),
        ("0.675 pJ", "pJ", 0.675),
        ("30 fJ", "pJ", 0.03),
        ("940 MHz", "Hz", 940_000_000),
        ("9.7 mm^2", "um^2", 9_700_000),
        ("128 B/cycle", "B/cycle", 128),
        ("128B / cycle", "B/cycle", 128),
        ("400 GiB/s", "B/s", 400 * 2**30),
        ("5 µs", "s", 5e-6),
        ("2 cycles", "cycle", 2),
        ("1.5 W", "W", 1.5),
        ("7 nm", "nm", 7),
        ("3 J", "pJ", 3 * 10**12),
        ("989 TFLOP/s", "FLOP/s", 989 * 10**12),
        ("11.06 USD/h", "USD/h", 11.06),
        ("0.006 USD/s", "USD/h", 21.6),
        ("0.5", "1", 0.5),
        ("50%", "1", 0.5),
        ("1e3 B", "B", 1000),
    ],
)
def test_a_quantity_is_its_number_of_house_units(text, unit, value):
    assert quantity(text, unit) == value


def test_whole_quantities_are_ints_and_exact():
    assert isinstance(quantity("1.1 GB", "B"), int)
    assert quantity("9007199254740993 B", "B") == 2**53 + 1


@pytest.mark.parametrize("text", ["512", "", "B", "5 s", "1 B/s", "nan B", "1e9999 B"])
def test_what_is_not_bytes_is_refused_with_an_example(text):
    with pytest.raises(InputError) as refusal:
        quantity(text, "B")
    assert str(refusal.value) == (
        f"{text!r} is not a quantity in B; write it like '64 B' or '2 kB'"
    )


def test_a_unit_has_one_prefix():
    with pytest.raises(InputError, match="'5 kGB' is not a quantity in B"):
        quantity("5 kGB", "B")


def test_cycles_are_not_seconds():
    with pytest.raises(InputError, match="'5 cycle' is not a quantity in s"):
        quantity("5 cycle", "s")


@pytest.mark.parametrize("text", ["512 KB", "400 Gb/s", "3 Mb"])
def test_ambiguous_prefixes_are_refused_with_both_readings(text):
    with pytest.raises(InputError, match="write kB for 1000 B, KiB for 1024 B, kbit for 1000 bit"):
        quantity(text, "B/s" if "/" in text else "B")


def test_a_misspelt_unit_is_recognised():
    with pytest.raises(InputError, match="Did you mean 'MHz'"):
        quantity("940 Mhz", "Hz")


@pytest.mark.parametrize("text", ["1 B^99999999", "1 " + "B*" * 500 + "B", "9" * 1000 + " B"])
def test_hostile_units_are_refused_unread(text):
    with pytest.raises(InputError, match="is not a quantity in B"):
        quantity(text, "B")


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (524288, "B", "512 KiB"),
        (1_100_000_000, "B", "1.1 GB"),
        (100, "B", "100 B"),
        (0, "B", "0 B"),
        (9.4e8, "Hz", "940 MHz"),
        (400 * 2**30, "B/s", "400 GiB/s"),
        (12e6, "um^2", "12 mm^2"),
        (512, "um^2", "512 um^2"),
        (0.675, "pJ", "0.675 pJ"),
        (2.5e12, "pJ", "2.5 J"),
        (1.2e-3, "s", "1.2 ms"),
        (1234567, "cycle", "1,234,567 cycle"),
        (0.25, "1", "0.25"),
        (float("inf"), "B", "inf B"),
    ],
)
def test_people_read_four_digits_and_a_prefix(value, unit, text):
    assert format_quantity(value, unit) == text


def test_the_suffix_of_a_field_is_its_unit_and_its_key_the_rest():
    assert (suffix_of("capacity_bytes"), key_of("capacity_bytes")) == ("_bytes", "capacity")
    # Tokens in a second are no seconds.
    assert (suffix_of("tokens_per_s"), key_of("tokens_per_s")) == ("", "tokens_per_s")
    assert suffix_of("bandwidth_bytes_per_s") == "_bytes_per_s"
    assert (suffix_of("leakage_pj_per_cycle"), key_of("leakage_pj_per_cycle")) == (
        "_pj_per_cycle",
        "leakage",
    )
    assert (suffix_of("name"), key_of("name")) == ("", "name")
    assert key_of("price_usd_per_hour") == "price"
    assert key_of("as_") == "as"


def test_bytes_in_a_column_are_always_in_powers_of_1024() -> None:
    assert [format_bytes(n) for n in (18, 1024, 33_196_000, 2**40)] == [
        "18 B",
        "1 KiB",
        "31.66 MiB",
        "1 TiB",
    ]


@pytest.mark.parametrize(
    ("count", "label"),
    [
        (1024, "1K"),
        (262144, "256K"),
        (1048576, "1M"),
        (2**31, "2G"),
        (1000, "1000"),
        (16, "16"),
        (np.int64(4096), "4K"),
        ("BERT", "BERT"),
        (0.5, "0.5"),
        (True, "True"),
    ],
)
def test_lengths_are_written_in_powers_of_two(count, label):
    assert format_count(count) == label


@pytest.mark.parametrize("text", ["1e400 B", "-1e308 GiB", "1e400 bit"])
def test_numbers_that_no_float_holds_are_refused(text):
    with pytest.raises(InputError) as refusal:
        quantity(text, "B")
    assert str(refusal.value) == f"{text!r} is beyond anything sensible"


@pytest.mark.parametrize(
    ("text", "count"), [("1000", 1000), ("32K", 32768), ("1M", 2**20), ("2G", 2**31)]
)
def test_lengths_are_read_as_they_are_written(text, count):
    assert read_count(text) == count
    assert format_count(count) == text


@pytest.mark.parametrize("text", ["", "0", "-1", "1k", "K", "1.5K", "1 000"])
def test_what_is_no_length_is_refused(text):
    with pytest.raises(InputError, match="is no length; write it like 32K, 1M or 1000"):
        read_count(text)


@pytest.mark.parametrize("text", ["11.06", "11.06 USD", "11.06 EUR/h", "11.06 h/USD"])
def test_what_is_no_price_an_hour_is_refused_with_an_example(text):
    with pytest.raises(InputError) as refusal:
        quantity(text, "USD/h")
    assert str(refusal.value).startswith(
        f"{text!r} is not a quantity in USD/h; write it like '11.06 USD/h'"
    )


def test_what_is_written_down_of_units_is_what_pint_says():
    registry, known = units._registry(), units._known_factors()
    assert len(known) > 60
    for written, factors in known.items():
        one = registry.Quantity(Fraction(1), written)
        for unit, factor in factors.items():
            said = one.to(unit).magnitude if one.is_compatible_with(unit) else None
            assert factor == said, (written, unit)
