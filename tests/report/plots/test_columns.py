import pandas as pd
import pytest

from accelsim.base.errors import StudyError
from accelsim.report.plots.catalogue import PLOTS
from accelsim.report.plots.columns import (
    OTHERS,
    caption_of,
    common_name,
    in_unit,
    largest_first,
    palette,
    refuse_missing,
    run_names,
    shortened,
)
from accelsim.report.sheet import width_pt


@pytest.mark.parametrize(
    ("largest", "unit", "shown"),
    [
        (0.0297, "s", (1e-3, "ms")),
        (3.6e13, "pJ", (1e12, "J")),
        (2.5e9, "pJ", (1e9, "mJ")),
        (3 * 2**30, "B", (2**30, "GiB")),
        (12.0, "s", (1.0, "s")),
        (0.0, "s", (1.0, "s")),
    ],
)
def test_the_prefix_leaves_one_to_three_digits_before_the_point(largest, unit, shown):
    factor, name = in_unit(largest, unit)
    assert (pytest.approx(factor), name) == shown


def test_runs_are_called_what_tells_them_apart_in_fewest_words():
    frame = pd.DataFrame(
        {"workload": ["a", "b", "b"], "machine": ["x", "y", "z"], "mapping": ["m"] * 3}
    )
    assert list(run_names(frame)) == ["x", "y", "z"]
    assert list(run_names(frame.iloc[1:])) == ["y", "z"]
    crossed = pd.DataFrame({"workload": ["a", "a", "b"], "machine": ["x", "y", "x"]})
    assert list(run_names(crossed)) == ["a, x", "a, y", "b, x"]
    assert common_name(frame) == "under m"
    assert common_name(frame.iloc[:1]) == "a on x under m"


def test_a_caption_names_each_source_once():
    frame = pd.DataFrame({"source": ["A paper; B.", "A paper", None]})
    assert caption_of(frame, "Said.") == "Said. Sources: A paper; B."
    assert caption_of(pd.DataFrame({"x": [1]})) == ""
    many = pd.DataFrame({"source": ["; ".join(f"paper {n}" for n in range(11))]})
    assert caption_of(many).endswith("paper 7; 3 more in the table.")


def test_a_missing_column_is_named_with_the_nearest_one():
    frame = pd.DataFrame({"energy": [1.0], "parts": ["DRAM"]})
    with pytest.raises(StudyError, match="'energy_pj', which energy needs. Did you mean 'energy'"):
        refuse_missing(frame, PLOTS["energy"], "table x")


def test_beyond_what_there_are_colours_for_are_others():
    sizes = pd.Series({f"part {n}": n for n in range(12)})
    names = largest_first(sizes)
    assert len(names) == 8 and names[0] == "part 11" and names[-1] == OTHERS
    colours = palette(names)
    assert len({colours[name] for name in names}) == 8


def test_a_long_name_is_cut_to_its_room():
    assert shortened("short", 100) == "short"
    cut = shortened("a_very_long_name_without_any_space_in_it", 60)
    assert cut.endswith("…") and width_pt(cut) <= 60
