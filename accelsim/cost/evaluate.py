"""evaluate(cascade, arch, mapping) → Cost: the one door to the cost model.

On a GPU, the kernels of a mapping one after the other (`gpu.cascade`). On a spatial array, the
first two evaluations of a mapping run the formulas; the third records them on a tape, and all later
ones, whatever their numbers, replay it (`tape`). Recording pays from the fifth on.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from collections.abc import Mapping as NumbersOf
from dataclasses import fields, is_dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, overload

from accelsim.arch.spatial import Spatial
from accelsim.base.errors import MappingError, WorkloadError
from accelsim.cost import spatial
from accelsim.cost.coverage import Key, coverage_of, noting
from accelsim.cost.leaves import Points, numbers, structure, with_numbers
from accelsim.cost.result import Cost
from accelsim.cost.tape import Recorded, Tape
from accelsim.mapping.binding import BoundMapping, bind
from accelsim.mapping.loops import Number
from accelsim.mapping.mapping import Mapping
from accelsim.workload.budget import budgeted
from accelsim.workload.einsum import Cascade

if TYPE_CHECKING:
    from accelsim.arch.gpu import Gpu
    from accelsim.cost.gpu.cascade import GpuCost
    from accelsim.mapping.gpu_mapping import GpuMapping

_NONE: NumbersOf[str, Number] = MappingProxyType({})

MOST_TAPES = 64
MET_BEFORE_RECORDING = 2


@overload
def evaluate(cascade: Cascade, arch: "Gpu", mapping: "GpuMapping | None" = None) -> "GpuCost": ...
@overload
def evaluate(
    cascade: Cascade, arch: Spatial, mapping: Mapping, given: NumbersOf[str, Number] = _NONE
) -> Cost: ...
@overload
def evaluate(
    cascade: Cascade, arch: "Spatial | Gpu", mapping: "Mapping | GpuMapping | None" = None
) -> Cost: ...
def evaluate(
    cascade: Cascade,
    arch: "Spatial | Gpu",
    mapping: "Mapping | GpuMapping | None" = None,
    given: NumbersOf[str, Number] = _NONE,
) -> Cost:
    """Cost of running `cascade` on `arch` under `mapping`.

    On a spatial array rank sizes, tile sizes and the machine's numbers may be arrays that
    broadcast; every total then is an array. `given` are values for ranks and tiles of the mapping,
    in place of its formulas. The mapping is taken to be legal: `mapping.check`
    tells, and how far it is off. What depends on data is evaluated at its budget
    (`workload.budget`), whose Einsums those of the result are. On a GPU all are plain numbers, and
    without a mapping kernels are made by rules.

    Raises
    ------
    MappingError
        if the mapping is for another kind of machine or another workload, or names an Einsum, rank,
        tensor or part that is not there.
    WorkloadError
        on a spatial array, if conditions leave no point of any Einsum.
    """
    if not isinstance(arch, Spatial):
        return _on_gpu(cascade, arch, mapping)
    if not isinstance(mapping, Mapping):
        remedy = "`default_mapping` finds one, `load_mapping` reads one"
        raise MappingError("a spatial array needs a mapping of loops", remedy=remedy)
    return _on_array(budgeted(cascade), arch, mapping, given)


def _on_gpu(cascade: Cascade, gpu: "Gpu", mapping: "Mapping | GpuMapping | None") -> "GpuCost":
    # What they import takes longer than a spatial array does.
    from accelsim.cost.gpu.cascade import cascade_cost
    from accelsim.cost.gpu.mapping import gpu_mapping
    from accelsim.mapping.gpu_mapping import GpuMapping

    mapping = gpu_mapping(cascade, gpu) if mapping is None else mapping
    if not isinstance(mapping, GpuMapping):
        remedy = "Name a kernel, or nothing: kernels are made by rules then"
        raise MappingError("a GPU runs kernels, not a mapping of loops", remedy=remedy)
    own = (cascade.einsums, budgeted(cascade).einsums)
    if mapping.cascade.einsums not in own:
        fact = f"the kernels are those of {mapping.cascade.name}, not of {cascade.name}"
        raise MappingError(fact, remedy="`gpu_mapping` makes those of a workload")
    return cascade_cost(mapping, gpu)


def _on_array(
    cascade: Cascade, arch: Spatial, mapping: Mapping, given: NumbersOf[str, Number]
) -> Cost:
    bound = bind(mapping, cascade, arch, given)
    points = spatial.points_of(bound)
    if all(isinstance(number, int) and number == 0 for number in points.values()):
        remedy = "See what its conditions and positions leave"
        raise WorkloadError(f"no point of {cascade.name} exists", at=cascade.place, remedy=remedy)
    key = (id(mapping), id(cascade.einsums), structure(bound))
    known = _tapes.get(key) or _Known(mapping, cascade.einsums, met=0, play=None)
    if known.play is None and known.met == MET_BEFORE_RECORDING:
        known = known._replace(play=_recorded(bound, points))
    _remember(key, known._replace(met=known.met + 1))
    if known.play is None:
        return spatial.cost_from(bound, points, coverage_of(bound))
    return known.play(bound, points)


class _Known(NamedTuple):
    """A structure met before. It holds on to the objects whose identity is part of its key."""

    mapping: Mapping
    einsums: object
    met: int
    play: Callable[[BoundMapping, Points], Cost] | None


_tapes: OrderedDict[Hashable, _Known] = OrderedDict()


def _remember(key: Hashable, known: _Known) -> None:
    _tapes[key] = known
    while len(_tapes) > MOST_TAPES:
        _tapes.popitem(last=False)


def _recorded(bound: BoundMapping, points: Points) -> Callable[[BoundMapping, Points], Cost]:
    """A function from any mapping of this structure to its cost."""
    asked: dict[Key, Number] = {}
    spatial.cost_from(bound, points, noting(coverage_of(bound), asked))
    own = len(numbers(bound, points))
    tape = Tape(own + len(asked))
    leaves = [tape.leaf(slot) for slot in range(tape.leaves)]
    shares = dict(zip(asked, leaves[own:], strict=True))
    pattern = spatial.cost_from(*with_numbers(bound, points, leaves[:own]), shares.__getitem__)
    results: list[Recorded] = []
    filled = _filler(pattern, results)
    play = tape.player(results)

    def replay(now: BoundMapping, points_now: Points) -> Cost:
        share = coverage_of(now)
        cost: Cost = filled(play([*numbers(now, points_now), *(share(key) for key in shares)]))
        return cost

    return replay


def _filler(pattern: Any, results: list[Recorded]) -> Callable[[list[Number]], Any]:
    """A function that builds `pattern` anew, with played numbers for its recorded ones."""
    if isinstance(pattern, Recorded):
        results.append(pattern)
        place = len(results) - 1
        return lambda played: played[place]
    if isinstance(pattern, tuple) and any(map(_has_numbers, pattern)):
        parts = [_filler(part, results) for part in pattern]
        made = getattr(type(pattern), "_make", tuple)
        return lambda played: made([part(played) for part in parts])
    if isinstance(pattern, dict):
        entries = [(key, _filler(value, results)) for key, value in pattern.items()]
        return lambda played: {key: value(played) for key, value in entries}
    if is_dataclass(pattern) and not isinstance(pattern, type):
        kind = type(pattern)
        values = [_filler(getattr(pattern, field.name), results) for field in fields(pattern)]
        return lambda played: kind(*[value(played) for value in values])
    return lambda played: pattern


def _has_numbers(part: Any) -> bool:
    return isinstance(part, Recorded | tuple | dict) or is_dataclass(part)
