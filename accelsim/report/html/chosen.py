"""A figure that a table is worth, before it is written."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawn
    from plotly.graph_objects import Figure


@dataclass(frozen=True)
class Chosen:
    """A figure, what it shows of which rows, and how it is printed, if not as it is drawn."""

    caption: str
    figure: "Figure"
    printed: "Drawn | None" = None
