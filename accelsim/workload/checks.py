"""What makes a cascade meaningless, each with its own message.

Ranks are declared; accesses fit their tensors; a tensor is written once, before it is read; running
values start somewhere; reductions remove a rank; no Einsum reads an element that is never written.

Not errors: a declared rank or input that nothing uses (it changes no number), and Einsums in any
order in which each tensor stands above its readers.
"""

from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any

from accelsim.base.errors import Place, WorkloadError, did_you_mean
from accelsim.workload.affine import Index, size_value
from accelsim.workload.conditions import leaves_of, ranks_of, text_of
from accelsim.workload.dependencies import dependencies
from accelsim.workload.einsum import (
    Access,
    Cascade,
    Einsum,
    Expression,
    IndexValue,
    Operation,
    RankSize,
)
from accelsim.workload.operations import SELECTIONS
from accelsim.workload.parse import CascadeText
from accelsim.workload.points import elements_of, points_of, unwritten_reads
from accelsim.workload.refusal import refuse
from accelsim.workload.regions import UncountableError
from accelsim.workload.running_values import check_final, check_running_values
from accelsim.workload.selection_checks import check_masks, check_selection


def check_text(text: CascadeText, declared: Mapping[str, Any], inputs: Mapping[str, Any]) -> None:
    """What can be said of the statements alone, before ranks of tensors are inferred."""
    _check_partitions(text)
    first: dict[str, Place | None] = {}
    for einsum in text.einsums:
        _check_written_once(einsum, inputs, first)
        first[einsum.name] = einsum.place
    ranks = {*declared, *(r for each in text.partitions for r in (each.whole, *each.parts))}
    for einsum in text.einsums:
        _check_ranks_declared(einsum, ranks)
        _check_tensors_known(einsum, {*inputs, *first})
    _check_initial_values(text, first)


def check_cascade(cascade: Cascade, written_ranks: Mapping[str, Any]) -> None:
    """Everything else. `written_ranks` are the ranks as the workload's author gave them."""
    for einsum in cascade.einsums:
        for access in (einsum.output, *einsum.reads):
            _check_fits(cascade, einsum, access, written_ranks)
    for einsum in cascade.einsums:
        _check_divisors(cascade, einsum)
        check_running_values(cascade, einsum)
        _check_reduction(cascade, einsum)
    _check_no_cycle(cascade)
    _check_order(cascade)
    for einsum in cascade.einsums:
        _check_single_assignment(cascade, einsum)
        check_masks(cascade, einsum)
        _check_reads_written(cascade, einsum)


# --- statements ----------------------------------------------------------------------------------


def _check_partitions(text: CascadeText) -> None:
    seen: set[str] = set()
    for partition in text.partitions:
        for rank in (partition.whole, *partition.parts):
            if rank in seen:
                raise WorkloadError(f"rank {rank} is partitioned twice", at=partition.place)
            seen.add(rank)


def _check_written_once(
    einsum: Einsum, inputs: Mapping[str, Any], first: Mapping[str, Place | None]
) -> None:
    if einsum.name in inputs:
        refuse(einsum, f"{einsum.name} is an input, but this line defines it", "Rename one of them")
    if einsum.name in first:
        line = first[einsum.name]
        where = f" (first on line {line.line})" if line else ""
        refuse(einsum, f"{einsum.name} is defined twice{where}", "Give each its own name")


def _check_initial_values(text: CascadeText, einsums: Mapping[str, Place | None]) -> None:
    given: dict[str, Place | None] = {}
    for initial in text.initial:
        element = str(initial.access)
        if initial.tensor not in einsums:
            remedy = did_you_mean(initial.tensor, einsums) or "Add its Einsum below, or remove it"
            fact = f"{initial} is an initial value, but no Einsum defines {initial.tensor}"
            raise WorkloadError(fact, at=initial.place, remedy=remedy)
        if element in given:
            line = given[element]
            where = f" (first on line {line.line})" if line else ""
            fact = f"{element} has two initial values{where}"
            raise WorkloadError(fact, at=initial.place, remedy="Keep one")
        given[element] = initial.place


