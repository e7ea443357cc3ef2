"""The second reassociation: sums of exp(u - G) while their maximum G still grows.

    GM[p] max= QK[p,m]                          LGM[p,m1] max= QK[p,m1,m0]
    SN[p,m] = exp(QK[p,m] - GM[p])         →    RGM[p,m1+1] = max(RGM[p,m1], LGM[p,m1])
    SD[p] += SN[p,m]                            SN[p,m1,m0] = exp(QK[p,m1,m0] - RGM[p,m1+1])
                                                LSD[p,m1] += SN[p,m1,m0]
                                                CGM[p,m1] = exp(RGM[p,m1] - RGM[p,m1+1])
                                                PSD[p,m1] = RSD[p,m1] * CGM[p,m1]
                                                RSD[p,m1+1] = LSD[p,m1] + PSD[p,m1]

L is local to a tile, R running, C the correction of what ran so far, P the part before, corrected.
RSD[p,m1] is the sum of exp(u - RGM[p,m1]) over the tiles before m1: by induction, as exp(u - a) is
exp(u - b) * exp(b - a). After the last tile RGM is G, and RSD the sum.

A tile that has no point has no step. Where no condition tells this (presence.py), points are
counted into a mask. Where it depends on data every tile has a step, and the maximum starts from a
finite number, so that a tile without points changes nothing.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from math import inf, isinf

from accelsim.workload.affine import Index
from accelsim.workload.conditions import Condition, Member, ranks_of
from accelsim.workload.einsum import (
    Access,
    Cascade,
    Constant,
    Einsum,
    Expression,
    InitialValue,
    Operation,
    Tensor,
)
from accelsim.workload.rewrite.deferral import RunningSum
from accelsim.workload.rewrite.draft import new_name
from accelsim.workload.rewrite.existence import points
from accelsim.workload.rewrite.presence import Presence, part, presence, tile
from accelsim.workload.rewrite.terms import Term, one_for_each, product_text
from accelsim.workload.rewrite.tiling import cut, tiles_of
from accelsim.workload.substitute import in_access, in_condition, in_einsum, own_index

#: Below every score, and still finite: -inf less -inf is no number.
LOWEST = -1e30


def with_running_values(
    cascade: Cascade, rank: str, sums: Sequence[RunningSum], tile_size: int | str
) -> tuple[Cascade, dict[str, str]]:
    """The cascade with these sums, and the maxima they wait for, as running values over tiles; and
    of each new tensor the one in whose place it stands."""
    rewriting = _Rewriting(cascade, rank, sums, tile_size)
    return rewriting.result(), {new: old for (_, old), new in rewriting.names.items()}


class _Rewriting:
    """The names that everything gets, and the Einsums one after the other."""

    def __init__(
        self, cascade: Cascade, rank: str, sums: Sequence[RunningSum], tile_size: int | str
    ) -> None:
        self.plain = cascade
        self.sums = {each.name: each for each in sums}
        self.maxima = {each.maximum for each in sums}
        self.exponentials = {each.exponential: each.maximum for each in sums}
        self.tiles = tiles_of(cascade, rank, tile_size)
        self.names: dict[tuple[str, str], str] = {}
        self.steps = {name: self._steps(cascade.einsum(name)) for name in self.maxima}
        self.masked = {
            name
            for name, step in self.steps.items()
            if not (step.exact or cascade.einsum(name).depends_on_data)
        }
        self._name_everything()

    def result(self) -> Cascade:
        einsums = [each for einsum in self.plain.einsums for each in self._rewritten(einsum)]
        written = {einsum.name for einsum in einsums}
        tensors = self.tiles.cascade.tensors
        whole = replace(
            self.tiles.cascade,
            einsums=tuple(einsums),
            initial=(*map(self._start, self.plain.initial), *self._initial_values()),
            tensors={n: t for n, t in tensors.items() if n in written or n in self.plain.inputs},
        )
        return cut(replace(self.tiles, cascade=whole))

    # --- names -----------------------------------------------------------------------------------

    def _name_everything(self) -> None:
        for name in self.exponentials:
            self._give("T", name, self.plain.tensors[name].ranks, taking=not self._stays(name))
        for name in self.masked:
            ranks = tuple(self.plain.tensors[name].ranks[at] for at in self._masked_places(name))
            self._give("X", name, (*ranks, self.tiles.outer))
        for name in (*self.maxima, *self.sums):
            ranks = (*self.plain.tensors[name].ranks, self.tiles.outer)
            for kind in ("L", "R", "C" if name in self.maxima else "P"):
                self._give(kind, name, ranks)
        tiled = {self.names["T", name] for name in self.exponentials}
        self.tiles = replace(self.tiles, tiled=self.tiles.tiled | tiled)

    def _give(self, kind: str, name: str, ranks: tuple[str, ...], taking: bool = False) -> None:
        cascade = self.tiles.cascade
        given = name if taking else new_name(cascade, kind + name)
        tensor = Tensor(given, ranks, self.plain.tensors[name].word_bytes)
        tensors = {**cascade.tensors, given: tensor}
        self.tiles = replace(self.tiles, cascade=replace(cascade, tensors=tensors))
        self.names[kind, name] = given

    def _stays(self, exponential: str) -> bool:
        """Whether something else reads it, so that it is needed with the final maximum too."""
        readers = [
            einsum.name
            for einsum in self.plain.einsums
            if any(access.tensor == exponential for access in einsum.reads)
        ]
        return exponential in self.plain.outputs or not set(readers) <= set(self.sums)

    def _at(self, kind: str, access: Access, *behind: Index) -> Access:
        """`LGM[p,m1]` for GM[p]."""
        return Access(self.names[kind, access.tensor], (*access.indices, *behind))

    @property
    def _step(self) -> Index:
        return own_index(self.tiles.outer)

    @property
    def _next(self) -> Index:
        return replace(self._step, offset=1)

    @property
    def _end(self) -> Index:
        return Index(final=self.tiles.outer)

    # --- Einsums ---------------------------------------------------------------------------------

    def _rewritten(self, einsum: Einsum) -> list[Einsum]:
        if einsum.name in self.maxima:
            return [*self._maximum(einsum), *self._copy(einsum)]
        if einsum.name in self.sums:
            return [*self._sum(einsum), *self._copy(einsum)]
        if einsum.name in self.exponentials:
            last = [self._at_ends(einsum)] if self._stays(einsum.name) else []
            return [self._exponential(einsum), *last]
        return [self._at_ends(einsum)]

    def _maximum(self, einsum: Einsum) -> list[Einsum]:
        out = einsum.output
        now, after = self._at("R", out, self._step), self._at("R", out, self._next)
        local = self._at("L", out, self._step)
        where = self._where(out)
        mask = [self._mask(einsum)] if einsum.name in self.masked else []
        return [
            *mask,
            self._local(einsum, local),
            Einsum(after, Operation("max", (now, local)), None, where),
            Einsum(
                self._at("C", out, self._step),
                Operation("exp", (Operation("sub", (now, after)),)),
                None,
                where,
            ),
        ]

    def _exponential(self, einsum: Einsum) -> Einsum:
        maximum = self.exponentials[einsum.name]
        name = self.names["T", einsum.name]
        output = replace(self.tiles.access(einsum.output), tensor=name)
        return self._in_tiles(einsum, output, lambda access: access.tensor == maximum)

    def _sum(self, einsum: Einsum) -> list[Einsum]:
        out = einsum.output
        before, local = self._at("P", out, self._step), self._at("L", out, self._step)
        maximum = self._maximum_in(einsum)
        where = self._where(maximum)
        change = self._at("C", maximum, self._step)
        scaled = Operation("mul", (self._at("R", out, self._step), change))
        return [
            self._local(einsum, local),
            Einsum(before, scaled, None, where),
            Einsum(self._at("R", out, self._next), Operation("add", (local, before)), None, where),
        ]

    def _local(self, einsum: Einsum, output: Access) -> Einsum:
        """The reduction over one tile."""
        return self._in_tiles(einsum, output)

    def _in_tiles(
        self, einsum: Einsum, output: Access, is_next: Callable[[Access], bool] = lambda _: False
    ) -> Einsum:
        """The Einsum within a tile; the maximum that `is_next` tells is that of the next step."""

        def change(access: Access) -> Access:
            if is_next(access):
                return self._at("R", access, self._next)
            if access.tensor in self.exponentials:
                return replace(access, tensor=self.names["T", access.tensor])
            return self._end_of(access)

        right = replace(einsum, output=Access(einsum.name, ()))
        tiled = self.tiles.right_side(in_einsum(right, change))
        return replace(tiled, output=output)

    def _at_ends(self, einsum: Einsum) -> Einsum:
        """Maxima and sums read after the last tile."""
        return in_einsum(einsum, self._end_of)

    def _end_of(self, access: Access) -> Access:
        runs = access.tensor in self.maxima or access.tensor in self.sums
        return self._at("R", access, self._end) if runs else access

    def _copy(self, einsum: Einsum) -> list[Einsum]:
        """The result under its own name, if it is an output."""
        if einsum.name not in self.plain.outputs:
            return []
        return [Einsum(einsum.output, self._end_of(einsum.output), None)]

    def _maximum_in(self, einsum: Einsum) -> Access:
        """The maximum that a sum is relative to, at the sum's own indices."""
        run = self.sums[einsum.name]
        exponential = self.plain.einsum(run.exponential)
        (read,) = (each for each in einsum.reads if each.tensor == run.exponential)
        ranks = [str(index.plain_rank) for index in exponential.output.indices]
        indices = dict(zip(ranks, read.indices, strict=True))
        (maximum,) = (each for each in exponential.reads if each.tensor == run.maximum)
        return in_access(maximum, indices)

    # --- steps -----------------------------------------------------------------------------------

    def _steps(self, einsum: Einsum) -> Presence:
        """Where a tile has a point of the maximum."""
        tiles = self.tiles
        over = (tiles.whole, tiles.outer, tiles.inner)
        others = [each for each in einsum.reduced_ranks if each not in over]
        conditions = points(self.plain, einsum)
        if tiles.given:
            inside = {tiles.inner: part(tiles.whole, tiles.outer, tiles.inner)}
            return presence(list(map(tiles.condition, conditions)), [*others, tiles.inner], inside)
        spans = {tiles.whole: tile(*over)}
        return presence(conditions, [*others, tiles.whole], spans)

    def _where(self, maximum: Access) -> tuple[Condition, ...]:
        """The conditions of the steps, at the indices at which the maximum is read."""
        if maximum.tensor in self.masked:
            return (Member(self._mask_of(maximum)),)
        ranks = [str(each.plain_rank) for each in self.plain.einsum(maximum.tensor).output.indices]
        indices = dict(zip(ranks, maximum.indices, strict=True))
        return tuple(in_condition(e, indices) for e in self.steps[maximum.tensor].conditions)

    def _mask(self, einsum: Einsum) -> Einsum:
        """How many points each tile has, where no condition tells that it has one."""
        ones = Term()
        for rank in einsum.reduced_ranks:
            ones = ones.times(one_for_each(rank))
        conditions = points(self.plain, einsum)
        counted = replace(einsum, expression=product_text(ones), conditions=conditions)
        return replace(self._local(counted, self._mask_of(einsum.output)), reduction="+")

    def _mask_of(self, maximum: Access) -> Access:
        indices = [maximum.indices[place] for place in self._masked_places(maximum.tensor)]
        return Access(self.names["X", maximum.tensor], (*indices, self._step))

    def _masked_places(self, maximum: str) -> list[int]:
        """Where the maximum has the ranks that its conditions depend on."""
        einsum = self.plain.einsum(maximum)
        over = ranks_of(points(self.plain, einsum))
        return [n for n, each in enumerate(einsum.output.indices) if each.plain_rank in over]

    def _start(self, initial: InitialValue) -> InitialValue:
        """The initial value of something else, which may read maxima and sums."""
        read = in_einsum(Einsum(Access(initial.tensor, ()), initial.expression), self._end_of)
        return replace(initial, expression=read.expression)

    def _initial_values(self) -> Iterator[InitialValue]:
        for name in self.plain.einsums:
            if name.name in self.maxima:
                known = self.steps[name.name].exact or name.name in self.masked
                sure = known and not _has_infinity(self.plain)
                start = -inf if sure else LOWEST
                yield InitialValue(self._at("R", name.output, Index()), Constant(start))
            elif name.name in self.sums:
                yield InitialValue(self._at("R", name.output, Index()), Constant(0.0))


def _has_infinity(cascade: Cascade) -> bool:
    """Whether a score may be -inf by an Einsum, as masks by `select` are."""
    return any(_infinite(einsum.expression) for einsum in cascade.einsums)


def _infinite(expression: Expression) -> bool:
    if isinstance(expression, Constant):
        return isinf(expression.value)
    return isinstance(expression, Operation) and any(map(_infinite, expression.args))
