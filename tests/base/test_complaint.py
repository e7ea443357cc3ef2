from typing import Literal

import pytest
from pydantic import Field

from accelsim.base.errors import InputError, RecordError
from accelsim.base.record import Count, Record, read_record
from accelsim.base.yamlfile import parse_yaml
from tests.base.test_record import MACHINE, Machine


@pytest.mark.parametrize(
    ("right", "wrong", "complaint"),
    [
        (
            "capacity: 512",
            "capasity: 512",
            "m.yaml:5: Memory has no 'capasity'. Did you mean 'capacity'?",
        ),
        (
            "512 KiB",
            "512",
            "m.yaml:5: capacity: '512' is not a quantity in B; write it like '64 B' or '2 kB'",
        ),
        (
            "512 KiB",
            "1e9",
            "m.yaml:5: capacity: '1e9' is not a quantity in B; write it like '64 B' or '2 kB'",
        ),
        (
            "940 MHz",
            "940 MB",
            "m.yaml:1: clock: '940 MB' is not a quantity in Hz; "
            "write it like '940 MHz' or '1 GHz'",
        ),
        (
            "128 B/cycle",
            "128",
            "m.yaml:6: bandwidth: '128' is not a quantity in B/s or B/cycle; "
            "write it like '400 GB/s' or '128 B/cycle'",
        ),
        ("512 KiB", "0 B", "m.yaml:5: capacity: '0 B' must be above 0"),
        ("512 KiB", "-4 B", "m.yaml:5: capacity: '-4 B' must be above 0"),
        ("512 KiB", "1e30 B", "m.yaml:5: capacity: '1e30 B' is beyond anything sensible"),
        ("128 B/cycle", "0 B/s", "m.yaml:6: bandwidth: '0 B/s' must be above 0"),
        ("rows: 16", "rows: 0", "m.yaml:11: rows: '0' must be above 0"),
        ("rows: 16", "rows: -4", "m.yaml:11: rows: '-4' must be above 0"),
        ("rows: 16", "rows: 1e30", "m.yaml:11: rows: '1e30' is beyond anything sensible"),
        ("rows: 16", "rows: 1.5", "m.yaml:11: rows: '1.5' is not a whole number"),
        ("rows: 16", "rows: true", "m.yaml:11: rows: 'true' is not a number"),
        ("rows: 16", "rows: [1]", "m.yaml:11: rows: a sequence is not a number"),
        ("clock: 940 MHz\n", "", "m.yaml:1: Machine needs 'clock'; add a line like 'clock: 1 Hz'"),
        ("clock:", "clock_hz:", "m.yaml:1: Machine has no 'clock_hz'. Did you mean 'clock'?"),
        ("name: A}", "naem: A}", "m.yaml:10: Memory has no 'naem'. Did you mean 'name'?"),
        ("name: L3", "read: 1 pJ", "m.yaml:9: Memory needs 'name'; add a line like 'name: ...'"),
        ("{name: L3}", "L3", "m.yaml:9: spare: 'L3' should be 'key: value' lines"),
        ("675 fJ", "1", "m.yaml:8: energy: '1' is not a quantity in pJ; "
         "write it like '0.6 pJ' or '2 nJ'"),
        ("name: L3", "name: 3", "m.yaml:9: name: '3' should be text; put it into quotes"),
        ("name: L3", "name: [L3]", "m.yaml:9: name: a sequence should be one text"),
    ],
)  # fmt: skip
def test_a_complaint_names_line_key_and_remedy(right, wrong, complaint):
    assert right in MACHINE
    with pytest.raises(RecordError) as caught:
        read_record(parse_yaml(MACHINE.replace(right, wrong), "m.yaml"), Machine)
    assert str(caught.value) == complaint


def test_a_file_that_is_a_list_is_no_record():
    with pytest.raises(InputError, match="m.yaml:1: expected 'key: value' lines, found a sequence"):
        read_record(parse_yaml("- 1\n", "m.yaml"), Machine)


class Derived(Record):
    heads: Count
    groups: Count = Field(default_factory=lambda data: data["heads"])


def test_a_default_that_follows_from_a_wrong_field_is_no_complaint():
    with pytest.raises(RecordError) as caught:
        read_record(parse_yaml("\nheads: 0\n", "m.yaml"), Derived)
    assert str(caught.value) == "m.yaml:2: heads: '0' must be above 0"


class Wire(Record):
    """A record with a word of a few, and a pair."""

    kind: Literal["copper", "fibre"]
    ends: tuple[str, str]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("kind: fiber", "1: kind: 'fiber' is none of 'copper' or 'fibre'. Did you mean 'fibre'?"),
        ("kind: radio", "1: kind: 'radio' is none of 'copper' or 'fibre'"),
        ("kind: fibre\nends: [A]", "2: ends: a sequence has no entry 2"),
        ("kind: fibre\nends: [A, B, C]", "2: ends: a sequence has more than 2 entries"),
    ],
)
def test_a_word_that_is_none_of_those_names_the_nearest_and_a_pair_is_two(text, complaint):
    written = text if "ends" in text else f"{text}\nends: [A, B]"
    with pytest.raises(RecordError) as caught:
        read_record(parse_yaml(written, "m.yaml"), Wire)
    assert str(caught.value) == f"m.yaml:{complaint}"
