from typing import Literal

import pytest
from jsonschema import Draft202012Validator

from accelsim.base.record import Count, NonNegative, Number, Positive, Rate, Record, Share
from accelsim.base.schema import record_schema, without_required


class Inner(Record):
    name: str
    energy_pj: NonNegative = 0


class Outer(Record):
    """What it is."""

    size_bytes: Positive
    words_bytes: dict[str, Positive] = {}
    times_s: tuple[Number, ...] = ()
    speed: Rate | None = None
    part: Share = 1
    count: Count = 1
    kind: Literal["a", "b"] = "a"
    inner: tuple[Inner, ...] = ()


SCHEMA = record_schema(Outer, "outer")
GOOD = {"size": "4 KiB"}


def complaints(value, schema=SCHEMA):
    return [error.message for error in Draft202012Validator(schema).iter_errors(value)]


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"words": {"Q": "2 B"}, "times": ["-1 s", "3 ms"]},
        {"speed": "400 GB/s"},
        {"speed": "128 B/cycle"},
        {"part": 0.5, "count": 3, "kind": "b"},
        {"inner": [{"name": "x", "energy": "0 pJ"}]},
    ],
)
def test_what_the_record_reads_is_valid(more):
    assert not complaints({**GOOD, **more})


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"siez": "4 B"}, "'siez' was unexpected"),
        ({"size": 4}, "4 is not of type 'string'"),
        ({"size": "-4 B"}, "does not match"),
        ({"words": {"Q": "2 pJ"}}, "does not match"),
        ({"times": ["3 B"]}, "does not match"),
        ({"speed": "400 GHz"}, "is not valid under any"),
        ({"part": 1.5}, "1.5 is greater than the maximum of 1"),
        ({"count": 0}, "0 is less than or equal to the minimum of 0"),
        ({"kind": "c"}, "'c' is not one of ['a', 'b']"),
        ({"inner": [{"name": "x", "energi": "0 pJ"}]}, "'energi' was unexpected"),
        ({"inner": [{}]}, "'name' is a required property"),
    ],
)
def test_what_the_record_refuses_is_not(more, said):
    (message,) = complaints({**GOOD, **more})
    assert said in message


def test_it_says_what_it_is_and_how_quantities_are_written():
    assert (SCHEMA["title"], SCHEMA["description"]) == ("outer", "What it is.")
    assert record_schema(Outer, "outer", "Another.")["description"] == "Another."
    assert SCHEMA["properties"]["size"]["description"] == "In B, like '64 B' or '2 kB'."


def test_a_file_that_is_laid_over_another_need_not_be_complete():
    partial = without_required(SCHEMA)
    assert not complaints({"inner": [{}]}, partial)
    assert complaints({"inner": [{"nam": "x"}]}, partial)
