"""The nouns of a workload: Cascade, Tensor, Einsum and what Einsums are made of. All are frozen.

    GM[b,h,p] max= QK[b,h,p,m] where m <= p

is an Einsum: an output access, a reduction (`max`), an expression of accesses, and conditions.
Ranks are upper case (P), their loop indices the same name in lower case (p). Positions are whole-
number functions of indices (affine.py), and may look up a tensor: `K[I[p,k],e]`.

Meaning. An Einsum has one loop per rank that occurs in it. A *point* (one value for each of its
indices) exists if

- every condition holds (conditions.py),
- every position it reads or writes lies inside the tensor (`X[p - w]` has no point with w > p), and
- it lies in the partitioned rank: with `m -> m1, m0` no point has m1*M0 + m0 >= M (the last tile
  may be ragged; where only one of m1 and m0 occurs, the other counts as 0).

At each point the expression is evaluated and stored, or combined into the output by the reduction,
which starts at its neutral element (0, 1, -inf, inf). An output element that no point writes has no
value; loading refuses a cascade that reads such an element.

A tensor is *iterative* over a rank if it has an initial value: `RM[0,p] = -inf` stands above
`RM[m1+1,p] = max(RM[m1,p], LM[m1,p])`. RM's ranks are (M1, P); over M1 it has one element more than
M1 has tiles, the first being the initial one. Steps that do not exist (conditions) leave the
running value as it was: RM[m1+1] is then RM[m1]. `RM[M1,p]` reads the value after the last step.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, ClassVar, NamedTuple

from accelsim.base.errors import Place, WorkloadError, did_you_mean
from accelsim.base.notebook import InNotebook
from accelsim.workload.affine import (
    Access,
    Index,
    Lookup,
    Quotient,
    RankExpr,
    Size,
    multiply_sizes,
    rank_size,
)
from accelsim.workload.conditions import Condition, ranks_of, text_of
from accelsim.workload.expression import (
    Constant,
    Expression,
    IndexValue,
    Operation,
    RankSize,
    accesses,
    operation_names,
    ranks_as_numbers,
)
from accelsim.workload.operations import REDUCTIONS, SELECTIONS
from accelsim.workload.ranks import resolve_ranks

__all__ = [
    "Access",
    "Cascade",
    "Condition",
    "Constant",
    "Einsum",
    "Expression",
    "Index",
    "IndexValue",
    "InitialValue",
    "Lookup",
    "Operation",
    "Quotient",
    "RankExpr",
    "RankSize",
    "Size",
    "Tensor",
    "accesses",
    "ranks_as_numbers",
]


@dataclass(frozen=True)
class Einsum:
    """One equation. `reduction` is None for `=`, else a row of `operations.REDUCTIONS` ("+", "max",
    …) or of `operations.SELECTIONS` ("topk", "sort", "fft", …).
    """

    output: Access
    expression: Expression
    reduction: str | None = None
    conditions: tuple[Condition, ...] = ()
    place: Place | None = field(default=None, compare=False)
    #: What `budget.py` adds: accesses that are part of no operation, ranks that no access has.
    beside: tuple[Access, ...] = ()
    over: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """An Einsum is called after the tensor it defines."""
        return self.output.tensor

    @cached_property
    def ranks(self) -> tuple[str, ...]:
        """The ranks it iterates over: the output's, then the others in order of appearance."""
        return _distinct([*self.output.ranks, *self.right_ranks])

    @cached_property
    def right_ranks(self) -> tuple[str, ...]:
        """The ranks of what is read, of indices that stand for their number, of conditions."""
        return _distinct([*self.read_ranks, *ranks_of(self.conditions)])

    @cached_property
    def read_ranks(self) -> tuple[str, ...]:
        """The same without ranks that only comparisons have."""
        read = [rank for access in self.reads for rank in access.ranks]
        return _distinct([*read, *ranks_as_numbers(self.expression), *self.over])

    @cached_property
    def slots(self) -> tuple[str, ...]:
        """The ranks that number what is selected: K of `I[p,k] topk= C[p,m]`."""
        if self.reduction not in SELECTIONS:
            return ()
        return tuple(rank for rank in self.output.ranks if rank not in self.right_ranks)

    @cached_property
    def reduced_ranks(self) -> tuple[str, ...]:
        """The ranks that the reduction removes: iterated over, but not in the output."""
        return tuple(rank for rank in self.ranks if rank not in self.output.ranks)

    @cached_property
    def reads(self) -> tuple[Access, ...]:
        """Distinct accesses, in order: of the expression, then those that only positions and
        conditions depend on."""
        found = [*accesses(self.expression), *self.output.looked_up]
        found += [access for each in self.conditions for access in each.accesses]
        found += self.beside
        return tuple(dict.fromkeys(found))

    @cached_property
    def depends_on_data(self) -> bool:
        """Whether values say which points exist or what they touch: lookups and masks."""
        looked_up = any(access.looked_up for access in (self.output, *self.reads))
        return looked_up or any(each.accesses for each in self.conditions)

    @cached_property
    def stepped(self) -> frozenset[tuple[str, str]] | None:
        """If each of these (tensor, rank) is a running value, every combination of indices is a
        point, ragged tiles aside; None if conditions or positions exclude some.
        """
        pairs = [(a.tensor, index) for a in (self.output, *self.reads) for index in a.indices]
        shifted = [(name, index.stepped_rank) for name, index in pairs if not index.plain_rank]
        known = [(name, rank) for name, rank in shifted if rank is not None]
        return None if self.conditions or len(known) < len(shifted) else frozenset(known)

    @cached_property
    def operations(self) -> dict[str, int]:
        """Operations per point by name; `+=` over a product multiplies and adds in one "mac"."""
        names = list(operation_names(self.expression))
        if self.reduction == "+" and names and names[0] == "mul":
            names = ["mac", *names[1:]]
        elif self.reduction is not None:
            names.append(REDUCTIONS.get(self.reduction, self.reduction))
        return {name: names.count(name) for name in dict.fromkeys(names)}

    def __str__(self) -> str:
        where = f" where {text_of(self.conditions)}" if self.conditions else ""
        return f"{self.output} {self.reduction or ''}= {self.expression}{where}"


