"""Steps as text for a terminal, and as HTML for a notebook."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Protocol

from accelsim.base.notebook import heading, table, text_block
from accelsim.interop.step import LeftOut, Step
from accelsim.workload.counts import counts
from accelsim.workload.model_cascades import Link

COLUMNS = ("workload", "is", "ranks", "operations", "reads")
MOST_READS = 4


class Shown(Protocol):
    """What of `Steps` is shown."""

    @property
    def name(self) -> str: ...
    @property
    def steps(self) -> Sequence[Step]: ...
    @property
    def links(self) -> Sequence[Link]: ...
    @property
    def left_out(self) -> Sequence[LeftOut]: ...


def summary(steps: Shown) -> str:
    """`Block: 4 cascades (3 product, 1 attention), 2 links, 5 nodes left out`."""
    ops = [step.op for step in steps.steps]
    kinds = ", ".join(f"{ops.count(op)} {op}" for op in dict.fromkeys(ops))
    listed = (
        (len(ops), f"cascade{'s' * (len(ops) != 1)} ({kinds})"),
        (len(steps.links), f"link{'s' * (len(steps.links) != 1)}"),
        (len(steps.left_out), f"node{'s' * (len(steps.left_out) != 1)} left out"),
    )
    return f"{steps.name}: {', '.join(f'{number:,} {what}' for number, what in listed)}"


def rows(steps: Shown) -> list[tuple[str, ...]]:
    """A row a cascade, in the order of COLUMNS."""
    reads: dict[str, dict[str, None]] = {}
    for link in steps.links:
        reads.setdefault(link.read_by, {})[link.made_by] = None
    return [
        (
            step.cascade.name,
            step.op,
            ranks(step),
            ", ".join(f"{n:,} {name}" for name, n in counts(step.cascade).operations.items()),
            _some(tuple(reads.get(step.cascade.name, ()))),
        )
        for step in steps.steps
    ]


def ranks(step: Step) -> str:
    return " ".join(f"{rank}={size}" for rank, size in step.cascade.ranks.items())


def _some(names: Sequence[str]) -> str:
    more = len(names) - MOST_READS
    return ", ".join(names[:MOST_READS]) + (f" and {more} more" if more > 0 else "")


def left_out_lines(left_out: Iterable[LeftOut]) -> Iterator[str]:
    """A line a kind of node and reason: of several their number, size and first."""
    by_kind = sorted(enumerate(left_out), key=lambda each: (each[1].op, each[1].why, each[0]))
    groups = [
        tuple(each) for _, each in groupby(by_kind, key=lambda each: (each[1].op, each[1].why))
    ]
    for group in sorted(groups, key=lambda each: each[0][0]):
        nodes = [node for _, node in group]
        first = nodes[0]
        if len(nodes) == 1:
            yield str(first)
            continue
        sizes = [node.elements for node in nodes if node.elements is not None]
        size = f"{sum(sizes):,} elements" if len(sizes) == len(nodes) else "size not known"
        yield f"{len(nodes)} x {first.op} ({size}), first {first.node}: {first.why}"


def text(steps: Shown) -> str:
    """The summary, a table, and what is left out."""
    cells = [COLUMNS, *rows(steps)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]
    left = [f"left out: {line}" for line in left_out_lines(steps.left_out)]
    return "\n".join([summary(steps), *lines, *left])


def html(steps: Shown) -> str:
    """What a notebook shows."""
    name, _, what = summary(steps).partition(": ")
    left = "\n".join(f"left out: {line}" for line in left_out_lines(steps.left_out))
    return heading(name, what) + table(COLUMNS, rows(steps)) + (text_block(left) if left else "")
