"""The study kinetics: its claim, what its README says, and what must hold of its rows."""

import pytest

from accelsim.base.catalogue import find
from accelsim.study.load import load_study
from accelsim.study.run import run_tables
from accelsim.study.table import Table
from accelsim.validation.compare import DIFFERS, compare
from accelsim.validation.published import load_published

KINETICS = load_published("kinetics")
README = find("kinetics", "studies").with_name("README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def tables() -> dict[str, Table]:
    return run_tables(load_study("kinetics"))


def test_the_gain_of_a_layer_differs_for_the_reason_that_is_written_down(
    tables: dict[str, Table],
) -> None:
    (row,) = compare(tables, KINETICS).rows()
    assert row["verdict"] == DIFFERS and row["explanation"]
    assert f"| 11-26x | {row['ours']:.1f}x |" in README


@pytest.mark.parametrize("of", ["time", "energy"])
@pytest.mark.parametrize("law", ["published", "minus_sign", "bf16", "weights", "corrected"])
def test_the_studys_readme_has_the_agreement_of_a_run(
    tables: dict[str, Table], of: str, law: str
) -> None:
    """As `| by time | published | 0.63 | 27 % | 211 | 0.74 | ...` of a B200, prompts of 256."""
    rows = {
        row["problems"]: row
        for row in tables["agreement"].rows()
        if (row["machine"], row["prompt"], row["of"], row["law"]) == ("b200_sxm", 256, of, law)
    }
    cells = [
        f"{rows[n]['spearman']:.3f} | {100 * rows[n]['discordant']:.0f} % | {rows[n]['error']:.3g}x"
        for n in (1, 8, 64)
    ]
    assert f"| {of} | {law} | {' | '.join(cells)} |" in README


def test_a_law_that_adds_is_never_below_one_that_overlaps_nor_above_twice_it(
    tables: dict[str, Table],
) -> None:
    for row in tables["costs"].rows():
        if not row["reason"]:
            assert row["overlapped_s"] <= row["own_s"] <= 2 * row["overlapped_s"]
            # No kernel is faster than its bytes or its operations.
            assert row["latency_s"] > row["overlapped_s"] * 0.98


def test_sparse_attention_moves_no_more_than_dense_by_any_law(tables: dict[str, Table]) -> None:
    for row in tables["gains"].rows():
        if row["points"] and row["ratio"] in ("published", "corrected"):
            assert row["least"] >= 1
