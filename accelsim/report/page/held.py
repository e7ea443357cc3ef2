"""What one GPU holds of a whole transformer, where the page shows its attention alone."""

from dataclasses import dataclass
from functools import lru_cache

from accelsim.arch.load_gpu import load_gpu
from accelsim.base.catalogue import names
from accelsim.base.errors import WorkloadError
from accelsim.report.page.knobs import runs_kernels
from accelsim.report.page.question import MOST_KEPT
from accelsim.report.page.state import State
from accelsim.workload.capacity import capacity
from accelsim.workload.model_load import load_model
from accelsim.workload.model_size import sequence_kv_bytes, weight_bytes


@dataclass(frozen=True)
class Held:
    """What one device holds of a transformer: the most sequences of the context (0 if none fits).

    `reason` says why there are no numbers: its weights alone do not fit.
    """

    machine: str
    model: str
    weight_bytes: int
    sequence_bytes: int
    batch: int
    command: str
    reason: str = ""


def held_by(state: State, context: int | None) -> tuple[Held, ...]:
    """Of a transformer, on each GPU; spatial arrays rarely say how large their memory is."""
    if state.model not in names("models"):
        return ()
    gpus = [machine for machine in state.machines if runs_kernels(machine.name)]
    return tuple(_of_model(state.model, machine.name, context or 0) for machine in gpus)


@lru_cache(maxsize=MOST_KEPT)
def _of_model(name: str, machine: str, context: int) -> Held:
    model, hbm = load_model(name), load_gpu(machine).hbm
    command = f"accelsim model {name} --machine {machine} --context {context}"
    weights, sequence = weight_bytes(model), sequence_kv_bytes(model, context)
    try:
        batch = capacity(model, float(hbm.capacity_bytes)).batch(context)
    except WorkloadError as error:
        return Held(machine, name, weights, sequence, 0, command, error.fact)
    return Held(machine, name, weights, sequence, batch, command)
