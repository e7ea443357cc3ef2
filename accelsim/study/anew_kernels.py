"""The kernels of a GPU found anew at a point of a what-if.

They stand beside those that are made at every point, a library's or by rules, and need not be
faster: of a library's kernels more is known than their tiles.
"""

from collections.abc import Callable, Mapping

from accelsim.arch.gpu import Gpu
from accelsim.cost.gpu.why import WORDS
from accelsim.mapper.gpu.find import find_kernels, gpu_objective
from accelsim.study.anew import Row, Search, Values, told_row
from accelsim.study.pointwise import Settings, as_settings
from accelsim.study.quantities import Quantity
from accelsim.workload.einsum import Cascade


def kernel_search(
    case: Callable[[Settings], tuple[Cascade, Gpu]],
    numbers: Mapping[str, Quantity],
    minimise: str,
) -> Search:
    """`case` is the workload and the GPU under settings of `numbers`. Raises MapperError for an
    objective that GPUs do not have."""
    wanted = gpu_objective(minimise)

    def ask(values: Values, _: bool) -> Row:
        found = find_kernels(*case(as_settings(values, numbers)), wanted)
        answer, cost = found.answer, found.answer.cost
        if answer.is_cut_short:
            # The best so far is no answer here.
            raise KeyboardInterrupt
        own = (float(cost.latency_s), float(cost.energy_pj), WORDS.get(cost.bound, cost.bound))
        return told_row(*own, answer.optimal, found.gap, answer.strategy)

    return Search(wanted, "kernels", "kernels as they are made", ask)
