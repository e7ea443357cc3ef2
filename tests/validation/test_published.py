"""Ours against every number of studies/published/, and what was inferred from them."""

from pathlib import Path

import pytest

from accelsim.base.catalogue import find
from accelsim.base.errors import AccelsimError
from accelsim.base.record import read_record
from accelsim.base.yamlfile import Node, parse_yaml, read_yaml
from accelsim.study.table import Table
from accelsim.validation.compare import AGREES, DIFFERS, compare
from accelsim.validation.published import Constant, PublishedFile, load_published, published_for

FUSEMAX = load_published("fusemax")
CLAIMS = [claim.name for claim in FUSEMAX.claims]


@pytest.fixture(scope="session")
def judged(tables: dict[str, Table]) -> dict[str, dict[str, object]]:
    return {row["name"]: row for row in compare(tables, FUSEMAX).rows()}


@pytest.mark.parametrize("name", CLAIMS)
def test_ours_agrees_or_differs_for_the_reason_that_is_written_down(
    judged: dict[str, dict[str, object]], name: str
) -> None:
    row = judged[name]
    expected = DIFFERS if row["explanation"] else AGREES
    assert row["verdict"] == expected, f"{row['ours']} beside {row['published']}"


@pytest.mark.parametrize("name", [claim.name for claim in FUSEMAX.claims if claim.printed][:8])
def test_the_studys_readme_has_the_numbers_of_a_run(
    judged: dict[str, dict[str, object]], name: str
) -> None:
    """As `| attention, speedup over FLAT | 6.7x | 6.723 | 6.723 |`, with the digits of theirs."""
    text = find("fusemax", "studies").with_name("README.md").read_text(encoding="utf-8")
    row = judged[name]
    table = [line.split("|")[2:5] for line in text.splitlines() if f"| {row['printed']} |" in line]
    (cells,) = [[cell.strip() for cell in cells] for cells in table]
    digits = len(cells[2].partition(".")[2])
    assert cells[2] == f"{row['ours']:.{digits}f}"
    assert float(cells[1]) == row["published"]


def test_names_of_claims_are_distinct() -> None:
    assert len(set(CLAIMS)) == len(CLAIMS)


@pytest.mark.parametrize("constant", FUSEMAX.constants, ids=lambda constant: constant.name)
def test_an_inferred_constant_is_what_our_file_says(constant: Constant) -> None:
    node = read_yaml(find(constant.file, constant.kind))
    for step in constant.path.split("."):
        node = _below(node, step)
    written = node.to_plain()
    assert constant.value == (", ".join(written) if isinstance(written, list) else node.text)


def test_every_buffer_energy_of_fusemax_machines_is_listed_as_inferred() -> None:
    listed = {(each.file, each.path) for each in FUSEMAX.constants}
    machines = ("fusemax_cloud", "flat_cloud", "unfused_cloud", "cascade_cloud")
    assert {(machine, "memories.GlobalBuffer.read") for machine in machines} <= listed


def test_the_fusemax_study_is_held_against_the_fusemax_paper() -> None:
    assert [published.name for published in published_for("fusemax")] == ["fusemax"]
    assert published_for("no_such_study") == ()


def test_an_unknown_paper_names_what_there_is() -> None:
    with pytest.raises(AccelsimError, match="Did you mean 'fusemax'?"):
        load_published("fusmax")


def test_a_new_paper_is_a_folder_without_code(tmp_path: Path) -> None:
    (tmp_path / "numbers.yaml").write_text(ONE_CLAIM, encoding="utf-8")
    published = load_published(tmp_path)
    table = Table.of({"config": ["a", "b"], "size": [1, 1], "latency_s": [6.0, 2.0]})
    row = compare({"results": table}, published).rows()[0]
    assert (row["ours"], row["verdict"], row["source"]) == (3.0, AGREES, "made up, table 1")


def test_a_tolerance_with_percent_is_a_share_and_one_without_a_difference() -> None:
    share, difference = (_claim(tolerance).tolerance for tolerance in ("5 %", "0.005"))
    assert (share.amount, share.relative, str(share)) == (0.05, True, "5 %")
    assert (difference.amount, difference.relative, str(difference)) == (0.005, False, "0.005")


def test_a_tolerance_that_is_no_number_is_an_error_with_its_line() -> None:
    with pytest.raises(AccelsimError, match=r"<text>:11: tolerance: 'much' is not a number"):
        _claim("much")


def _claim(tolerance: str):  # type: ignore[no-untyped-def]
    text = ONE_CLAIM.replace("5 %", tolerance)
    return read_record(parse_yaml(text), PublishedFile).claims[0]


def _below(node: Node, step: str) -> Node:
    """A key, an entry of a list by its name, or by its number from 0."""
    if node.kind == "mapping":
        return node[step]
    entries = node.elements()
    if step.isdigit():
        return entries[int(step)]
    return next(entry for entry in entries if entry["name"].text == step)


ONE_CLAIM = """\
about: What somebody says.
source: made up, table 1
study: mine
claims:
- name: speedup
  value: 2.9
  over: {table: results, series: config}
  at: {size: 1}
  of: a.latency_s / b.latency_s
  because: the table has two digits
  tolerance: 5 %
"""
