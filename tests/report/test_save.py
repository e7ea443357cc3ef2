from itertools import combinations
from xml.etree import ElementTree

import pytest
from matplotlib.text import Text
from PIL import Image

from accelsim.base.errors import OutputError, StudyError
from accelsim.report.save import draw, save_figures
from accelsim.report.sheet import house_style
from accelsim.report.style import DOTS_PER_INCH, TEXT_PT


def test_every_figure_is_written_as_png_and_svg(figures, frames, tmp_path):
    saved = save_figures(figures, frames, tmp_path / "figures")
    names = [f"{figure.name}.{kind}" for figure in figures.figures for kind in ("png", "svg")]
    assert [path.name for path in saved.paths] == names
    assert sorted(path.name for path in (tmp_path / "figures").iterdir()) == sorted(names)
    assert saved.left_out == {}


def test_a_png_is_three_and_a_half_inches_wide_and_an_svg_is_xml(figures, frames, tmp_path):
    png, svg = save_figures(figures, frames, tmp_path).paths[:2]
    assert Image.open(png).width == pytest.approx(3.5 * DOTS_PER_INCH)
    assert ElementTree.parse(svg).getroot().get("width") == "252pt"


def test_the_same_tables_give_the_same_bytes(figures, frames, tmp_path):
    first = save_figures(figures, frames, tmp_path / "a").paths
    second = save_figures(figures, frames, tmp_path / "b").paths
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_a_figure_without_rows_is_left_out_and_says_why(figures, frames, tmp_path):
    attention = frames["results"][frames["results"].scope == "attention"]
    saved = save_figures(figures, {"results": attention}, tmp_path)
    assert saved.left_out == {
        "fig07_utilization_by_einsum": (
            "figure fig07_utilization_by_einsum: there is no table 'einsums'"
        ),
        "fig10_end_to_end_speedup": (
            "figure fig10_end_to_end_speedup: table results has no rows for it"
        ),
        "fig11_end_to_end_energy": (
            "figure fig11_end_to_end_energy: table results has no rows for it"
        ),
        "fig12_area_and_latency": "figure fig12_area_and_latency: there is no table 'pareto'",
    }
    assert len(saved.paths) == 2 * 4


def test_a_mistake_in_a_figure_is_not_passed_over(figures, frames, tmp_path):
    frames["results"] = frames["results"].drop(columns="latency_s")
    with pytest.raises(StudyError, match="results has no column 'latency_s'"):
        save_figures(figures, frames, tmp_path)


def test_a_folder_that_cannot_be_made_is_refused(figures, frames, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError):
        save_figures(figures, frames, tmp_path / "file" / "figures")


@pytest.fixture(params=["all", "two models", "one configuration more", "one point"])
def part(request, frames):
    """The tables of a study that was run in part."""
    results, einsums = frames["results"], frames["einsums"]
    kept = {
        "all": lambda table: table,
        "two models": lambda table: table[table.model.isin(["XLM", "T5"])],
        "one configuration more": lambda table: table[table.config.isin(["unfused", "binding"])],
        "one point": lambda table: table[(table.model == "T5") & (table.seq_len == 1048576)],
    }[request.param]
    return frames | {"results": kept(results), "einsums": kept(einsums)}


@pytest.fixture
def written(monkeypatch):
    """The texts that a figure draws, which are not all it has: ticks beyond an axis are kept."""
    drawn = []
    monkeypatch.setattr(Text, "draw", lambda text, renderer: drawn.append(text))

    def texts(figure):
        drawn.clear()
        figure.set_dpi(DOTS_PER_INCH)
        figure.draw_without_rendering()
        return [text for text in drawn if text.get_visible() and text.get_text()]

    return texts


def test_text_is_legible_and_lies_within_the_figure_without_overlap(figures, part, written):
    for spec in figures.figures:
        with house_style():
            figure = draw(spec, part, figures.names)
            texts = written(figure)
            boxes = {text: text.get_window_extent() for text in texts}
        assert min(text.get_size() for text in texts) >= TEXT_PT
        inside = figure.bbox
        for text, box in boxes.items():
            where = f"{spec.name}: {text.get_text()!r}"
            assert inside.x0 <= box.x0 and box.x1 <= inside.x1, where
            assert inside.y0 <= box.y0 and box.y1 <= inside.y1, where
        for one, other in combinations(texts, 2):
            where = f"{spec.name}: {one.get_text()!r} on {other.get_text()!r}"
            assert not overlap(boxes[one], boxes[other]), where


def overlap(one, other):
    """By more than boxes hold of room for letters that are not there: half a point, one upwards."""
    wide = min(one.x1, other.x1) - max(one.x0, other.x0)
    high = min(one.y1, other.y1) - max(one.y0, other.y0)
    return wide > 0.5 * DOTS_PER_INCH / 72 and high > DOTS_PER_INCH / 72
