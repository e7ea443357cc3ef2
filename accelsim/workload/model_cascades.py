"""A layer of a transformer as linked cascades: what one makes under a name, a later one reads.

    projections   X → queries, keys and values, rotated; of latent attention, the latents
    attention     heads/grouped or heads/mla of the catalogue, in the form of the phase
    output        attention's result AV, and X → R1
    network       R1 → X of the next layer; of experts, a router and those that a token goes to

    phase                              heads/grouped     heads/mla
    Decode                             decode_append     decode_absorbed
    Prefill of whole prompts           causal            prefill
    Prefill of later parts             decode_append

Ranks are those of one tensor-parallel device: B sequences, P new tokens of each, M tokens that came
before or that are seen, D features, H and G heads, S columns. Sums over devices are left out.
1/sqrt(E) is folded into WQ; TC and TS hold cosines and signed sines of the rotation.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from accelsim.base.errors import WorkloadError
from accelsim.workload.einsum import Cascade
from accelsim.workload.layer_projections import grouped_projections, latent_projections
from accelsim.workload.layer_text import (
    LayerText,
    Ranks,
    experts_text,
    network_text,
    output_text,
    word_of,
)
from accelsim.workload.load import load_workload
from accelsim.workload.model import Model, Shard
from accelsim.workload.phase import Decode, Prefill

GROUPED = "heads/grouped"
LATENT = "heads/mla"


class Link(NamedTuple):
    """A tensor that one cascade makes and a later one reads."""

    tensor: str
    made_by: str
    read_by: str


@dataclass(frozen=True)
class LayerCascades:
    """In order; `weights` are the names of the layer's parameters."""

    cascades: tuple[Cascade, ...]
    weights: frozenset[str]

    @property
    def links(self) -> tuple[Link, ...]:
        return tuple(self._links())

    def _links(self) -> Iterator[Link]:
        for number, cascade in enumerate(self.cascades):
            for tensor in cascade.inputs:
                makers = [c for c in self.cascades[:number] if tensor in c.outputs]
                if makers:
                    yield Link(tensor, makers[-1].name, cascade.name)


def layer_cascades(
    model: Model, layer: int, phase: Decode | Prefill, tensor: int = 1
) -> LayerCascades:
    """The cascades of a layer, counted from 0, on one of `tensor` devices.

    Raises
    ------
    WorkloadError
        if there is no such layer, the model does not divide, or the catalogue has no form for it:
        a window that hides keys, a later part of a prompt with latent attention.
    """
    _refuse_what_has_no_form(model, phase)
    part, sizes = model.divided(tensor), _sizes(model, phase)
    network = experts_text if model.has_experts(layer) else network_text
    texts = (_projections(model, part, phase), output_text(model, part), network(model, part))
    projections, output, last = (each.cascade(sizes, model) for each in texts)
    weights = {name for each in texts for name in each.weights}
    return LayerCascades(
        cascades=(projections, _attention(model, part, phase), output, last),
        weights=frozenset(weights | ({"WUK", "WUV"} if model.mla else set())),
    )


def _projections(model: Model, part: Shard, phase: Decode | Prefill) -> LayerText:
    """What goes into a cache beside earlier tokens has names of its own."""
    has_appended = isinstance(phase, Decode) if model.mla else _earlier(phase) > 0
    if model.mla:
        return latent_projections(model, model.mla, part, has_appended)
    return grouped_projections(model, part, has_appended)


def _sizes(model: Model, phase: Decode | Prefill) -> dict[str, int]:
    if isinstance(phase, Decode):
        return {"B": phase.tokens, "P": 1, "D": model.hidden}
    return {"B": phase.sequences, "P": phase.tokens, "D": model.hidden}


def _earlier(phase: Decode | Prefill) -> int:
    """Tokens that came before the new ones."""
    return phase.context - 1 if isinstance(phase, Decode) else phase.earlier


def _refuse_what_has_no_form(model: Model, phase: Decode | Prefill) -> None:
    if model.window and model.window < phase.context:
        fact = f"{GROUPED} has no form with a window of {model.window} keys"
        raise WorkloadError(fact, remedy="Take a context within the window, or the layer's calls")
    if model.mla and isinstance(phase, Prefill) and phase.earlier:
        fact = f"{LATENT} has no form for a later part of a prompt"
        raise WorkloadError(fact, remedy="Take whole prompts, or the layer's calls")


def _attention(model: Model, part: Shard, phase: Decode | Prefill) -> Cascade:
    sizes = _sizes(model, phase)
    ranks = {"B": sizes["B"], "H": part.heads, "P": sizes["P"]}
    if model.mla:
        form = "decode_absorbed" if isinstance(phase, Decode) else "prefill"
        mla = model.mla
        ranks |= {"M": phase.context, "C": mla.kv_rank, "E": mla.nope_dim}
        ranks |= {"R": mla.rope_dim, "F": mla.value_dim}
        words = dict.fromkeys(("WUK", "WUV"), word_of(model.weight_bits))
        return _of_catalogue(f"{LATENT}:{form}", ranks, words, ("CKV", "KR"), model)
    earlier = _earlier(phase)
    ranks |= {"G": part.kv_heads, "E": model.head_dim, "F": model.value_dim}
    ranks |= {"M": earlier or phase.context}
    if earlier:
        cache = ("K", "V", "KN", "VN")
        return _of_catalogue(f"{GROUPED}:decode_append", ranks, {}, cache, model)
    return _of_catalogue(f"{GROUPED}:causal", ranks, {}, ("K", "V"), model)


def _of_catalogue(
    name: str, ranks: Mapping[str, int], words: dict[str, str], cache: Ranks, model: Model
) -> Cascade:
    words |= dict.fromkeys(cache, word_of(model.kv_bits))
    settings: dict[str, str | int | float] = {f"ranks.{rank}": n for rank, n in ranks.items()}
    settings |= {f"words.{tensor}": word for tensor, word in words.items()}
    return load_workload(name, settings | {"word": word_of(model.activation_bits)})
