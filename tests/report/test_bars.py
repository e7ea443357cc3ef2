import matplotlib.colors
import pytest

from accelsim.report.bars import draw_bars
from accelsim.report.sheet import house_style
from accelsim.report.spec import Band
from accelsim.report.style import COLOURS


@pytest.fixture
def drawn(figures, results, spec_of):
    def draw(start, rows=results):
        with house_style():
            return draw_bars(spec_of(start), rows, figures.names)

    return draw


def heights(axes):
    """By series, the height of its bar in each group."""
    return {
        artist.get_label(): [path.get_extents().y1 for path in artist.get_paths()]
        for artist in axes.collections
    }


def texts(figure):
    return [text.get_text() for text in figure.texts]


def test_a_strip_for_each_model_with_a_bar_for_each_configuration_but_the_baseline(drawn):
    figure = drawn("fig08")
    assert len(figure.axes) == 4
    assert list(heights(figure.axes[0])) == ["FLAT", "+Cascade", "+Architecture", "+Binding"]


def test_bars_are_as_high_as_the_data_and_the_last_group_is_their_mean(drawn, results):
    slower = results.copy()
    is_one = (slower.config == "binding") & (slower.model == "BERT") & (slower.seq_len == 1024)
    slower.loc[is_one, "latency_s"] *= 2
    assert heights(drawn("fig08", slower).axes[0])["+Binding"] == pytest.approx(
        [4, 8, 8, 8, 8, 8, 44 / 6]
    )


def test_utilization_has_bars_of_all_configurations_in_percent(drawn):
    shown = heights(drawn("fig06b").axes[2])
    assert [bars[0] for bars in shown.values()] == pytest.approx([10, 50, 40, 70, 80])


def test_groups_are_lengths_in_powers_of_two_and_the_mean(drawn):
    axes = drawn("fig08").axes[-1]
    assert [label.get_text() for label in axes.get_xticklabels()] == [
        "1K", "4K", "16K", "64K", "256K", "1M", "mean",
    ]  # fmt: skip
    assert axes.get_xlabel() == "sequence length"


def test_the_legend_names_every_series_with_its_mean(drawn):
    written = texts(drawn("fig08"))
    assert {
        "Unfused = 1",
        "FLAT (2×)",
        "+Cascade (1.6×)",
        "+Architecture (4×)",
        "+Binding (8×)",
    } <= {*written}


def test_the_title_names_the_baseline_and_the_caption_the_source(drawn):
    written = texts(drawn("fig08"))
    assert written[0] == "Speedup of attention over Unfused"
    assert "MICRO 2024), fig. 8." in " ".join(written)


def test_the_unit_is_in_the_title(drawn):
    assert texts(drawn("fig06a"))[0] == "Utilization of the 1-D array in attention (%)"


def test_every_bar_has_the_colour_of_its_configuration(drawn):
    colours = {
        artist.get_label(): matplotlib.colors.to_hex(artist.get_facecolor()[0]).upper()
        for artist in drawn("fig06a").axes[0].collections
    }
    assert colours["FLAT"] == COLOURS["slate"]
    assert colours["+Binding"] == COLOURS["blue"]
    assert len(set(colours.values())) == 5


def test_the_highlighted_values_are_written_above_their_groups(drawn):
    written = [text.get_text() for text in drawn("fig08").axes[0].texts]
    assert written == ["8.00"] * 7 + ["BERT"]


def test_all_strips_have_one_scale(drawn):
    assert len({axes.get_ylim() for axes in drawn("fig08").axes}) == 1


def test_two_models_are_two_strips_in_the_order_of_the_names(drawn, results):
    figure = drawn("fig08", results[results.model.isin(["XLM", "T5"])])
    assert [axes.texts[-1].get_text() for axes in figure.axes] == ["T5", "XLM"]


def test_one_length_has_no_mean(drawn, results):
    axes = drawn("fig08", results[results.seq_len == 4096]).axes[-1]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["4K"]


def test_a_band_is_behind_the_bars_within_the_scale_and_in_the_legend(results, figures, spec_of):
    band = Band(low=9, high=12, label="published")
    with house_style():
        spec = spec_of("fig08").model_copy(update={"band": band})
        figure = draw_bars(spec, results, figures.names)
    axes = figure.axes[0]
    shaded = axes.patches[0].get_extents().transformed(axes.transData.inverted())
    assert (shaded.y0, shaded.y1) == pytest.approx((9, 12))
    assert axes.get_ylim()[1] > 12
    assert "published" in texts(figure)
