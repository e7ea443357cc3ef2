"""A model's `config.json`, as the transformers library writes it → Model.

    model_type    read as
    llama         LLaMA, Llama 2, Llama 3
    mistral       a window for all layers
    qwen2         biases of Q, K and V
    qwen3         normalised queries and keys
    mixtral       experts as wide as `intermediate_size`
    qwen3_moe     experts of `moe_intermediate_size`
    deepseek_v2   latent attention, shared experts, leading dense layers
    deepseek_v3   likewise

A key that is missing has the default of its family's configuration class (transformers 4.57);
sizes that no two models share must be there. A model has the name of the folder it lies in, and
words of 16 bits unless its `dtype`, or how it was quantised, says otherwise.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from accelsim.base.errors import InputError, Place, did_you_mean
from accelsim.base.node import Node
from accelsim.base.setting import Value
from accelsim.interop.config_json import Config, read_json
from accelsim.workload.model import Model
from accelsim.workload.model_load import read_model

BITS = {"float32": 32, "bfloat16": 16, "float16": 16, "float8_e4m3fn": 8}

#: Ours: theirs, of every family.
SIZES = {
    "layers": "num_hidden_layers",
    "hidden": "hidden_size",
    "heads": "num_attention_heads",
    "feed_forward": "intermediate_size",
    "vocabulary": "vocab_size",
}
LATENT = {
    "kv_rank": ("kv_lora_rank", 512),
    "rope_dim": ("qk_rope_head_dim", 64),
    "nope_dim": ("qk_nope_head_dim", 128),
    "value_dim": ("v_head_dim", 128),
}
QUERY_RANK = 1536

KNOWN = frozenset(
    (
        *SIZES.values(),
        *(theirs for theirs, _ in LATENT.values()),
        *("model_type", "tie_word_embeddings", "num_key_value_heads", "head_dim", "mlp_bias"),
        *("attention_bias", "sliding_window", "use_sliding_window", "max_window_layers"),
        *("num_local_experts", "num_experts_per_tok", "decoder_sparse_step", "mlp_only_layers"),
        *("num_experts", "moe_intermediate_size", "q_lora_rank", "n_routed_experts"),
        *("n_shared_experts", "moe_layer_freq", "first_k_dense_replace", "quantization_config"),
        *("dtype", "torch_dtype"),
    )
)
"""Keys that are read here, of one family or another."""

Keys = dict[str, Any]


def read_config(path: str | Path, overrides: Mapping[str, Value] | None = None) -> Model:
    """The model that a `config.json` describes; `overrides` are of keys of a model's YAML.

    Raises
    ------
    InputError
        if the file is no JSON, of no known family, lacks a size, has a wrong one, or describes
        what a `Model` cannot be (a window in some layers): file, line, remedy.
    """
    path, settings = Path(path), dict(overrides or {})
    config = Config(read_json(path), KNOWN)
    family = _family(config)
    keys: Keys = {ours: config.size(theirs) for ours, theirs in SIZES.items()}
    keys |= {"tied": config.flag("tie_word_embeddings"), **family.read(config, family)}
    if "weight" not in settings:
        keys["weight"] = f"{_weight_bits(config)} bit"
    name = path.resolve().parent.name if path.name == "config.json" else path.stem
    keys["source"] = f"{path.name} of {name}"
    return read_model(_node(keys, config.node.place), name, settings)


def _node(keys: Keys, place: Place) -> Node:
    """The same as what a model's YAML says; what is None is left away."""
    content = {
        key: _node(value, place) if isinstance(value, dict) else Node(place, value, str(value))
        for key, value in keys.items()
        if value is not None
    }
    return Node(place, content)


# --- families ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Family:
    """What reads it, and the defaults in which families differ: key and value heads (None for as
    many as heads), numbers of a head (None for hidden / heads), the window, more of its keys."""

    read: "Callable[[Config, _Family], Keys]"
    kv_heads: int | None = None
    head_dim: int | None = None
    window: int | None = None
    more: Keys = field(default_factory=dict)


def _dense(config: Config, family: _Family) -> Keys:
    hidden, heads = config.size("hidden_size"), config.size("num_attention_heads")
    head_dim = config.size_or_none("head_dim", family.head_dim)
    if head_dim is None and hidden % heads:
        remedy = "Add the 'head_dim'"
        raise config.wrong("hidden_size", f"does not divide over {heads} heads", remedy)
    if config.flag("mlp_bias"):
        raise config.wrong("mlp_bias", "is not known to a model", "Set it to false")
    both = config.flag("attention_bias")
    kv_heads = config.size_or_none("num_key_value_heads", family.kv_heads) or heads
    if heads % kv_heads:
        remedy = "As many query heads share each of them"
        raise config.wrong("num_key_value_heads", f"does not divide {heads} heads", remedy)
    return {
        "kv_heads": kv_heads,
        "head_dim": head_dim or hidden // heads,
        "window": config.size_or_none("sliding_window", family.window),
        "qkv_bias": both,
        "output_bias": both,
        **family.more,
    }


