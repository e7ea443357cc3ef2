"""What a workload's file says of data that no run has made yet: densities of masks, tables.

densities: {X: {value: S / M, source: …}}      ranks that exist, a share that is a number
values: {W: [128, 1024]}                       at least one; whole where conditions look it up
"""

import numpy as np

from accelsim.base.errors import ExpressionError, WorkloadError, did_you_mean
from accelsim.base.expression import parse_expression
from accelsim.base.node import Node
from accelsim.workload.compressed import density_of
from accelsim.workload.conditions import leaves_of
from accelsim.workload.einsum import Cascade


def check_data(cascade: Cascade, node: Node) -> None:
    """`node` is the file's, for the places of its keys."""
    for mask in cascade.densities:
        _check_density(cascade, mask, node["densities"][mask])
    for table in cascade.values:
        _check_table(cascade, table, node["values"][table])


def _check_density(cascade: Cascade, mask: str, node: Node) -> None:
    given, place = cascade.densities[mask], node["value"].place
    if not isinstance(given, str):
        return
    try:
        unknown = sorted(parse_expression(given).names - cascade.ranks.keys())
        share = 0.0 if unknown else density_of(cascade, mask)
    except ExpressionError as error:
        raise WorkloadError(f"densities: {mask}: {error.fact}", at=place) from error
    if unknown:
        remedy = did_you_mean(unknown[0], cascade.ranks)
        remedy = remedy or f"The ranks are {', '.join(sorted(cascade.ranks))}"
        fact = f"densities: {mask}: there is no rank {unknown[0]!r}"
        raise WorkloadError(fact, at=place, remedy=remedy)
    if np.isnan(share).any():
        raise WorkloadError(f"densities: {mask}: {given!r} is no number", at=place)


def _check_table(cascade: Cascade, table: str, node: Node) -> None:
    own = cascade.values[table]
    if not own:
        remedy = "Give a number for each element; fewer are repeated"
        raise WorkloadError(f"values: {table} has none", at=node.place, remedy=remedy)
    leaves = (leaf for einsum in cascade.einsums for leaf in leaves_of(einsum.conditions))
    compared = any(access.tensor == table for leaf in leaves for access in leaf.accesses)
    fraction = next((value for value in own if value % 1), None)
    if compared and fraction is not None:
        fact = f"values: {table} has {fraction:g}, but conditions compare it with positions"
        raise WorkloadError(fact, at=node.place, remedy="Give whole numbers")
