"""Attention on a spatial array that keys and values lie beside.

It is the shipped one-pass cascade under the array's default mapping, the query heads of a group
folded into its queries. A mapping that was found serves at other sizes where it is legal there and
moves keys and values nearly as fast as the outermost memory gives them; else another one is
searched for, and serves wherever each size is the same but for a factor below two.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from accelsim.arch.spatial import Spatial
from accelsim.base.errors import MappingError
from accelsim.cost.default import default_mapping
from accelsim.cost.evaluate import evaluate
from accelsim.cost.judged import reasons
from accelsim.cost.result import Cost
from accelsim.mapping.mapping import Mapping
from accelsim.workload.calls import WORD_BYTES, Call, Sdpa
from accelsim.workload.einsum import Cascade
from accelsim.workload.load import load_workload

ONE_PASS = "attention/one_pass"
Octaves = tuple[int, ...]
"""Of the sizes of B, H, P and M: floor(log2) + 1."""
NEAR = 1.1
"""Times the least time, within which no other mapping is looked for."""


@lru_cache(maxsize=1)
def _one_pass() -> Cascade:
    """Always the same object: the cost model knows by it what it has recorded."""
    return load_workload(ONE_PASS)


@dataclass(frozen=True)
class ArrayAttention:
    """Seconds and joules of attention calls on one array; it remembers the mappings it found."""

    array: Spatial
    cascade: Cascade = field(default_factory=_one_pass)
    found: dict[Octaves, Mapping] = field(default_factory=dict)
    near: list[Mapping] = field(default_factory=list)

    def cost(self, calls: Sequence[Call]) -> list[Cost]:
        """Of each call.

        Raises
        ------
        MappingError
            if one of them is no attention, or has a mask, or nothing fits.
        """
        return [self._of(call) for call in calls]

    def _of(self, call: Call) -> Cost:
        if not isinstance(call, Sdpa) or call.causal:
            fact = f"a spatial array runs attention without a mask here, no {type(call).__name__}"
            raise MappingError(fact, remedy="Give it the role 'attention'")
        cascade = self.cascade.with_ranks(
            B=call.b,
            H=call.g,
            P=call.p * call.h // call.g,
            M=call.m,
            E=call.e,
            F=call.value_dim,
        )
        octaves = tuple(int(cascade.ranks[rank]).bit_length() for rank in "BHPM")
        near_s = NEAR * self._least_s(call)
        own = self.found.get(octaves)
        if own is not None and not reasons(own, cascade, self.array):
            return evaluate(cascade, self.array, own)
        for mapping in self.near:
            if not reasons(mapping, cascade, self.array):
                cost = evaluate(cascade, self.array, mapping)
                if float(cost.latency_s) <= near_s:
                    return cost
        mapping = default_mapping(cascade, self.array, "").mapping
        cost = evaluate(cascade, self.array, mapping)
        self.found[octaves] = mapping
        if float(cost.latency_s) <= near_s and mapping not in self.near:
            self.near.append(mapping)
        return cost

    def _least_s(self, call: Sdpa) -> float:
        """Keys and values once over the outermost memory's port."""
        outermost = next(memory for memory in self.array.memories if memory.under is None)
        if outermost.bandwidth is None:
            return 0.0
        numbers = call.b * call.g * call.m * (call.e + call.value_dim)
        rate = float(outermost.bandwidth.per_second(self.array.clock_hz))
        return numbers * WORD_BYTES[call.dtype] / rate
