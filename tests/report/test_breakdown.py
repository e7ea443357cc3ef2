import pytest

from accelsim.report.breakdown import draw_breakdown
from accelsim.report.sheet import house_style


@pytest.fixture
def drawn(figures, einsums, spec_of):
    def draw(rows=einsums):
        with house_style():
            return draw_breakdown(spec_of("fig07"), rows, figures.names)

    return draw


def ends(figure):
    """By part, where its piece begins and ends in each bar, downwards."""
    boxes = {
        artist.get_label(): [path.get_extents() for path in artist.get_paths()]
        for artist in figure.axes[0].collections
    }
    return {part: [(box.x0, box.x1) for box in each] for part, each in boxes.items()}


def test_parts_stand_end_to_end_in_percent_in_the_order_of_their_names(drawn):
    pieces = ends(drawn())
    binding = {part: each[3] for part, each in pieces.items()}
    assert list(binding) == ["QK", "SLN", "SLNV / AV"]
    assert binding["QK"] == pytest.approx((0, 20))
    assert binding["SLN"] == pytest.approx((20, 30))
    assert binding["SLNV / AV"] == pytest.approx((30, 60))


def test_flats_second_product_has_the_colour_of_fusemaxs(drawn):
    flat = ends(drawn())["SLNV / AV"][0]
    assert flat == pytest.approx((20, 50))


def test_a_bar_for_each_configuration_in_each_length_without_the_unfused_one(drawn):
    labels = [label.get_text() for label in drawn().axes[0].get_yticklabels()]
    assert labels == ["FLAT", "+Cascade", "+Architecture", "+Binding"] * 6


def test_the_sum_is_written_at_the_end_and_the_length_once_a_group(drawn):
    written = [text.get_text() for text in drawn().axes[0].texts]
    assert written == ["50.0", "50.0", "50.0", "60.0"] * 6 + [
        "1K", "4K", "16K", "64K", "256K", "1M",
    ]  # fmt: skip


def test_the_axis_ends_at_all_of_the_time(drawn):
    axes = drawn().axes[0]
    assert axes.get_xlim() == (0, 100)
    assert axes.get_xlabel() == "share of the 2-D array's time (%)"


def test_it_is_of_bert_or_of_the_first_model_there_is(drawn, einsums):
    assert "BERT" in drawn().texts[0].get_text()
    others = einsums[einsums.model.isin(["XLM", "T5"])]
    assert "T5" in drawn(others).texts[0].get_text()


def test_the_legend_names_the_parts_that_are_there(drawn):
    assert [text.get_text() for text in drawn().texts][1:4] == ["QK", "SLN", "SLNV / AV"]
