import pandas as pd
import pytest
from matplotlib.colors import to_hex

from accelsim.report.contexts import COMPARED, Panel, draw_contexts, save_contexts

CONTEXTS = (1024, 4096, 16384)


def frame(*names, kept=2.0**20, machine="h100_sxm"):
    """Time and energy proportional to the context and to the place among the names."""
    return pd.DataFrame(
        [
            {
                "variant": name,
                "phase": "decode",
                "machine": machine,
                "context": context,
                "latency_s": (place + 1) * context * 1e-6,
                "energy_pj": (place + 1) * context * 1e6,
                "kept_bytes": kept,
            }
            for place, name in enumerate(names)
            for context in CONTEXTS
        ]
    )


def test_a_panel_a_quantity_and_a_line_a_mechanism():
    figure = draw_contexts(frame("one", "two"), COMPARED, "decode on h100_sxm")
    assert [axes.get_ylabel() for axes in figure.axes] == [
        "time of a run",
        "energy of a run",
        "cache or state",
    ]
    for axes in figure.axes:
        assert axes.get_xscale() == axes.get_yscale() == "log"
        assert [line.get_label() for line in axes.lines] == ["one", "two"]
    assert list(figure.axes[0].lines[1].get_ydata()) == pytest.approx(
        [2.048e-3, 8.192e-3, 0.032768]
    )


def test_a_panel_without_numbers_is_left_out():
    figure = draw_contexts(frame("one", kept=float("nan")), COMPARED, "")
    assert len(figure.axes) == 2


def test_no_two_of_two_dozen_lines_look_the_same():
    figure = draw_contexts(frame(*(f"m{number}" for number in range(24))), COMPARED[:1], "")
    looks = {(to_hex(line.get_color()), line.get_linestyle()) for line in figure.axes[0].lines}
    assert len(looks) == 24


def test_axes_are_marked_in_contexts_and_prefixes():
    figure = draw_contexts(frame("one"), COMPARED, "")
    figure.draw_without_rendering()
    labels = [label.get_text() for label in figure.axes[-1].get_xticklabels()]
    assert labels == ["1K", "4K", "16K"]
    assert "10 ms" in [label.get_text() for label in figure.axes[0].get_yticklabels()]


def test_the_legend_stands_outside_and_the_caption_names_the_contexts(tmp_path):
    files = save_contexts(frame("one", "two"), tmp_path)
    assert [file.name for file in files] == ["h100_sxm.png", "h100_sxm.svg"]
    figure = draw_contexts(frame("one", "two"), COMPARED, "decode on h100_sxm, context 1K to 16K")
    figure.draw_without_rendering()
    legend = figure.legends[0].get_window_extent()
    assert all(axes.get_window_extent().x1 <= legend.x0 for axes in figure.axes)


def test_a_machine_without_numbers_has_no_figure(tmp_path):
    nothing = frame("one").assign(latency_s=None, energy_pj=None)
    assert save_contexts(nothing, tmp_path) == []


def test_panels_of_operations():
    panel = Panel("latency_s", "operations a token", "FLOP")
    figure = draw_contexts(frame("one").assign(latency_s=1e7), [panel], "")
    figure.draw_without_rendering()
    assert "10 MFLOP" in [label.get_text() for label in figure.axes[0].get_yticklabels()]