@dataclass(frozen=True)
class InitialValue:
    """`RM[0,p] = -inf`: the element an iterative rank starts from. Its other indices are plain."""

    access: Access
    expression: Expression
    place: Place | None = field(default=None, compare=False)

    @property
    def tensor(self) -> str:
        return self.access.tensor

    def __str__(self) -> str:
        return f"{self.access} = {self.expression}"


class Tensor(NamedTuple):
    """Ranks in order, and the bytes of one element.

    `of` names the tensor that this one holds picked elements of, of which no more can differ;
    `run` the ranks of elements that lie side by side there (budget.py).
    """

    name: str
    ranks: tuple[str, ...]
    word_bytes: float
    of: str | None = None
    run: tuple[str, ...] = ()


@dataclass(frozen=True)
class Cascade(InNotebook):
    """Einsums in order, over ranks with sizes. Made by `load_workload`, which has checked it.

    `ranks` holds the size of every rank, those of partitions included; `declared` what the
    workload's author wrote (numbers and expression texts), from which `with_ranks` computes the
    sizes anew. `kept` are tensors declared as outputs; `outputs` are these and the tensors that no
    other Einsum reads. `densities` say how much of a mask is 1, `values` what tables hold.
    `chosen` are ranks that were set later than in the workload's file: these sizes a mapping leaves
    alone.
    """

    html_by: ClassVar[str] = "accelsim.workload.html"

    name: str
    about: str
    source: str
    ranks: Mapping[str, int]
    tensors: Mapping[str, Tensor]
    einsums: tuple[Einsum, ...]
    initial: tuple[InitialValue, ...] = ()
    partitions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    declared: Mapping[str, Any] = field(default_factory=dict)
    kept: tuple[str, ...] = ()
    densities: Mapping[str, float | str] = field(default_factory=dict)
    values: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    chosen: frozenset[str] = field(default=frozenset(), compare=False)
    place: Place | None = field(default=None, compare=False)

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        # Cheap, and right for sweeps over ranks; arrays have no hash.
        sizes = tuple(size for size in self.ranks.values() if isinstance(size, int))
        return hash((self.name, sizes))

    @cached_property
    def facts(self) -> dict[Any, Any]:
        """What others have found out about it; see remembered.py."""
        return {}

    @cached_property
    def _by_name(self) -> Mapping[str, Einsum]:
        return {einsum.name: einsum for einsum in reversed(self.einsums)}

    def einsum(self, name: str) -> Einsum:
        if name in self._by_name:
            return self._by_name[name]
        known = [einsum.name for einsum in self.einsums]
        remedy = did_you_mean(name, known) or f"Its Einsums are {', '.join(known)}"
        raise WorkloadError(f"{self.name} has no Einsum {name!r}", at=self.place, remedy=remedy)

    @cached_property
    def inputs(self) -> tuple[str, ...]:
        """Tensors that no Einsum produces."""
        produced = {einsum.name for einsum in self.einsums}
        return tuple(name for name in self.tensors if name not in produced)

    @cached_property
    def outputs(self) -> tuple[str, ...]:
        """Tensors that no other Einsum reads, and those declared as outputs; in order."""
        pairs = ((einsum.name, access) for einsum in self.einsums for access in einsum.reads)
        read = {access.tensor for reader, access in pairs if access.tensor != reader}
        read |= {access.tensor for each in self.initial for access in accesses(each.expression)}
        names = (einsum.name for einsum in self.einsums)
        return tuple(name for name in names if name not in read or name in self.kept)

    def iterative_ranks(self, tensor: str) -> tuple[str, ...]:
        """The ranks over which `tensor` is a running value; () for most tensors."""
        return self._iterative.get(tensor, ())

    @cached_property
    def _iterative(self) -> Mapping[str, tuple[str, ...]]:
        found: dict[str, dict[str, None]] = {}
        for initial in self.initial:
            ranks = self.tensors[initial.tensor].ranks
            for rank, index in zip(ranks, initial.access.indices, strict=True):
                if not index.ranks:
                    found.setdefault(initial.tensor, {})[rank] = None
        return {tensor: tuple(ranks) for tensor, ranks in found.items()}

    def positions(self, access: Access) -> tuple[Index, ...]:
        """One Index per rank of the accessed tensor: `K[m1,m0]` of K over M is at `m1*M0 + m0`."""
        ranks = self.tensors[access.tensor].ranks
        groups = self.indices_by_rank(access)
        if groups is None:
            raise WorkloadError(f"{access} does not fit {', '.join(ranks)}", at=self.place)
        return tuple(
            group[0] if len(group) == 1 else self.partitioned_index(rank)
            for rank, group in zip(ranks, groups, strict=True)
        )

    def indices_by_rank(self, access: Access) -> tuple[tuple[Index, ...], ...] | None:
        """The access's indices, one group per rank of the tensor; None if their number is wrong."""
        left = list(access.indices)
        groups = []
        for rank in self.tensors[access.tensor].ranks:
            parts = self.partitions.get(rank, ())
            by_parts = parts and tuple(index.plain_rank for index in left[: len(parts)]) == parts
            width = len(parts) if by_parts else 1
            groups.append(tuple(left[:width]))
            left = left[width:]
        return tuple(groups) if not left and all(groups) else None

    def partitioned_index(self, rank: str) -> Index:
        """The position in a partitioned rank, from its parts' indices: M → m1*M0 + m0."""
        terms: list[tuple[str, Size]] = []
        stride: Size = 1
        for part in reversed(self.partitions[rank]):
            terms.insert(0, (part, stride))
            stride = multiply_sizes(stride, rank_size(part))
        return Index(tuple(terms))

    def with_ranks(self, **sizes: Any) -> "Cascade":
        """The same cascade with other sizes: whole numbers, expression texts, integer arrays."""
        for rank in sizes:
            if rank not in self.ranks:
                remedy = did_you_mean(rank, self.ranks) or f"Its ranks are {', '.join(self.ranks)}"
                raise WorkloadError(
                    f"{self.name} has no rank {rank!r}", at=self.place, remedy=remedy
                )
        declared = {**(self.declared or self.ranks), **sizes}
        places = dict.fromkeys(declared, self.place)
        return replace(
            self,
            declared=declared,
            ranks=resolve_ranks(declared, self.partitions, places),
            chosen=self.chosen.union(sizes),
        )

    def at_sizes(self, ranks: Mapping[str, int]) -> "Cascade":
        """One point of a sweep, for counting: these whole numbers, and no bytes that are arrays.

        Caches compare what they are asked, and arrays have no equality.
        """
        swept = any(hasattr(tensor.word_bytes, "shape") for tensor in self.tensors.values())
        bare = {name: t._replace(word_bytes=0) for name, t in self.tensors.items()} if swept else {}
        return replace(self, ranks=ranks, declared={}, tensors=bare or self.tensors)

    def __str__(self) -> str:
        partitions = [
            f"{whole.lower()} -> {', '.join(part.lower() for part in parts)}"
            for whole, parts in self.partitions.items()
        ]
        return "\n".join([*partitions, *map(str, self.initial), *map(str, self.einsums)])


def _distinct(names: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
