"""A part of a study on a GPU: its points one after the other, each with kernels of its own."""

from collections.abc import Iterator, Mapping

import numpy as np

from accelsim.base.errors import StudyError
from accelsim.base.expression import parse_expression
from accelsim.cost.evaluate import evaluate
from accelsim.cost.gpu.mapping import gpu_mapping
from accelsim.cost.result import Cost
from accelsim.mapping import at_point
from accelsim.study.axes import Value
from accelsim.study.cases import below, cascade_at
from accelsim.study.inputs import Inputs
from accelsim.study.points import Points, refuse_unless_path
from accelsim.study.study import Part
from accelsim.study.table import Column
from accelsim.workload.einsum import Cascade

RANKS = "workload.ranks."


def costs_on_gpu(
    part: Part,
    points: Points,
    fixed: Mapping[str, Value],
    derive: Mapping[str, Value],
    inputs: Inputs,
) -> Iterator[tuple[Cost, Column]]:
    """The cost at every point, with the number of the point."""
    for number in range(len(points)):
        place = np.array([number])
        one = points.at(place)
        varied = {path: each.as_written[0] for path, each in one.settings.items()}
        settings = below("arch", {**fixed, **varied})
        gpu = inputs.gpu(part.arch, {path: str(value) for path, value in settings.items()})
        cascade = cascade_at(part.workload, one, below("workload", fixed), inputs)
        cascade = _derived(at_point.cascade_at(cascade, 0), derive, one)
        yield evaluate(cascade, gpu, gpu_mapping(cascade, gpu, part.mapping)), place


def _derived(cascade: Cascade, derive: Mapping[str, Value], one: Points) -> Cascade:
    """`derive` sets ranks by expressions over ranks and columns."""
    for path, formula in derive.items():
        refuse_unless_path(path)
        rank = path.removeprefix(RANKS)
        if rank == path:
            fact = f"{path} cannot be derived where a machine is a GPU"
            raise StudyError(fact, remedy="Only ranks can be; give the axis its values")
        columns = {name: column[0] for name, column in one.columns.items()}
        value = parse_expression(formula).evaluate({**cascade.ranks, **columns})
        cascade = cascade.with_ranks(**{rank: value}) if rank in cascade.ranks else cascade
    return cascade
