import pytest

from accelsim.study.zoo import COLUMNS, zoo_curve, zoo_row, zoo_table
from accelsim.workload.variants import Variant, named, variants, variants_of


def variant(name: str) -> Variant:
    (found,) = named([name], variants())
    return found


def test_the_numbers_of_grouped_decode_by_hand():
    row = zoo_row(variant("heads/grouped:decode"), 1024)
    # A head's scores and weighted values: 2 x 128 macs a key, and max, sub, exp, add a key; then
    # one division for each of 128 results. 32 heads.
    assert row["flop_a_token"] == 32 * (1024 * (2 * 256 + 4) + 128)
    # Keys and values of 8 heads, the query and the result of 32, 2 bytes each.
    assert row["kept_bytes"] == 2 * 8 * 1024 * 128 * 2
    assert row["bytes_a_token"] == row["kept_bytes"] + 2 * 32 * 128 * 2
    assert (row["passes"], row["live"]) == (2, "M")
    assert (row["least_passes"], row["least_live"]) == (1, "M0")
    assert row["reason"] == ""


@pytest.mark.parametrize(
    ("name", "law", "subquadratic"),
    [
        ("heads/grouped:prefill", 1.0, False),
        # Scores far out, projections at hand.
        ("heads/mla:layer", 1.0, False),
        ("linear/lightning_2:chunked", 0.0, True),
        ("recurrent/mamba:scan", 0.0, True),
        # Three tokens meet.
        ("low_rank/tensor:prefill", 2.0, False),
        # A budget of pages, but all pages have scores.
        ("retrieval/quest:decode", 1.0, False),
        ("sparse/streaming_llm:prefill", 0.0, True),
    ],
)
def test_the_law_is_that_of_what_grows(name, law, subquadratic):
    row = zoo_row(variant(name), 4096)
    assert row["law"] == pytest.approx(law, abs=0.01)
    assert row["subquadratic"] == subquadratic


def test_the_power_at_hand_is_less_where_projections_outweigh_scores():
    row = zoo_row(variant("heads/mla:layer"), 4096)
    assert 0.2 < row["growth"] < 0.8


def test_nothing_is_traversed_where_only_a_state_is_kept():
    row = zoo_row(variant("recurrent/mamba:decode"), 4096)
    assert (row["passes"], row["least_passes"], row["live"]) == (0, 0, "")
    assert row["growth"] == row["law"] == 0


def test_what_cannot_be_counted_says_why():
    row = zoo_row(variant("retrieval/hcam:decode"), 1000)
    assert row["flop_a_token"] is None
    assert row["reason"].startswith("it takes no context of 1000: rank C is 31.25")
    table = zoo_table([row, zoo_row(variant("heads/mla:decode"), 1024)])
    assert tuple(table.columns) == COLUMNS


def test_a_curve_has_the_first_form_and_what_decoding_keeps():
    points = zoo_curve(variants_of("linear/lightning_2"), (1024, 4096))
    assert [point["context"] for point in points] == [1024, 4096]
    assert {point["kept_bytes"] for point in points} == {40 * 128 * 128 * 4}
    # But for the decays within a chunk, made once.
    once, again = (point["flop_a_token"] for point in points)
    assert once == pytest.approx(again, rel=0.01)