def _check_ranks_declared(einsum: Einsum, ranks: set[str]) -> None:
    for index in _indices(einsum):
        for rank in (*index.ranks, *index.sizes):
            if rank not in ranks:
                remedy = did_you_mean(rank, ranks) or f"Declare {rank} under 'ranks'"
                how = f"index {rank.lower()}" if rank in index.ranks else f"size {rank}"
                refuse(einsum, f"{how} has no declared rank {rank}", remedy)
    for rank in _sizes(einsum.expression):
        if rank not in ranks:
            remedy = f"Declare {rank} under 'ranks'; a tensor without ranks is written {rank}[]"
            refuse(einsum, f"{rank} is no declared rank", did_you_mean(rank, ranks) or remedy)


def _indices(einsum: Einsum) -> Iterator[Index]:
    for access in (einsum.output, *einsum.reads):
        yield from access.indices
    for condition in leaves_of(einsum.conditions):
        yield from condition.positions


def _sizes(expression: Expression) -> Iterator[str]:
    """The ranks whose size or number is a value of the expression."""
    if isinstance(expression, RankSize | IndexValue):
        yield expression.rank
    elif isinstance(expression, Operation):
        for argument in expression.args:
            yield from _sizes(argument)


def _check_tensors_known(einsum: Einsum, tensors: set[str]) -> None:
    for access in einsum.reads:
        if access.tensor not in tensors:
            remedy = f"Add {access.tensor} to 'inputs', or an Einsum that defines it"
            fact = f"{access.tensor} is read, but it is neither an input nor defined"
            refuse(einsum, fact, did_you_mean(access.tensor, tensors) or remedy)


# --- shapes --------------------------------------------------------------------------------------


def _check_fits(
    cascade: Cascade, einsum: Einsum, access: Access, written_ranks: Mapping[str, Any]
) -> None:
    ranks = cascade.tensors[access.tensor].ranks
    groups = cascade.indices_by_rank(access)
    if groups is None:
        has = f"the ranks [{', '.join(ranks)}]" if ranks else "no ranks"
        refuse(
            einsum, f"{access} does not fit: {access.tensor} has {has}", "Give one index per rank"
        )
    for rank, group in zip(ranks, groups, strict=True):
        if len(group) == 1:
            _check_rank(cascade, einsum, access, rank, group[0], written_ranks)


def _check_divisors(cascade: Cascade, einsum: Einsum) -> None:
    quotients = [quotient for index in _indices(einsum) for quotient in index.quotients]
    while quotients:
        quotient = quotients.pop()
        divisor = size_value(quotient.divisor, cascade.ranks)
        if divisor < 1:
            fact = f"{quotient.text} divides by {divisor}"
            refuse(einsum, fact, "Positions are divided by whole numbers from 1")
        quotients += quotient.numerator.quotients


def _check_rank(
    cascade: Cascade,
    einsum: Einsum,
    access: Access,
    rank: str,
    index: Index,
    written_ranks: Mapping[str, Any],
) -> None:
    """A plain index runs over the tensor's own rank, or over one declared to be the same."""
    check_final(cascade, einsum, access, rank, index)
    other = index.plain_rank
    if other is None or other == rank:
        return
    parts = cascade.partitions.get(rank, ())
    if other in parts:
        indices = ",".join(part.lower() for part in parts)
        refuse(einsum, f"{access} gives {index} alone for rank {rank}", f"Write {indices}")
    sizes = (
        f"rank {rank} ({cascade.ranks[rank]})",
        f"{index} runs over {other} ({cascade.ranks[other]})",
    )
    if _root(other, written_ranks) != _root(rank, written_ranks):
        remedy = f"Write {rank.lower()}, or declare '{other}: {rank}' if the ranks are the same"
        refuse(einsum, f"{access} indexes {sizes[0]} of {access.tensor}, but {sizes[1]}", remedy)
    if cascade.ranks[rank] != cascade.ranks[other]:
        refuse(
            einsum,
            f"{access} uses {access.tensor} with two shapes: {sizes[0]}, but {sizes[1]}",
            f"Give {rank} and {other} the same size",
        )


def _root(rank: str, written_ranks: Mapping[str, Any]) -> str:
    """The rank that this one is declared equal to: S for `P: S`."""
    for _ in written_ranks:
        other = written_ranks.get(rank)
        if not isinstance(other, str) or other.strip() not in written_ranks:
            return rank
        rank = other.strip()
    return rank


# --- reductions ----------------------------------------------------------------------------------


