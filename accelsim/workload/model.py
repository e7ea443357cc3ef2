"""A transformer: its sizes, and what one of several tensor-parallel devices has of it.

    about: Llama 3 70B - grouped-query attention, SwiGLU.
    source: "config.json of meta-llama/Meta-Llama-3-70B"
    layers: 80
    hidden: 8192                  features of a token
    heads: 64
    kv_heads: 8                   else as many as heads
    head_dim: 128                 else hidden / heads
    feed_forward: 28672
    gated: true                   three matrices (gate, up, down), or two
    vocabulary: 128256
    tied: false                   one matrix embeds tokens and scores them
    weight: 16 bit                of a matrix of a layer
    kv: 8 bit                     of a number of the cache ...
    kv_scale: 16 bit              ... and of the scale (and zero point) of a group of them,
    kv_group: 128                 cut from one key or value

Layers are alike, except that the first `experts.dense_layers` have one feed-forward network. Biases
are those of Q, K and V (`qkv_bias`; under `mla` of the projections down to the latents) and of the
output projection (`output_bias`). `window` is the number of keys that a token sees in every layer.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from pydantic import Field, model_validator

from accelsim.base.errors import WorkloadError
from accelsim.base.record import Count, NonNegative, Positive, Record

MOST_LISTED = 6
MOST_DEVICES = 1024
"""Tried for a remedy."""


class LatentAttention(Record):
    """Multi-head latent attention (DeepSeek-V2, arXiv 2405.04434, section 2.1): the cache keeps
    `kv_rank` + `rope_dim` numbers a token; a head's query and key have `nope_dim` + `rope_dim`."""

    query_rank: Count | None = None
    kv_rank: Count
    rope_dim: Count
    nope_dim: Count
    value_dim: Count

    @property
    def kept(self) -> int:
        return self.kv_rank + self.rope_dim


class Experts(Record):
    """A mixture of `count` feed-forward networks: a token goes through the `active` best and
    through the `shared` ones, which are not among the count."""

    count: Count
    active: Count
    shared: int = Field(default=0, ge=0)
    feed_forward: Count
    dense_layers: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _active_are_there(self) -> Self:
        if self.active > self.count:
            raise ValueError(f"active: there are no {self.active} of {self.count} experts")
        return self


def _as_many_as_heads(data: Mapping[str, Any]) -> Any:
    return data["heads"]


