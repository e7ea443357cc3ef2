"""The study lean_attention: its claims, what its README says of them, and the laws of its rows."""

import pytest

from accelsim.base.catalogue import find
from accelsim.study.table import Table
from accelsim.validation.compare import AGREES, DIFFERS, compare
from accelsim.validation.published import load_published

LEAN = load_published("lean_attention")
CLAIMS = [claim.name for claim in LEAN.claims]
README = find("lean_attention", "studies").with_name("README.md").read_text(encoding="utf-8")
SLOTS = {"a100_sxm_80gb": 2 * 108, "h100_sxm": 2 * 132}


@pytest.fixture(scope="session")
def judged(lean_tables: dict[str, Table]) -> dict[str, dict[str, object]]:
    return {row["name"]: row for row in compare(lean_tables, LEAN).rows()}


@pytest.mark.parametrize("name", CLAIMS)
def test_ours_agrees_or_differs_for_the_reason_that_is_written_down(
    judged: dict[str, dict[str, object]], name: str
) -> None:
    row = judged[name]
    expected = DIFFERS if row["explanation"] else AGREES
    assert row["verdict"] == expected, f"{row['ours']} beside {row['published']}"


@pytest.mark.parametrize("name", CLAIMS)
def test_the_studys_readme_has_the_numbers_of_a_run(
    judged: dict[str, dict[str, object]], name: str
) -> None:
    """As `| mean, over FlashAttention-2 | 2.6x | 2.06 | -21 % | ...`."""
    row = judged[name]
    ours = f"{row['ours']:.2f}" if row["printed"] else f"{row['ours']:.1f}"
    theirs = str(row["printed"] or f"{row['published']:g} us")
    rows = [[cell.strip() for cell in line.split("|")] for line in README.splitlines()]
    assert any(cells[2:4] == [theirs, ours] for cells in rows if len(cells) > 4), (theirs, ours)


def test_every_point_is_there_and_has_a_time_or_does_not_fit(
    lean_tables: dict[str, Table],
) -> None:
    rows = lean_tables["uniform"].rows()
    assert len(rows) == 2 * 3 * 4 * 2 * 7 * 10
    for row in rows:
        word, most = 2, 80e9
        held = 2 * row["batch"] * row["context"] * row["heads"] * row["head_dim"] * word
        fits = held + 2 * row["batch"] * row["heads"] * row["head_dim"] * word <= most
        assert (row["latency_s"] is not None) == fits == (row["reason"] == "")


def test_without_splits_no_more_is_gained_than_idle_slots_and_an_idle_half(
    lean_tables: dict[str, Table],
) -> None:
    """slots / (batch x heads) below a wave; the larger of a tail and of rows that nothing fills."""
    for row in lean_tables["gains_by_batch"].rows():
        if row["ratio"] == "flash_attention_2":
            fewest = row["batch"] * 16
            assert row["most"] < max(SLOTS[row["machine"]] / fewest, 2.5)


def test_flash_decoding_is_never_faster_by_much_nor_slower_than_its_rule_allows(
    lean_tables: dict[str, Table],
) -> None:
    """Long contexts, where launches do not count: below 80 % of the slots 1 / 0.85 at most."""
    table = lean_tables["waves"].rows()
    times = {(row["machine"], row["batch"], row["kernel"]): row["latency_s"] for row in table}
    for (machine, batch, kernel), seconds in times.items():
        if kernel == "flash_decoding":
            gain = seconds / times[machine, batch, "lean_attention"]
            is_split = batch * 32 < 0.8 * SLOTS[machine]
            assert 0.98 < gain < (1 / 0.85 if is_split else 2)


@pytest.mark.parametrize(("machine", "batch"), [("a100_sxm_80gb", 7), ("h100_sxm", 9)])
def test_the_most_over_flash_decoding_is_just_above_a_full_wave(
    lean_tables: dict[str, Table], machine: str, batch: int
) -> None:
    gains = {
        row["batch"]: row["mean"]
        for row in lean_tables["gains_of_waves"].rows()
        if (row["machine"], row["ratio"]) == (machine, "flash_decoding")
    }
    assert max(gains, key=gains.__getitem__) == batch
    assert (batch - 1) * 32 < SLOTS[machine] < batch * 32


def test_ragged_batches_gain_more_the_more_they_spread(lean_tables: dict[str, Table]) -> None:
    for machine in SLOTS:
        gains = {
            row["mean_share"]: row["mean"]
            for row in lean_tables["gains_ragged"].rows()
            if (row["machine"], row["ratio"]) == (machine, "flash_decoding")
        }
        assert gains[0.25] > gains[0.5] > gains[0.75]
