import itertools
import re

import pytest

from accelsim.base.errors import InputError
from accelsim.base.patterns import quantity_pattern
from accelsim.base.units import UNIT_OF_SUFFIX, quantity

PREFIXES = ("", "p", "µ", "k", "K", "G", "Ki", "Gi")
SYMBOLS = ("B", "b", "bit", "cycle", "cycles", "s", "min", "h", "Hz", "J", "W", "m^2", "m", "USD")


def reads(text, unit):
    try:
        quantity(text, unit)
    except InputError:
        return False
    return True


@pytest.mark.parametrize("unit", sorted(set(UNIT_OF_SUFFIX.values())))
def test_a_pattern_matches_what_the_reader_of_quantities_reads(unit):
    """Every unit of one symbol, or of one symbol per another, with every prefix."""
    single = [prefix + symbol for prefix, symbol in itertools.product(PREFIXES, SYMBOLS)]
    fractions = [f"{head}/{tail}" for head in single for tail in ("s", "h", "B", "cycle")]
    known = re.compile(quantity_pattern(unit))
    found = {each for each in [*single, *fractions] if known.search(f"1.5 {each}")}
    assert found == {each for each in [*single, *fractions] if reads(f"1.5 {each}", unit)}
    assert found


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("64 B", True),
        ("64B", True),
        (" 1e3 KiB ", True),
        (".5 MB", True),
        ("-1 B", False),
        ("64", False),
        ("B", False),
        ("64 B 3", False),
        ("1,000 B", False),
    ],
)
def test_numbers_are_as_the_reader_takes_them(text, matches):
    assert bool(re.search(quantity_pattern("B", negative=False), text)) is matches
    assert reads(text, "B") is (matches or text.startswith("-"))


def test_energy_per_row_is_energy_per_byte_of_a_memory_that_has_rows():
    assert re.search(quantity_pattern("pJ/B"), "13.4 nJ/row")
    assert not re.search(quantity_pattern("pJ/bit"), "13.4 nJ/row")
