"""Mechanisms on machines at growing contexts: time, energy, and what is kept between tokens.

latency_s  energy_pj     of one run: all tokens of a prompt, or one step of decoding
tokens                   how many that run takes in or makes, of all sequences of the batch
kept_bytes               decode: cache or state of all sequences (workload/context.py)
bound  mapping           what the time goes to; the default mapping that was found
source                   of the mechanism and of the machine
reason                   why there are no numbers: no memory large enough, no array that can
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from accelsim.arch.gpu import Gpu
from accelsim.arch.load import is_gpu, load_arch
from accelsim.arch.load_gpu import load_gpu
from accelsim.arch.spatial import Spatial
from accelsim.base.errors import AccelsimError
from accelsim.cost.default import default_mapping
from accelsim.cost.evaluate import evaluate
from accelsim.cost.result import Cost
from accelsim.study.table import Table, array_of
from accelsim.workload.context import at_context, kept_bytes, tokens_of
from accelsim.workload.einsum import Cascade
from accelsim.workload.variants import Variant

NUMBERS = ("tokens", "latency_s", "energy_pj", "kept_bytes", "bound", "mapping")
COLUMNS = ("variant", "family", "phase", "machine", "context", *NUMBERS, "reason", "source")


@dataclass(frozen=True)
class Point:
    """A mechanism on a machine at a context."""

    variant: Variant
    machine: str
    context: int


def points(
    variants: Sequence[Variant], machines: Sequence[str], contexts: Sequence[int]
) -> tuple[Point, ...]:
    """Every combination, the context fastest."""
    return tuple(Point(*each) for each in product(variants, machines, contexts))


def machine_named(name: str) -> Spatial | Gpu:
    """A machine of either kind."""
    return load_gpu(name) if is_gpu(name) else load_arch(name)


def context_row(point: Point) -> dict[str, Any]:
    """What a point takes, or why it cannot be evaluated."""
    row = {
        "variant": point.variant.name,
        "family": point.variant.family,
        "phase": point.variant.phase,
        "machine": point.machine,
        "context": point.context,
        **dict.fromkeys(NUMBERS),
        "reason": "",
        "source": "",
    }
    try:
        cascade = at_context(point.variant, point.variant.load(), point.context)
        row["tokens"] = tokens_of(point.variant, cascade)
        row["kept_bytes"] = kept_bytes(point.variant, cascade)
        machine = machine_named(point.machine)
        row["source"] = f"{cascade.source}; {machine.source}"
        mapping, cost = _cost(cascade, machine, point.machine)
    except AccelsimError as error:
        return row | {"reason": " ".join(error.fact.split())}
    return row | {
        "latency_s": float(cost.latency_s),
        "energy_pj": float(cost.energy_pj),
        "bound": str(cost.bound),
        "mapping": mapping,
    }


def contexts_table(rows: Iterable[dict[str, Any]]) -> Table:
    listed = list(rows)
    return Table({name: array_of(row[name] for row in listed) for name in COLUMNS})


def _cost(cascade: Cascade, machine: Spatial | Gpu, name: str) -> tuple[str, Cost]:
    """Under the default mapping of its kind, and what that is called."""
    if isinstance(machine, Gpu):
        return _on_gpu(cascade, machine)
    default = default_mapping(cascade, machine, name)
    return default.name, evaluate(cascade, machine, default.mapping)


def _on_gpu(cascade: Cascade, gpu: Gpu) -> tuple[str, Cost]:
    # They need numba, whose import takes longer than a spatial array does.
    from accelsim.cost.gpu.cascade import refuse_too_large
    from accelsim.cost.gpu.default import default_gpu_mapping

    found = default_gpu_mapping(cascade, gpu)
    refuse_too_large(found.mapping, gpu)
    return found.name, found.cost