def _of_one_head(data: Mapping[str, Any]) -> int:
    return max(1, int(data["hidden"]) // int(data["heads"]))


def _as_of_keys(data: Mapping[str, Any]) -> Any:
    return data["head_dim"]


class Model(Record):
    """The file's keys; see above."""

    about: str = ""
    source: str = ""
    name: str = ""
    layers: Count
    hidden: Count
    heads: Count
    kv_heads: Count = Field(default_factory=_as_many_as_heads)
    head_dim: Count = Field(default_factory=_of_one_head)
    value_dim: Count = Field(default_factory=_as_of_keys)
    mla: LatentAttention | None = None
    feed_forward: Count
    gated: bool = True
    experts: Experts | None = None
    vocabulary: Count
    tied: bool = False
    window: Count | None = None
    qk_norm: bool = False
    qkv_bias: bool = False
    output_bias: bool = False
    weight_bits: Positive = 16
    kv_bits: Positive = 16
    kv_scale_bits: NonNegative = 0
    kv_group: Count | None = None

    @model_validator(mode="after")
    def _heads_fit(self) -> Self:
        if self.mla and {"kv_heads", "head_dim", "value_dim", "qk_norm"} & self.model_fields_set:
            raise ValueError("mla: it has the sizes of keys and values; leave those of heads away")
        if self.heads % self.kv_heads:
            heads = f"{self.heads} query heads do not divide over {self.kv_heads}"
            raise ValueError(f"kv_heads: {heads} key and value heads")
        if not self.mla and "head_dim" not in self.model_fields_set and self.hidden % self.heads:
            raise ValueError(f"head_dim: {self.hidden} / {self.heads} is no whole number; give it")
        return self

    @model_validator(mode="after")
    def _scales_have_groups(self) -> Self:
        if bool(self.kv_scale_bits) != bool(self.kv_group):
            raise ValueError("kv_scale: a scale has a kv_group, and a group a scale; give both")
        if self.experts and self.experts.dense_layers > self.layers:
            raise ValueError(f"experts: there are only {self.layers} layers, dense or not")
        return self

    def __hash__(self) -> int:
        # Cheap, for whoever asks for the calls of a layer asks again; equality tells the others.
        return hash((self.layers, self.hidden, self.feed_forward, self.weight_bits, self.kv_bits))

    @property
    def query_dim(self) -> int:
        """Numbers of a head's query, and of its key."""
        return self.mla.nope_dim + self.mla.rope_dim if self.mla else self.head_dim

    @property
    def result_dim(self) -> int:
        """Numbers of a head's value, and of its result."""
        return self.mla.value_dim if self.mla else self.value_dim

    @property
    def activation_bits(self) -> int:
        """Of embeddings, norms, routers and everything between layers, which quantised models
        leave at 16 bits."""
        return 32 if self.weight_bits > 16 else 16

    def has_experts(self, layer: int) -> bool:
        """Whether the layer, counted from 0, is a mixture of experts."""
        if not 0 <= layer < self.layers:
            remedy = f"They are 0 to {self.layers - 1}"
            raise WorkloadError(f"{self.name or 'the model'} has no layer {layer}", remedy=remedy)
        return self.experts is not None and layer >= self.experts.dense_layers

    @property
    def expert_layers(self) -> int:
        return self.layers - self.experts.dense_layers if self.experts else 0

    def divided(self, tensor: int) -> "Shard":
        """What one of `tensor` devices has: heads / tensor, kv_heads / tensor but at least one (a
        head is then on several devices), columns / tensor of every feed-forward network and of
        the vocabulary, which is padded. Latents, norms and routers are on every device.

        Raises
        ------
        WorkloadError
            if heads or columns do not divide: what, and numbers of devices over which they do.
        """
        self._refuse_unequal(tensor)
        experts = self.experts
        return Shard(
            tensor=tensor,
            heads=self.heads // tensor,
            kv_heads=max(1, self.kv_heads // tensor),
            feed_forward=self.feed_forward // tensor,
            expert=experts.feed_forward // tensor if experts else 0,
            shared=experts.shared * experts.feed_forward // tensor if experts else 0,
            vocabulary=-(-self.vocabulary // tensor),
        )

    def _refuse_unequal(self, tensor: int) -> None:
        if tensor < 1:
            raise WorkloadError(f"{tensor} devices hold no model", remedy="Take 1 or more")
        wrong = self._undivided(tensor)
        if wrong:
            tried = range(1, min(self.heads, MOST_DEVICES) + 1)
            some = [str(t) for t in tried if not self._undivided(t)]
            listed = ", ".join(some[:MOST_LISTED])
            fact = f"{wrong} do not divide over {tensor} devices"
            raise WorkloadError(fact, remedy=f"Take {listed}{' ...' * (len(some) > MOST_LISTED)}")

    def _undivided(self, tensor: int) -> str | None:
        """The first thing that does not come out even."""
        columns = self.feed_forward if self.expert_layers < self.layers else 0
        of_expert = self.experts.feed_forward if self.experts else 0
        found = {
            f"{self.heads} heads": self.heads % tensor,
            f"{self.kv_heads} key and value heads": bool(self.kv_heads % tensor)
            and bool(tensor % self.kv_heads),
            f"{columns} columns of the feed-forward network": columns % tensor,
            f"{of_expert} columns of an expert": of_expert % tensor,
        }
        return next((name for name, rest in found.items() if rest), None)


@dataclass(frozen=True)
class Shard:
    """The part of a layer, and of the head, on one of `tensor` devices: query heads, key and value
    heads, columns of the feed-forward network, of each expert, of the shared experts together, and
    rows of the vocabulary."""

    tensor: int
    heads: int
    kv_heads: int
    feed_forward: int
    expert: int
    shared: int
    vocabulary: int
