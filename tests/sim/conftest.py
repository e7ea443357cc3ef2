from collections.abc import Callable, Mapping

import pytest

from accelsim.arch.load import load_arch
from accelsim.mapping.binding import BoundMapping, bind
from accelsim.mapping.check import check
from accelsim.mapping.load import load_mapping, select
from accelsim.mapping.mapping import Mapping as WrittenMapping
from accelsim.mapping.mapping import Phase
from accelsim.workload.load import load_workload

WORKLOADS = {"fusemax": "attention/one_pass", "linear": "transformer/linear_layers"}


def _with_schedule(mapping: WrittenMapping, changes: Mapping[str, object]) -> WrittenMapping:
    step = mapping.schedule[0].model_copy(update=dict(changes))
    return mapping.model_copy(update={"schedule": (step,)})


@pytest.fixture(scope="session")
def bound() -> Callable[..., BoundMapping]:
    """A shipped mapping, its only step changed or not, bound; its schedule found legal."""

    def bind_legal(
        name: str,
        machine: str = "fusemax_cloud",
        arch: Mapping[str, str] | None = None,
        schedule: Mapping[str, object] | None = None,
        **ranks: int,
    ) -> BoundMapping:
        workload = WORKLOADS.get(name.split("_")[0], "attention/three_pass")
        cascade = load_workload(workload, {f"ranks.{r}": str(n) for r, n in ranks.items()})
        spatial = load_arch(machine, arch)
        mapping = select(load_mapping(name), cascade, spatial)
        if schedule is not None:
            mapping = _with_schedule(mapping, schedule)
        found = bind(mapping, cascade, spatial)
        assert [v for v in check(found) if v.where in [step.name for step in found.steps]] == []
        return found

    return bind_legal


@pytest.fixture(scope="session")
def phases() -> Callable[..., tuple[Phase, ...]]:
    """Phases from (Einsums of Array2D, Einsums of Array1D), each in one string."""

    def both(*runs: tuple[str, str]) -> tuple[Phase, ...]:
        named = [
            {"Array2D": tuple(two.split()), "Array1D": tuple(one.split())} for two, one in runs
        ]
        return tuple(Phase(run={array: own for array, own in run.items() if own}) for run in named)

    return both
