"""Random small cascades for property tests: maps, reductions, conditions, windows, tiles, scans.

A cascade grows line by line; a line reads tensors that exist already, under their conditions.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from hypothesis import strategies as st

from accelsim.workload.einsum import Cascade

RANKS = "{P: %d, M: %d, M0: %d, N: ceil(M / 2), R: 2, W: %d}"
INPUTS = "{X: [P, M], Y: [M], Z: [M], B: [P], K: [W]}"
CONDITIONS = ("m <= p", "p - m < 2", "m != p", "m % 2 == 0")
REDUCTIONS = ("+", "max", "min")


@dataclass(frozen=True)
class Known:
    """A tensor with its indices, and the conditions under which its elements exist."""

    name: str
    indices: tuple[str, ...]
    conditions: frozenset[str] = frozenset()

    def __str__(self) -> str:
        return f"{self.name}[{','.join(self.indices)}]"


@dataclass
class Growing:
    """A cascade in the making."""

    draw: st.DrawFn
    lines: list[str] = field(default_factory=list)
    known: list[Known] = field(
        default_factory=lambda: [
            Known("X", ("p", "m")),
            Known("Y", ("m",)),
            Known("Z", ("m",)),
            Known("B", ("p",)),
        ]
    )

    def name(self) -> str:
        return f"T{len(self.lines)}"

    def pick(self, *indices: str, free: bool = False) -> Known:
        """A known tensor with these indices; with `free`, one without conditions."""
        found = [
            each
            for each in self.known
            if set(indices) <= set(each.indices) and not (free and each.conditions)
        ]
        return self.draw(st.sampled_from(found))

    def combined(self, left: str, right: str) -> str:
        pattern = self.draw(
            st.sampled_from(
                ["{} + {}", "{} - {}", "{} * {}", "max({}, {})", "tanh({}) * {}", "2 * {} + {} / M"]
            )
        )
        return pattern.format(left, right)

    def add(self, line: str, made: Known | None) -> None:
        self.lines.append(line)
        if made:
            self.known.append(made)


@st.composite
def cascades(draw: st.DrawFn, steps: tuple[str, ...] | None = None) -> tuple[str, str, str]:
    """(cascade text, ranks, inputs) as the fixture `cascade_of` takes them."""
    growing = Growing(draw)
    kinds = [STEPS[name] for name in steps or STEPS]
    for step in draw(st.lists(st.sampled_from(kinds), min_size=2, max_size=6)):
        step(growing)
    sizes = (draw(st.integers(1, 4)), draw(st.integers(1, 7)), draw(st.integers(1, 4)))
    text = "m -> m1, m0\n" + "\n".join(growing.lines)
    return text, RANKS % (*sizes, draw(st.integers(1, 3))), INPUTS


def _ordered(*tensors: Known) -> tuple[str, ...]:
    return tuple(i for i in ("p", "m1", "m0", "m") if any(i in each.indices for each in tensors))


def _where(conditions: frozenset[str]) -> str:
    return f" where {' and '.join(sorted(conditions))}" if conditions else ""


def _partners(growing: Growing) -> tuple[Known, Known]:
    """Two tensors that may stand in one Einsum: m and m1, m0 do not mix."""
    left = growing.pick()
    tiled = "m1" in left.indices
    fitting = [
        each
        for each in growing.known
        if not set(each.indices) & ({"m"} if tiled else {"m1"}) or not set(left.indices) - {"p"}
    ]
    return left, growing.draw(st.sampled_from(fitting))


def _map(growing: Growing) -> None:
    left, right = _partners(growing)
    indices = _ordered(left, right)
    conditions = left.conditions | right.conditions
    if {"p", "m"} <= set(indices) and growing.draw(st.booleans()):
        conditions |= {growing.draw(st.sampled_from(CONDITIONS))}
    made = Known(growing.name(), indices, frozenset(conditions))
    value = growing.combined(str(left), str(right))
    growing.add(f"{made} = {value}{_where(made.conditions)}", made)


def _reduce(growing: Growing) -> None:
    left, right = _partners(growing)
    indices = _ordered(left, right)
    if not indices:
        return
    dropped = growing.draw(st.sets(st.sampled_from(indices), min_size=1))
    conditions = left.conditions | right.conditions
    kept = tuple(each for each in indices if each not in dropped)
    made = Known(growing.name(), kept)
    value = growing.draw(
        st.sampled_from([f"{left} * {right}", growing.combined(str(left), str(right))])
    )
    reduction = growing.draw(st.sampled_from(REDUCTIONS))
    # Under a condition, an element may have no point: nobody reads it.
    readable = None if conditions else made
    growing.add(f"{made} {reduction}= {value}{_where(conditions)}", readable)


def _window(growing: Growing) -> None:
    read = growing.pick("m", free=True)
    made = Known(growing.name(), read.indices)
    shifted = str(read).replace("m]", "m - w]")
    growing.add(f"{made} += {shifted} * K[w]", made)


def _stride(growing: Growing) -> None:
    read = growing.pick("m", free=True)
    made = Known(growing.name(), tuple("n" if i == "m" else i for i in read.indices))
    offset = growing.draw(st.sampled_from(["2*n", "2*n + 1", "n + 1", "2 - n"]))
    growing.add(f"{made} = {str(read).replace('m]', offset + ']')}", None)


def _group(growing: Growing) -> None:
    """One value for every two elements, subtracted from both."""
    half = Known(growing.name(), ("n",))
    growing.add(f"{half} max= Y[2*n + r]", None)
    made = Known(growing.name(), ("m",))
    growing.add(f"{made} = Y[m] - {half.name}[m // 2]", made)


def _tile(growing: Growing) -> None:
    read = growing.pick("m", free=True)
    others = tuple(each for each in read.indices if each != "m")
    tiled = Known(read.name, (*others, "m1", "m0"))
    most = Known(growing.name(), (*others, "m1"))
    growing.add(f"{most} {growing.draw(st.sampled_from(REDUCTIONS))}= {tiled}", most)
    made = Known(growing.name(), tiled.indices)
    growing.add(f"{made} = {tiled} - {most}", made)


def _scan(growing: Growing) -> None:
    """A running value over m or m1, with a read of each step and one of the end."""
    found = [each for each in growing.known if {"m", "m1"} & set(each.indices)]
    read = growing.draw(st.sampled_from([each for each in found if "m0" not in each.indices]))
    index = "m1" if "m1" in read.indices else "m"
    others = tuple(each for each in read.indices if each != index)
    name = growing.name()
    at = {step: f"{name}[{','.join((step, *others))}]" for step in ("0", index, f"{index}+1")}
    value = growing.combined(*growing.draw(st.permutations([at[index], str(read)])))
    growing.lines.append(f"{at['0']} = {growing.draw(st.sampled_from(['0', '-inf', '1 / 2']))}")
    value = growing.draw(st.sampled_from([value, f"tanh({value})"]))
    growing.add(f"{at[f'{index}+1']} = {value}{_where(read.conditions)}", None)
    made = Known(growing.name(), (*others,))
    growing.add(f"{made} = {name}[{','.join((index.upper(), *others))}] + 1", made)
    seen = Known(growing.name(), (*others, index), read.conditions)
    growing.add(f"{seen} = {at[f'{index}+1']} * {read}{_where(read.conditions)}", seen)


def _coupled(growing: Growing) -> None:
    """Two running values that need each other, with an Einsum in between."""
    read = growing.pick("m", free=True)
    others = "".join(f",{each}" for each in read.indices if each != "m")
    one, two, three = (f"T{len(growing.lines) + extra}" for extra in (2, 3, 4))
    growing.lines += [f"{one}[0{others}] = 1", f"{three}[0{others}] = 0"]
    growing.lines.append(f"{one}[m+1{others}] = tanh({one}[m{others}] + {three}[m{others}])")
    growing.lines.append(f"{two}[m{others}] = {one}[m+1{others}] * {read}")
    growing.lines.append(f"{three}[m+1{others}] = {two}[m{others}] - {three}[m{others}]")
    made = Known(growing.name(), tuple(each for each in read.indices if each != "m"))
    growing.add(f"{made} = {three}[M{others}] * {one}[M{others}]", made)


STEPS = {
    "map": _map,
    "reduce": _reduce,
    "window": _window,
    "stride": _stride,
    "group": _group,
    "tile": _tile,
    "scan": _scan,
    "coupled": _coupled,
}


def random_inputs(cascade: Cascade, seed: int = 0) -> dict[str, Any]:
    generator = np.random.default_rng(seed)
    return {
        name: generator.normal(size=[cascade.ranks[rank] for rank in cascade.tensors[name].ranks])
        for name in cascade.inputs
    }
