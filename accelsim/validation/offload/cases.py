"""What is measured of two devices of one host: the link between them, and decoding over it.

peer_copy     one device's memory to the other's, by the copy engine (cudaMemcpyPeer)
nccl_send     one process sends, another receives
all_reduce    two processes add up their buffers of so many bytes
decode_layer  one token of each of b sequences through one layer of a transformer, over m keys
              with the new one; `one`: on one device; `apart`: attention, and the cache of keys
              and values, on the other

{"model": "llama3_8b", "b": 16, "m": 4096, "place": "apart"}
"""

from collections.abc import Mapping
from math import ceil
from typing import Literal, NamedTuple

from accelsim.base.record import Count
from accelsim.workload.calls import WORD_BYTES, Backend, Call

Model = Literal["llama3_8b", "llama3_70b", "tiny"]

FEWEST_LAYERS = 4
FEWEST_WEIGHTS = 2
COLD_IN_L2 = 3
"""A run goes through so many times the L2 cache before it comes back to the same bytes."""


class PeerCopy(Call):
    bytes: Count


class NcclSend(Call):
    bytes: Count


class AllReduce(Call):
    bytes: Count


class DecodeLayer(Call):
    model: Model
    b: Count
    m: Count
    place: Literal["one", "apart"]
    backend: Backend = "flash"


OFFLOAD_KERNELS: Mapping[str, type[Call]] = {
    "peer_copy": PeerCopy,
    "nccl_send": NcclSend,
    "all_reduce": AllReduce,
    "decode_layer": DecodeLayer,
}


class LayerShape(NamedTuple):
    """Sizes of a decoder layer, in elements, and how many layers its model has."""

    hidden: int
    heads: int
    groups: int
    head_dim: int
    ffn: int
    layers: int

    @property
    def projected(self) -> int:
        """Columns of the fused product that makes queries, keys and values."""
        return (self.heads + 2 * self.groups) * self.head_dim

    @property
    def projection_bytes(self) -> int:
        """The weights of that product, in bf16."""
        return WORD_BYTES["bf16"] * self.hidden * self.projected

    @property
    def weight_bytes(self) -> int:
        """All products of a layer: queries, keys and values; output; gate, up and down."""
        attention = self.projected + self.heads * self.head_dim
        return WORD_BYTES["bf16"] * self.hidden * (attention + 3 * self.ffn)

    def cache_bytes(self, b: int, m: int) -> int:
        """Keys and values of b sequences of m tokens."""
        return WORD_BYTES["bf16"] * 2 * b * m * self.groups * self.head_dim


MODELS: Mapping[str, LayerShape] = {
    "llama3_8b": LayerShape(4096, 32, 8, 128, 14336, 32),
    "llama3_70b": LayerShape(8192, 64, 8, 128, 28672, 80),
    "tiny": LayerShape(64, 4, 2, 16, 96, 3),
}
"""Llama 3: Grattafiori et al., The Llama 3 Herd of Models, arXiv 2407.21783, table 3. `tiny` is no
model: it tries the harness out where there is no GPU."""


class Plan(NamedTuple):
    """A run of `layers` layers, one after the other, over so many sets of weights and caches."""

    layers: int
    weights: int
    caches: int


def plan_of(shape: LayerShape, b: int, m: int, l2_bytes: int) -> Plan:
    """As in a model of many layers, no weights and no cache are in L2 when their turn comes again.

    The least that is read between two turns, be it of the projection's weights alone, is three
    times the L2 cache, unless all layers of the model together have less.
    """
    cold = COLD_IN_L2 * l2_bytes
    weights = max(FEWEST_WEIGHTS, min(shape.layers, ceil(cold / shape.projection_bytes)))
    caches = max(1, min(shape.layers, ceil(cold / shape.cache_bytes(b, m))))
    return Plan(max(FEWEST_LAYERS, weights, caches), weights, caches)
