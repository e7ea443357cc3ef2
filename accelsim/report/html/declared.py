"""The figures that the study declared which made the results, drawn of the tables as they are now.

The study's own text is kept with its results; without it, or where it cannot be read as one, there
are none, and the pictures that lie beside the results stand in their place.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from accelsim.base.errors import AccelsimError, StudyError
from accelsim.base.yamlfile import parse_yaml
from accelsim.report.html.results import Results
from accelsim.report.interactive.declared import caption_of, declared
from accelsim.report.save import draw
from accelsim.report.spec import FigureSet, read_figures

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawn
    from plotly.graph_objects import Figure


def figures_of(results: Results) -> Iterator[tuple[str, str, "Figure", "Drawn"]]:
    """Name, caption, figure to move about in, and as it is printed; those whose rows are there."""
    found = _set_of(results)
    tables: Mapping[str, object] = results.tables
    for spec in found.figures:
        if spec.table not in tables:
            continue
        frame = results.tables[spec.table].frame()
        try:
            caption = caption_of(spec, frame, found.names)
            yield (
                spec.name,
                caption,
                declared(spec, frame, found.names),
                draw(spec, {spec.table: frame}, found.names),
            )
        except StudyError:
            # Of a study that was run in part: its picture, if there is one, is shown as it is.
            continue


def _set_of(results: Results) -> FigureSet:
    inputs = results.provenance.get("inputs", {})
    texts = [str(each.get("yaml", "")) for each in inputs.values() if each.get("kind") == "Study"]
    for text in texts:
        try:
            node = parse_yaml(text)
            if node.get("figures") is not None:
                return read_figures(node)
        except AccelsimError:
            continue
    return FigureSet(())