def _qwen(config: Config, family: _Family) -> Keys:
    return _dense(config, family) | {"window": _window_of_all(config)}


def _window_of_all(config: Config) -> int | None:
    """Qwen's: layers from `max_window_layers` on have it, if it is used at all."""
    if not config.flag("use_sliding_window"):
        return None
    first = config.value("max_window_layers", 28)
    if first == 0:
        return config.size_or_none("sliding_window", 4096)
    if isinstance(first, int) and first >= config.size("num_hidden_layers"):
        return None
    remedy = "Set it to 0, so that all have it, or use_sliding_window to false"
    raise config.wrong("max_window_layers", "leaves the window to some layers", remedy)


def _mixtral(config: Config, family: _Family) -> Keys:
    experts = {
        "count": config.size("num_local_experts", 8),
        "active": config.size("num_experts_per_tok", 2),
        "feed_forward": config.size("intermediate_size"),
    }
    return _dense(config, family) | {"experts": experts}


def _qwen_moe(config: Config, family: _Family) -> Keys:
    uses = config.flag("use_sliding_window")
    window = config.size_or_none("sliding_window", 4096) if uses else None
    if config.value("decoder_sparse_step", 1) != 1:
        raise config.wrong("decoder_sparse_step", "mixes kinds of layers", "Only 1 is read")
    dense = config.value("mlp_only_layers") or []
    if dense != list(range(len(dense))):
        raise config.wrong("mlp_only_layers", "are not the first layers", "Only those are read")
    experts = {
        "count": config.size("num_experts", 128),
        "active": config.size("num_experts_per_tok", 8),
        "feed_forward": config.size("moe_intermediate_size", 768),
        "dense_layers": len(dense),
    }
    return _dense(config, family) | {"window": window, "experts": experts}


def _deepseek(config: Config, family: _Family) -> Keys:
    both = config.flag("attention_bias")
    latent: Keys = {ours: config.size(*theirs) for ours, theirs in LATENT.items()}
    latent["query_rank"] = config.size_or_none("q_lora_rank", QUERY_RANK)
    return {
        "mla": latent,
        "experts": _deepseek_experts(config, family),
        "qkv_bias": both,
        "output_bias": both,
    }


def _deepseek_experts(config: Config, family: _Family) -> Keys | None:
    if config.value("n_routed_experts", 1) is None:
        return None
    if config.value("moe_layer_freq", 1) != 1:
        raise config.wrong("moe_layer_freq", "mixes kinds of layers", "Only 1 is read")
    shared = config.value("n_shared_experts", family.more["shared"])
    return {
        "count": config.size("n_routed_experts"),
        "active": config.size("num_experts_per_tok"),
        "shared": config.size("n_shared_experts", shared) if shared else 0,
        "feed_forward": config.size("moe_intermediate_size"),
        "dense_layers": config.value("first_k_dense_replace", family.more["dense_layers"]),
    }


FAMILIES = {
    "llama": _Family(_dense),
    "mistral": _Family(_dense, kv_heads=8, window=4096),
    "qwen2": _Family(_qwen, kv_heads=32, more={"qkv_bias": True, "output_bias": False}),
    "qwen3": _Family(_qwen, kv_heads=32, head_dim=128, more={"qk_norm": True}),
    "mixtral": _Family(_mixtral, kv_heads=8),
    "qwen3_moe": _Family(_qwen_moe, kv_heads=4, more={"qk_norm": True}),
    "deepseek_v2": _Family(_deepseek, more={"shared": 2, "dense_layers": 0}),
    "deepseek_v3": _Family(_deepseek, more={"shared": 1, "dense_layers": 3}),
}


def _family(config: Config) -> _Family:
    known = f"There are {', '.join(FAMILIES)}"
    kind = config.value("model_type")
    if kind is None:
        raise InputError("'model_type' is missing", at=config.node.place, remedy=known)
    if kind not in FAMILIES:
        remedy = did_you_mean(str(kind), FAMILIES) or known
        raise config.wrong("model_type", "is not a family that can be read", remedy)
    return FAMILIES[kind]


def _weight_bits(config: Config) -> int:
    """Of the matrices as they are stored."""
    quantised = config.value("quantization_config")
    if quantised:
        method = quantised.get("quant_method") if isinstance(quantised, dict) else None
        bits = 8 if method == "fp8" else quantised.get("bits") if method else None
        if not isinstance(bits, int) or bits < 1:
            remedy = "Give it: --set weight='4 bit'"
            raise config.wrong("quantization_config", "does not tell how many bits", remedy)
        return bits
    key = "dtype" if "dtype" in config.node else "torch_dtype"
    word = config.value(key, "bfloat16") or "bfloat16"
    if word not in BITS:
        raise config.wrong(key, "is no known word", f"There are {', '.join(BITS)}")
    return BITS[word]
