import numpy as np
import pytest

from accelsim.report.measure import headline, measure
from accelsim.report.selection import NoRowsError


@pytest.fixture
def shown(figures, results, spec_of):
    """The measure of a figure, by the start of its name, over these rows."""

    def measured(start, rows=results, **keys):
        return measure(spec_of(start).model_copy(update=keys), rows, figures.names)

    return measured


def by_label(shown, numbers):
    return dict(zip(shown.series.labels, np.round(numbers, 9).tolist(), strict=True))


def test_a_speedup_is_the_baseline_over_the_value(shown):
    speedups = by_label(shown("fig08"), shown("fig08").values[0, 0])
    assert speedups == {
        "Unfused": 1, "FLAT": 2, "+Cascade": 1.6, "+Architecture": 4, "+Binding": 8,
    }  # fmt: skip


def test_a_normalised_value_is_the_value_over_the_baseline(shown):
    energies = by_label(shown("fig09"), shown("fig09").values[2, 1])
    assert energies["FLAT"] == 0.5
    assert energies["+Binding"] == 0.125


def test_a_plain_value_is_in_the_unit_of_the_figure(shown):
    assert shown("fig06b").values[0, 0].tolist() == pytest.approx([10, 50, 40, 70, 80])
    assert shown("fig06b").unit == "%"
    assert shown("fig06b").baseline is None


def test_the_means_are_arithmetic_over_all_points(shown, results):
    slower = results.copy()
    is_one = (slower.config == "binding") & (slower.model == "BERT") & (slower.seq_len == 1024)
    slower.loc[is_one, "latency_s"] *= 2
    means = by_label(shown("fig08", slower), shown("fig08", slower).means)
    assert means["+Binding"] == pytest.approx((23 * 8 + 1 * 4) / 24)
    assert shown("fig08").points == 24


def test_the_headline_compares_with_flat(shown):
    assert headline(shown("fig08")) == "In brackets: mean of 24 points; +Binding is 4× FLAT"
    assert headline(shown("fig09")) == "In brackets: mean of 24 points; +Binding is 0.25× FLAT"
    assert headline(shown("fig06a")) == "In brackets: mean of 24 points"


def test_one_point_has_no_mean_to_speak_of(shown, results):
    one = results[(results.model == "T5") & (results.seq_len == 4096)]
    assert headline(shown("fig08", one)) == "+Binding is 4× FLAT"


def test_without_the_baseline_the_first_series_there_is_takes_its_place(shown, results):
    rest = shown("fig08", results[results.config != "unfused"])
    assert rest.series.labels[rest.baseline] == "FLAT"
    assert by_label(rest, rest.values[0, 0])["+Binding"] == 4
    assert "FLAT" not in headline(rest)


def test_without_the_highlighted_series_the_last_one_is_highlighted(shown, results):
    rest = shown("fig08", results[results.config != "binding"])
    assert rest.series.labels[rest.highlight] == "+Architecture"


def test_a_baseline_alone_is_nothing_to_draw(shown, results):
    with pytest.raises(NoRowsError):
        shown("fig08", results[results.config == "unfused"])


def test_a_missing_row_is_a_gap_and_no_point_of_the_mean(shown, results):
    is_gone = (results.config == "binding") & (results.model == "XLM") & (results.seq_len == 1024)
    rest = shown("fig08", results[~is_gone])
    assert np.isnan(rest.values[3, 0, 4])
    assert by_label(rest, rest.means)["+Binding"] == 8


def test_a_value_of_zero_has_no_ratio(shown, results):
    zero = results.assign(latency_s=results.latency_s.where(results.config != "flat", 0.0))
    assert np.isnan(shown("fig08", zero).values[..., 1]).all()


def test_numbers_have_the_digits_of_the_largest(shown):
    assert shown("fig08").text(8.0) == "8.00"
    assert shown("fig06b").text(80.0) == "80.0"


def test_numbers_out_of_range_have_prefixes(shown):
    assert shown("fig08", speedup_over=None, unit="us").text(1.5e6) == "1.5M"
