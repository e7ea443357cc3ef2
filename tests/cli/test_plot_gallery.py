"""The committed gallery: its pages are those of the catalogue, its commands make its pictures."""

from pathlib import Path

import pytest
from PIL import Image

from accelsim.cli.plot_gallery import INDEX, index, page, picture
from accelsim.report.plots.catalogue import PLOTS

GALLERY = Path(__file__).resolve().parent.parent.parent / "docs" / "gallery"
ANEW = "write it anew: accelsim plot --gallery docs/gallery"


def test_the_pages_are_those_of_the_catalogue():
    names = {f"{name}.{kind}" for name in PLOTS for kind in ("md", "png")}
    assert {file.name for file in GALLERY.iterdir()} == {INDEX, *names}, ANEW
    assert (GALLERY / INDEX).read_text(encoding="utf-8") == index(), ANEW
    for plot in PLOTS.values():
        assert (GALLERY / f"{plot.name}.md").read_text(encoding="utf-8") == page(plot), ANEW


@pytest.mark.parametrize("name", PLOTS)
def test_the_commands_of_a_page_make_its_picture(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    drawn = tmp_path / "drawn.png"
    drawn.write_bytes(picture(PLOTS[name]))
    committed = GALLERY / f"{name}.png"
    assert committed.stat().st_size < 60_000
    assert Image.open(drawn).size == Image.open(committed).size, ANEW
