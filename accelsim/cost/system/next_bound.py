"""Where the part of an iteration that needs second longest would bind, found by asking again.

attention    with more keys          the other way: with fewer, the next one binds
network      with slower links       with faster ones
host         with more overhead      with less

The model on its devices is moved by what it is compared with. The factor is the one nearest to 1,
to 2 %, at which something else than today's bound binds.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import NamedTuple

from accelsim.base.rate import Rate
from accelsim.cost.explanation import RunnerUp, times
from accelsim.cost.system.iteration import Batch, Iteration
from accelsim.cost.system.plan import Plan

FARTHEST = 64.0
NEAR, HALVINGS, WIDE_HALVINGS = 1.1, 4, 8
"""Around what proportion says there are so many halvings, and more where the place is not there."""

Point = tuple[Plan, Batch]
Ask = Callable[[Plan, Batch], str]
"""What binds."""


class Lever(NamedTuple):
    """`at` is the iteration with a factor of something; with `grows`, more of it takes longer."""

    of: str
    grows: bool
    at: Callable[[Plan, Batch, float], Point]


def runner_up(plan: Plan, batch: Batch, now: Iteration, bound: str, ask: Ask) -> RunnerUp | None:
    """The part that needs second longest; None if there is none."""
    plain = runner_up_as_it_is(now, bound)
    if plain is None:
        return None
    second, share = plain.name, plain.share
    lever, is_own = (LEVERS[second], True) if second in LEVERS else (LEVERS.get(bound), False)
    if lever is None:
        return plain
    goes_up = lever.grows == is_own
    most = _most(lever, plan, batch)
    at = _binds_at(
        lambda factor: ask(*lever.at(plan, batch, factor)) != bound,
        1 / share if goes_up else share,
        most if goes_up else 1 / FARTHEST,
    )
    if at is None:
        text = f"{plain.text}, and no {lever.of} within reach makes it bind"
        return RunnerUp(second, share, lever.of, None, text)
    text = f"{second} would bind at {times(at)} the {lever.of}"
    return RunnerUp(second, share, lever.of, at, text)


def runner_up_as_it_is(now: Iteration, bound: str) -> RunnerUp | None:
    """Without what would make it bind."""
    others = [name for name, seconds in now.way_s.items() if name != bound and seconds]
    if not others:
        return None
    second = max(others, key=lambda name: now.way_s[name])
    share = now.way_s[second] / now.way_s[bound]
    return RunnerUp(second, share, "", None, f"next: {second}, {share:.0%} as long")


def _most(lever: Lever, plan: Plan, batch: Batch) -> float:
    """No more keys than there is room for."""
    return min(FARTHEST, plan.kv_tokens / batch.keys) if lever is LEVERS["attention"] else FARTHEST


def _binds_at(binds: Callable[[float], bool], guess: float, far: float) -> float | None:
    """The factor nearest to 1 on the way to `far`, by halving its logarithm."""
    inside = min if far > 1 else max
    step = NEAR if far > 1 else 1 / NEAR
    near, end = guess / step, inside(guess * step, far)
    if (near - 1) * (far - 1) > 0 and not binds(near) and binds(end):
        return _halved(binds, near, end, HALVINGS)
    return _halved(binds, 1.0, far, WIDE_HALVINGS) if binds(far) else None


def _halved(binds: Callable[[float], bool], near: float, far: float, number: int) -> float:
    for _ in range(number):
        middle = float((near * far) ** 0.5)
        near, far = (near, middle) if binds(middle) else (middle, far)
    return far


def _keys(plan: Plan, batch: Batch, factor: float) -> Point:
    return plan, batch._replace(keys=max(batch.sequences, round(batch.keys * factor)))


def _links(plan: Plan, batch: Batch, factor: float) -> Point:
    links = tuple(
        each.model_copy(update={"bandwidth": Rate(bytes_per_s=factor * each.bytes_per_s)})
        for each in plan.system.links
    )
    return replace(plan, system=plan.system.model_copy(update={"links": links})), batch


def _overhead(plan: Plan, batch: Batch, factor: float) -> Point:
    serving = plan.system.serving
    more = serving.model_copy(update={"overhead_s": factor * serving.overhead_s})
    return replace(plan, system=plan.system.model_copy(update={"serving": more})), batch


LEVERS: Mapping[str, Lever] = {
    "attention": Lever("keys", True, _keys),
    "network": Lever("bandwidth of links", False, _links),
    "host": Lever("overhead of the host", True, _overhead),
}
