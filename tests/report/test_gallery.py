"""The committed gallery is that of the catalogue."""

from pathlib import Path

import pytest

from accelsim.report.gallery import write_gallery
from accelsim.study.zoo import zoo_curve, zoo_row, zoo_table
from accelsim.workload.variants import variants, variants_of

ROOT = Path(__file__).resolve().parent.parent.parent
GALLERY = ROOT / "docs" / "zoo"
PAGE = (GALLERY / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("family", sorted({each.family for each in variants()}))
def test_every_mechanism_is_in_the_committed_gallery(family):
    section = PAGE.partition(f"\n## {family}\n")[2].partition("\n## ")[0]
    own = [each.name for each in variants() if each.family == family]
    missing = [name for name in own if f"| `{name.partition('/')[2]}` |" not in section]
    assert missing == [], "write it anew: accelsim zoo --gallery docs/zoo"
    assert section.count("\n| `") == len(own)


def test_plots_are_there_and_small():
    for family in {each.family for each in variants()}:
        assert 0 < (GALLERY / f"{family}.png").stat().st_size < 60_000


def test_a_page_and_a_plot_a_family(tmp_path):
    row = variants_of("heads/mla")[:2]
    table = zoo_table([zoo_row(each, 1024) for each in row])
    page, plot = write_gallery(table, zoo_curve(row, (1024, 4096)), tmp_path)
    assert plot == tmp_path / "heads.png"
    text = page.read_text(encoding="utf-8")
    assert "at a context of 1K tokens" in text
    assert "accelsim zoo --gallery docs/zoo --context 1K" in text
    assert "\n- `heads/mla`: Multi-head latent attention\n" in text
    assert "\n| `mla:prefill_absorbed` | prefill | 2 | 1 | M | " in text
