"""The mapping of an array found anew at a point of a what-if.

The spaces of the search need not hold the mapping that is kept; where that one is better, it stays
(`kept`), and nothing is proved.
"""

from accelsim.cost.evaluate import evaluate
from accelsim.cost.result import Cost
from accelsim.mapper.find import find_mapping
from accelsim.mapper.found import figures_of
from accelsim.mapper.objective import Objective, objective, value_of
from accelsim.study.anew import Row, Search, Values, told_row
from accelsim.study.design import Design
from accelsim.study.faults import FAULTS

KEPT = "kept"


def mapping_search(design: Design, minimise: str) -> Search:
    """Raises MapperError if there is no such objective."""
    wanted = objective(minimise, [memory.name for memory in design.arch.memories])
    known = design.numbers()

    def ask(values: Values, is_legal: bool) -> Row:
        units = {path: known[path].unit for path in values if path in known}
        return _best(design.at(values, units) if values else design, wanted, is_legal)

    return Search(wanted, "mapping", "the mapping kept", ask)


def _best(design: Design, wanted: Objective, is_legal: bool) -> Row:
    old = evaluate(design.cascade, design.arch, design.alternative()) if is_legal else None
    try:
        found = find_mapping(design.cascade, design.arch, wanted)
    except FAULTS:
        if old is None:
            raise
        return _told(old, None, None, KEPT)
    if found.is_cut_short:
        # The best so far is no answer here.
        raise KeyboardInterrupt
    if old is not None and value_of(wanted, figures_of(old)) < found.value:
        return _told(old, None, None, KEPT)
    return _told(found.cost, found.optimal, found.gap, found.strategy)


def _told(cost: Cost, optimal: bool | None, gap: float | None, strategy: str) -> Row:
    own = (float(cost.latency_s), float(cost.energy_pj), str(cost.bound))
    return told_row(*own, optimal, gap, strategy)
