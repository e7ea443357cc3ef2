"""The cascade as a networkx DAG.

Nodes are Einsums and tensors: ("einsum", name) and ("tensor", name). An Einsum points to the tensor
it writes, a tensor to the Einsums that read it. Reads of a running value one step back (see
dependencies.py) close loops over the steps; they are left out of the DAG, and count where lives are
measured: between two steps the value must stay.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import networkx as nx

from accelsim.workload.dependencies import reads_earlier_step
from accelsim.workload.einsum import Cascade

Node = tuple[str, str]


@dataclass(frozen=True)
class LiveRange:
    """`tensor` must be kept from Einsum `first` to Einsum `last`, both included."""

    tensor: str
    first: str
    last: str


def dag(cascade: Cascade) -> nx.DiGraph:
    """The bipartite DAG of Einsums and tensors."""
    graph: nx.DiGraph = nx.DiGraph()
    graph.add_nodes_from(("tensor", name) for name in cascade.tensors)
    for einsum in cascade.einsums:
        graph.add_edge(("einsum", einsum.name), ("tensor", einsum.name))
        for access in einsum.reads:
            if not reads_earlier_step(cascade, access):
                graph.add_edge(("tensor", access.tensor), ("einsum", einsum.name))
    return graph


def sources(cascade: Cascade) -> dict[str, tuple[Node, ...]]:
    """What each Einsum reads in the DAG: an input, or the Einsum that makes the tensor."""
    return {
        einsum.name: tuple(
            dict.fromkeys(
                ("tensor" if access.tensor in cascade.inputs else "einsum", access.tensor)
                for access in einsum.reads
                if not reads_earlier_step(cascade, access)
            )
        )
        for einsum in cascade.einsums
    }


def layers(cascade: Cascade) -> tuple[tuple[Node, ...], ...]:
    """Inputs and Einsums in rows, each Einsum below all that it reads, an input just above its
    first reader. In a row they stand in the order of what they read, so that few lines cross."""
    found = sources(cascade)
    level: dict[Node, int] = {}
    for name in order(cascade):
        made = [level[node] for node in found[name] if node[0] == "einsum"]
        level["einsum", name] = max(made, default=0) + 1
    for name in order(cascade):
        for node in found[name]:
            level.setdefault(node, level["einsum", name] - 1)
    rows: list[tuple[Node, ...]] = []
    middle: dict[Node, float] = {}
    for number in range(max(level.values(), default=-1) + 1):
        members = [node for node, own in level.items() if own == number]
        row = sorted(members, key=lambda node: _middle_of(found.get(node[1], ()), middle))
        middle |= {node: (place + 0.5) / len(row) for place, node in enumerate(row)}
        rows.append(tuple(row))
    return tuple(rows)


def _middle_of(read: Sequence[Node], middle: Mapping[Node, float]) -> float:
    """Where what is read stands in its row, from 0 to 1, on average."""
    known = [middle[node] for node in read if node in middle]
    return sum(known) / len(known) if known else 0.5


def producer(cascade: Cascade, tensor: str) -> str | None:
    """The Einsum that writes the tensor; None for an input."""
    return tensor if tensor not in cascade.inputs else None


def consumers(cascade: Cascade, tensor: str) -> tuple[str, ...]:
    """The Einsums that read the tensor, of this step or an earlier one, in order."""
    return tuple(
        einsum.name
        for einsum in cascade.einsums
        if any(access.tensor == tensor for access in einsum.reads)
    )


def order(cascade: Cascade) -> tuple[str, ...]:
    """The Einsums, each after what it reads; in the order of the text where that allows."""
    place = {einsum.name: number for number, einsum in enumerate(cascade.einsums)}
    nodes = nx.lexicographical_topological_sort(
        dag(cascade), key=lambda node: place.get(node[1], -1)
    )
    return tuple(name for kind, name in nodes if kind == "einsum")


def live_ranges(cascade: Cascade, einsums: Sequence[str] | None = None) -> dict[str, LiveRange]:
    """From where to where each tensor must be kept when the Einsums run in this order.

    An input lives from its first reader, any other tensor from its producer (or from an earlier
    reader of its previous step); an output to the end, any other to its last reader.
    """
    sequence = tuple(einsums or order(cascade))
    ranges = {}
    for tensor in cascade.tensors:
        users = {*consumers(cascade, tensor), producer(cascade, tensor)}
        touching = [name for name in sequence if name in users]
        if touching:
            last = sequence[-1] if tensor in cascade.outputs else touching[-1]
            ranges[tensor] = LiveRange(tensor, touching[0], last)
    return ranges
