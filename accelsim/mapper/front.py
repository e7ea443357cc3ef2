"""find_front(cascade, arch, ["latency", "energy"]) → mappings of which none beats another in both.

Of two objectives the search minimises one alone, the other alone, and products between them:

    one^w · other^(1 - w),   w = 1, 1 - 1/n, …, 1/n, 0

with three or more the weights are those of a lattice that add up to 1. An answer is on the front
unless another one is no worse in every objective and better in one. A mapping that is `optimal` for
its product is on the true front of its space; between the products there may be more.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from accelsim.arch.spatial import Spatial
from accelsim.base.errors import MapperError
from accelsim.mapper.constraints import Constraints
from accelsim.mapper.find import find_mapping
from accelsim.mapper.found import Found, figures_of
from accelsim.mapper.objective import Objective, powers_of, value_of
from accelsim.mapper.question import Progress, quiet
from accelsim.mapper.stated.space import Space
from accelsim.workload.einsum import Cascade

STEPS = 4
"""Products between two objectives, and one of them alone."""


@dataclass(frozen=True)
class OnFront:
    """An answer with its values of the objectives, in their order."""

    found: Found
    values: tuple[float, ...]


def find_front(
    cascade: Cascade,
    arch: Spatial,
    minimise: Sequence[Objective],
    *,
    steps: int = STEPS,
    space: Space | None = None,
    constraints: Constraints | None = None,
    progress: Progress = quiet,
) -> tuple[OnFront, ...]:
    """In the order of the first objective; arguments and errors are those of `find_mapping`.

    Interrupted after some search has answered, it returns the front so far.
    """
    if len(set(minimise)) < 2:
        raise MapperError("a front needs two objectives", remedy="Write latency,energy")
    seen: list[OnFront] = []
    try:
        for product in _products(minimise, steps):
            found = find_mapping(
                cascade, arch, product, space=space, constraints=constraints, progress=progress
            )
            figures = figures_of(found.cost)
            seen.append(OnFront(found, tuple(float(value_of(m, figures)) for m in minimise)))
    except KeyboardInterrupt:
        if not seen:
            raise
    return tuple(sorted(_unbeaten(seen), key=lambda each: each.values))


def _products(minimise: Sequence[Objective], steps: int) -> Iterator[Objective]:
    for weights in _weights(len(minimise), steps):
        yield "*".join(
            f"{figure}^{power * weight / steps:.6f}"
            for name, weight in zip(minimise, weights, strict=True)
            for figure, power in powers_of(name).items()
            if weight
        )


def _weights(number: int, left: int) -> Iterator[tuple[int, ...]]:
    """Whole numbers that add up to `left`, the largest first."""
    if number == 1:
        yield (left,)
        return
    for first in range(left, -1, -1):
        for others in _weights(number - 1, left - first):
            yield (first, *others)


def _unbeaten(seen: Sequence[OnFront]) -> Iterator[OnFront]:
    """Of several alike the first."""
    for place, each in enumerate(seen):
        others = (other.values for number, other in enumerate(seen) if number != place)
        earlier = [other.values for other in seen[:place]]
        if each.values not in earlier and not any(_beats(other, each.values) for other in others):
            yield each


def _beats(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one != other and all(a <= b for a, b in zip(one, other, strict=True))
