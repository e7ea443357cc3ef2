"""Trials of problems, generated on one GPU: time and energy over all steps.

    seconds = Σ over steps ( layers · (projections, feed-forward + selecting + attention) + head )
    joules  = the same of actions' energies + what the board draws while it waits · seconds

A step gives every trial of every problem its next token; all trials have the same length. Prompts
are there already. Attention is asked for at nodes (`buckets.py`) and is linear between them; what
does not depend on the context is the same in every step. A prompt that several trials share is read
once or by each of them, whichever takes less time over the whole generation.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from accelsim.arch.gpu import Gpu
from accelsim.cost.gpu.call import works_of
from accelsim.cost.system.buckets import Bucketed
from accelsim.cost.system.effort import Effort, effort, idle_w, total
from accelsim.workload.calls import Call
from accelsim.workload.layer import head_calls, layer_calls
from accelsim.workload.model import Model
from accelsim.workload.phase import Decode
from accelsim.workload.trials import (
    Paged,
    Selection,
    Trials,
    attention_calls,
    selecting_calls,
    turns,
)

Array = np.ndarray[tuple[int], np.dtype[np.float64]]


@dataclass(frozen=True)
class Asked:
    """A GPU that is `in_stream`, and what has been asked of it: models with the same heads attend
    alike, and so do two selections of the same budget."""

    gpu: Gpu
    known: dict[tuple[Call, ...], Effort] = field(default_factory=dict)

    def __call__(self, calls: tuple[Call, ...]) -> Effort:
        if calls not in self.known:
            self.known[calls] = effort(calls, self.gpu)
        return self.known[calls]


@dataclass(frozen=True)
class Generation:
    """Over all steps: joules of the parts are beyond waiting. `reading` says who reads a prompt:
    `each` trial, or one for all (`shared`). `kernels` are those of a step at the
    end."""

    layers: Effort
    head: Effort
    attention: Effort
    selecting: Effort
    waiting_w: float
    kernels: int
    reading: str

    @property
    def seconds(self) -> float:
        return self._parts.seconds

    @property
    def joules(self) -> float:
        return self._parts.joules + self.waiting_w * self.seconds

    @property
    def _parts(self) -> Effort:
        return total((self.layers, self.head, self.attention, self.selecting))


def generations(
    model: Model,
    asked: Asked,
    selection: Selection,
    trials: Trials,
    kernel: Paged,
    lengths: Sequence[int],
    nodes: Bucketed | None = None,
) -> tuple[Generation, ...]:
    """A generation to each of the lengths.

    Raises
    ------
    MappingError
        if the GPU has no kernel for one of the calls.
    """
    if not lengths:
        return ()
    sizes = _sizes(selection, trials, max(lengths), nodes or Bucketed())

    def selecting_of(own: int) -> tuple[Call, ...]:
        return selecting_calls(selection, model, trials, own)

    ways = _ways(model, asked, selection, trials, kernel, sizes)
    selecting = _sums(_at(selecting_of, asked, sizes), sizes)
    layer = layer_calls(model, 0, Decode(tokens=trials.sequences, context=1))
    rest, head = (*layer.before, *layer.after), head_calls(model, trials.sequences)
    each_layer, each_head = asked(rest), asked(head)
    kernels = model.layers * _kernels(rest, asked.gpu) + _kernels(head, asked.gpu)
    found = []
    for length in lengths:
        reading = min(ways, key=lambda way: ways[way].of[length - 1].seconds)
        steps = ways[reading].kernels + len(selecting_of(length))
        found.append(
            Generation(
                layers=each_layer.times(model.layers * length),
                head=each_head.times(length),
                attention=ways[reading].of[length - 1].times(model.layers),
                selecting=selecting[length - 1].times(model.layers),
                waiting_w=idle_w(asked.gpu),
                kernels=kernels + model.layers * steps,
                reading=reading,
            )
        )
    return tuple(found)


@dataclass(frozen=True)
class _Sums:
    """Of all steps up to one, by its number from 0."""

    seconds: Array
    joules: Array

    def __getitem__(self, step: int) -> Effort:
        return Effort(float(self.seconds[step]), float(self.joules[step]))


def _sizes(selection: Selection, trials: Trials, longest: int, nodes: Bucketed) -> tuple[int, ...]:
    """Numbers of own keys at which attention is asked for, from the first token to the last."""
    kinks = (turn for turn in turns(selection, trials) if turn < longest)
    return tuple(sorted({*nodes.between(1, longest), *kinks}))


@dataclass(frozen=True)
class _Way:
    """To attend: of a layer, sums over steps, and kernels of the last one."""

    of: _Sums
    kernels: int


def _ways(
    model: Model,
    asked: Asked,
    selection: Selection,
    trials: Trials,
    kernel: Paged,
    sizes: Sequence[int],
) -> Mapping[str, _Way]:
    """Where a selection leaves one way alone, the other goes on as that one."""

    def way(name: str) -> _Way:
        def calls(own: int) -> tuple[Call, ...]:
            found = attention_calls(selection, model, trials, own, kernel)
            return found.get(name, found["each"])

        return _Way(_sums(_at(calls, asked, sizes), sizes), _kernels(calls(sizes[-1]), asked.gpu))

    return {name: way(name) for name in attention_calls(selection, model, trials, 1, kernel)}


def _at(
    calls: Callable[[int], tuple[Call, ...]], asked: Asked, sizes: Iterable[int]
) -> list[Effort]:
    return [asked(calls(size)) for size in sizes]


def _sums(efforts: Sequence[Effort], sizes: Sequence[int]) -> _Sums:
    steps = np.arange(1, sizes[-1] + 1)

    def summed(values: list[float]) -> Array:
        return np.cumsum(np.interp(steps, sizes, values))

    return _Sums(summed([e.seconds for e in efforts]), summed([e.joules for e in efforts]))


def _kernels(calls: Iterable[Call], gpu: Gpu) -> int:
    return sum(len(works_of(call, gpu)) for call in calls)
