import inspect
import subprocess
import sys
from importlib import import_module

import pytest

from accelsim.report.plots.catalogue import PLOTS


@pytest.mark.parametrize("plot", PLOTS.values(), ids=list(PLOTS))
def test_a_figure_takes_a_frame_a_title_a_caption_and_its_options(plot):
    own = inspect.signature(getattr(import_module(plot.module), plot.draw)).parameters
    assert set(own) == {"frame", "title", "caption", *plot.options}


@pytest.mark.parametrize("plot", PLOTS.values(), ids=list(PLOTS))
def test_the_example_ends_with_the_figure(plot):
    assert plot.example[-1].startswith(f"accelsim plot {plot.name} out/")
    assert all("--out out/" in command for command in plot.example[:-1])


def test_the_list_costs_no_library():
    program = (
        "import sys, accelsim.report.plots.catalogue;"
        "print([m for m in ('numpy', 'pandas', 'matplotlib') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