def _check_reduction(cascade: Cascade, einsum: Einsum) -> None:
    if einsum.reduction in SELECTIONS:
        return check_selection(einsum)
    read = einsum.read_ranks
    for rank in einsum.output.ranks:
        spread = einsum.name in cascade.kept or einsum.output.looked_up
        if rank not in einsum.right_ranks and not spread:
            fact = f"rank {rank} is on the left, but no tensor on the right has it"
            refuse(einsum, fact, f"Remove {rank.lower()}, or index a tensor on the right with it")
    for rank in einsum.reduced_ranks:
        if rank not in read:
            refuse(
                einsum, f"rank {rank} occurs in the condition only", "Remove it from the condition"
            )
    if einsum.reduction is None and einsum.reduced_ranks:
        ranks = ", ".join(einsum.reduced_ranks)
        fact = f"rank {ranks} is on the right, but not on the left, and '=' reduces nothing"
        refuse(einsum, fact, f"Write '+=' or 'max=', or add {ranks.lower()} to {einsum.output}")
    if einsum.reduction is not None and not einsum.reduced_ranks and not _is_affine(einsum.output):
        fact = (
            f"'{einsum.reduction}=' has nothing to reduce: every rank of the right is on the left"
        )
        refuse(einsum, fact, f"Write '=', or remove the reduced rank from {einsum.output}")


def _is_affine(output: Access) -> bool:
    """Several points may meet in one element: `Y[2*i + j]`."""
    return any(len(index.ranks) > 1 or not index.is_linear for index in output.indices)


def _check_single_assignment(cascade: Cascade, einsum: Einsum) -> None:
    plain = not _is_affine(einsum.output) or einsum.depends_on_data
    if einsum.reduction is not None or plain:
        return
    points, elements = points_of(cascade, einsum.name), elements_of(cascade, einsum.name)
    if points != elements:
        fact = f"{points} points write {elements} elements of {einsum.output}"
        refuse(einsum, fact, "Write '+=' or 'max=' to combine them")


# --- order ---------------------------------------------------------------------------------------


def _check_no_cycle(cascade: Cascade) -> None:
    try:
        TopologicalSorter(
            {einsum.name: dependencies(cascade, einsum) for einsum in cascade.einsums}
        ).prepare()
    except CycleError as error:
        circle = list(reversed(error.args[1]))
        einsum = next(each for each in cascade.einsums if each.name in circle)
        turn = circle.index(einsum.name)
        names = [*circle[turn:-1], *circle[:turn], einsum.name] if turn else circle
        fact = f"the cascade is cyclic: {' needs '.join(names)}"
        remedy = (
            f"A running value needs an initial value and steps: {einsum.name}[0] = 0 above, "
            f"{einsum.name}[i+1] on the left"
        )
        refuse(einsum, fact, remedy)


def _check_order(cascade: Cascade) -> None:
    above: set[str] = set()
    for einsum in cascade.einsums:
        for tensor in dependencies(cascade, einsum):
            if tensor not in above:
                line = cascade.einsum(tensor).place
                where = f" (line {line.line})" if line else ""
                fact = f"{tensor} is read before it is written{where}"
                refuse(einsum, fact, f"Move {tensor} above {einsum.name}")
        above.add(einsum.name)


# --- elements that exist -------------------------------------------------------------------------


def _check_reads_written(cascade: Cascade, einsum: Einsum) -> None:
    """Every element read is written. Where that has no closed count, or depends on data, it is
    believed."""
    for access in einsum.reads:
        if access.tensor in cascade.inputs or cascade.iterative_ranks(access.tensor):
            continue
        producer = cascade.einsum(access.tensor)
        if einsum.depends_on_data or producer.depends_on_data or producer.slots:
            continue
        try:
            missing = _may_be_partial(producer) and unwritten_reads(cascade, einsum, access)
        except UncountableError:
            continue
        if missing:
            conditions, ranks = text_of(producer.conditions), {*ranks_of(producer.conditions)}
            same = f"Add 'where {conditions}'" if conditions and ranks <= {*einsum.ranks} else None
            remedy = same or "Add a 'where' that excludes them"
            refuse(
                einsum, f"{missing} points read elements of {access} that are never written", remedy
            )


def _may_be_partial(producer: Einsum) -> bool:
    """Whether the Einsum may leave elements of its tensor unwritten."""
    accesses = (producer.output, *producer.reads)
    affine = any(index.plain_rank is None for access in accesses for index in access.indices)
    return bool(producer.conditions) or affine
