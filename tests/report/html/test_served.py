"""What a simulated run shows: shares by hand, and a bar for each span."""

import pandas as pd
import pytest

from accelsim.report.html.choice import choose


def test_requests_show_how_many_waited_how_long():
    """Of four, a quarter had their first token within 1 s, all within 3 s."""
    rows = pd.DataFrame({"number": range(4), "ttft_s": [1.0, 2.0, 3.0, 3.0], "tbt_max_s": None})
    (chosen,) = choose(rows)
    (line,) = chosen.figure.data
    assert (list(line.x), list(line.y)) == ([1.0, 2.0, 3.0], [0.25, 0.5, 1.0])
    assert chosen.caption.startswith("Share of 4 requests")


@pytest.mark.parametrize("unit", ["s", "cycles"])
def test_spans_are_bars_from_their_start(unit):
    rows = pd.DataFrame(
        {
            "actor": ["A", "B", "A"],
            "activity": ["model", "send", "wait"],
            f"start_{unit}": [1.0, 2.0, 3.0],
            f"end_{unit}": [2.0, 2.5, 4.0],
        }
    )
    (chosen,) = choose(rows)
    bars = {bar.name: (list(bar.base), list(bar.x), list(bar.y)) for bar in chosen.figure.data}
    assert bars["send"] == ([2.0], [0.5], ["B"])
    assert bars["model"] == ([1.0], [1.0], ["A"])
    assert chosen.printed is not None
