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

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from accelsim.base.errors import InputError, Place, YamlError, did_you_mean
from accelsim.base.setting import Value
from accelsim.base.yamlfile import Node, parse_yaml, read_text
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
    config = _Config(_read_json(path))
    family = _family(config)
    keys: Keys = {ours: config.size(theirs) for ours, theirs in SIZES.items()}
    keys |= {"tied": config.flag("tie_word_embeddings"), **family.read(config, family)}
    if "weight" not in settings:
        keys["weight"] = f"{_weight_bits(config)} bit"
    name = path.resolve().parent.name if path.name == "config.json" else path.stem
    keys["source"] = f"{path.name} of {name}"
    return read_model(_node(keys, config.node.place), name, settings)


# --- the file ------------------------------------------------------------------------------------


def _read_json(path: Path) -> Node:
    text = read_text(path)
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        at = Place(str(path), getattr(error, "lineno", None))
        fact = f"not JSON: {getattr(error, 'msg', error)}"
        raise YamlError(fact, at=at, remedy="Give the config.json of a model") from error
    if not isinstance(found, dict):
        fact = "a config.json holds an object, {...}"
        raise YamlError(fact, at=Place(str(path), 1), remedy="Give the config.json of a model")
    # JSON is YAML, whose nodes know their lines; only between its values may JSON have tabs.
    return parse_yaml(text.replace("\t", " "), str(path))


@dataclass(frozen=True)
class _Config:
    """The keys of the file; a wrong value is an InputError at its line."""

    node: Node

    def value(self, key: str, default: Any = None) -> Any:
        child = self.node.get(key)
        return default if child is None else child.to_plain()

    def size(self, key: str, default: int | None = None) -> int:
        """A whole number above 0."""
        if key not in self.node and default is None:
            remedy = f"Add a line like '\"{key}\": 4096,'"
            raise InputError(f"{key!r} is missing", at=self.node.place, remedy=remedy)
        value = self.value(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise self.wrong(key, "is no whole number above 0", "Give one, like 4096")
        return value

    def size_or_none(self, key: str, default: int | None = None) -> int | None:
        if self.value(key, default) is None:
            return None
        return self.size(key, default)

    def flag(self, key: str) -> bool:
        value = self.value(key, False)
        if value is None or isinstance(value, bool):
            return bool(value)
        raise self.wrong(key, "is not true or false", "Give one of them")

    def wrong(self, key: str, fact: str, remedy: str) -> InputError:
        place = self.node.key_place(key)
        return InputError(f"{key}: {self._written(key)} {fact}", at=place, remedy=remedy)

    def _written(self, key: str) -> str:
        return json.dumps(self.value(key))[:60]


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

    read: "Callable[[_Config, _Family], Keys]"
    kv_heads: int | None = None
    head_dim: int | None = None
    window: int | None = None
    more: Keys = field(default_factory=dict)


def _dense(config: _Config, family: _Family) -> Keys:
    hidden, heads = config.size("hidden_size"), config.size("num_attention_heads")
    head_dim = config.size_or_none("head_dim", family.head_dim)
    if head_dim is None and hidden % heads:
        remedy = "Add the 'head_dim'"
        raise config.wrong("hidden_size", f"does not divide over {heads} heads", remedy)
    if config.flag("mlp_bias"):
        raise config.wrong("mlp_bias", "is not known to a model", "Set it to false")
    both = config.flag("attention_bias")
    return {
        "kv_heads": config.size_or_none("num_key_value_heads", family.kv_heads) or heads,
        "head_dim": head_dim or hidden // heads,
        "window": config.size_or_none("sliding_window", family.window),
        "qkv_bias": both,
        "output_bias": both,
        **family.more,
    }


def _qwen(config: _Config, family: _Family) -> Keys:
    return _dense(config, family) | {"window": _window_of_all(config)}


def _window_of_all(config: _Config) -> int | None:
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


def _mixtral(config: _Config, family: _Family) -> Keys:
    experts = {
        "count": config.size("num_local_experts", 8),
        "active": config.size("num_experts_per_tok", 2),
        "feed_forward": config.size("intermediate_size"),
    }
    return _dense(config, family) | {"experts": experts}


def _qwen_moe(config: _Config, family: _Family) -> Keys:
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


def _deepseek(config: _Config, family: _Family) -> Keys:
    both = config.flag("attention_bias")
    latent: Keys = {ours: config.size(*theirs) for ours, theirs in LATENT.items()}
    latent["query_rank"] = config.size_or_none("q_lora_rank", QUERY_RANK)
    return {
        "mla": latent,
        "experts": _deepseek_experts(config, family),
        "qkv_bias": both,
        "output_bias": both,
    }


def _deepseek_experts(config: _Config, family: _Family) -> Keys | None:
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


def _family(config: _Config) -> _Family:
    known = f"There are {', '.join(FAMILIES)}"
    kind = config.value("model_type")
    if kind is None:
        raise InputError("'model_type' is missing", at=config.node.place, remedy=known)
    if kind not in FAMILIES:
        remedy = did_you_mean(str(kind), FAMILIES) or known
        raise config.wrong("model_type", "is not a family that can be read", remedy)
    return FAMILIES[kind]


def _weight_bits(config: _Config) -> int:
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
