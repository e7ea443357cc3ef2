"""A bound mapping as text: each Einsum's loop nest as nested `for`s, then the schedule.

BQK on Array2D
  DRAM keeps K, Q
  for B in 64
    for P in 2
      GlobalBuffer keeps K, Q
        spatial P in 256 over columns
"""

from collections.abc import Iterator

from accelsim.mapping.binding import BoundMapping, BoundStep
from accelsim.mapping.loops import Loop, LoopNest


def render(mapping: BoundMapping) -> str:
    """The whole mapping, readable without its YAML."""
    tiles = [f"{name} = {value}" for name, value in mapping.tiles.items()]
    nests = ["\n".join(render_nest(nest)) for nest in mapping.nests.values()]
    steps = ["\n".join(_render_step(step)) for step in mapping.steps]
    return "\n\n".join(["\n".join(tiles), *nests, *steps]).strip() + "\n"


def render_nest(nest: LoopNest) -> Iterator[str]:
    yield f"{nest.einsum} on {nest.array}"
    indent = 1
    for depth in range(len(nest.loops) + 1):
        for storage in nest.storages:
            if storage.depth == depth:
                yield f"{'  ' * indent}{storage.memory} keeps {', '.join(sorted(storage.tensors))}"
        if depth < len(nest.loops):
            yield "  " * indent + _loop_text(nest.loops[depth])
            indent += 1
    yield "  " * indent + f"{nest.einsum} at one point"


def _loop_text(loop: Loop) -> str:
    if loop.is_spatial:
        return f"spatial {loop.rank} in {loop.factor} over {loop.axis}"
    return f"for {loop.rank} in {loop.factor}"


def _render_step(step: BoundStep) -> Iterator[str]:
    tile = ", ".join(f"{size} of {rank}" for rank, size in step.tile.items())
    yield f"step {step.name}, {f'for every tile of {tile}' if tile else 'once'}"
    for number, phase in enumerate(step.phases, start=1):
        arrays = [
            f"{array}: {', '.join(_with_lag(name, step) for name in names)}"
            for array, names in phase.run.items()
        ]
        drain = [f"then wait for {', '.join(phase.drain)}"] if phase.drain else []
        yield f"  {number}. {' | '.join([*arrays, *drain])}"


def _with_lag(einsum: str, step: BoundStep) -> str:
    return f"{einsum} (tile - {step.lag[einsum]})" if einsum in step.lag else einsum
