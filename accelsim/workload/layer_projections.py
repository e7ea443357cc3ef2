"""The projections of a layer, before its attention, as texts of cascades."""

from accelsim.workload.layer_text import LayerText, Ranks, norm_lines, rotation_line, word_of
from accelsim.workload.model import LatentAttention, Model, Shard


def grouped_projections(model: Model, part: Shard, has_appended: bool) -> LayerText:
    """Keys and values that are appended to a cache are KN and VN."""
    key, value = ("KN", "VN") if has_appended else ("K", "V")
    matrices: dict[str, Ranks] = {}
    vectors: dict[str, Ranks] = {"G1": ("D",)}
    lines = [*norm_lines("XN", "X", "b,p,d", "G1")]
    made = (("Q", "Q", "h", "e"), ("K", key, "g", "e"), ("V", value, "g", "f"))
    for letter, result, head, last in made:
        is_value, index = letter == "V", f"b,{head},p,{last}"
        matrices[f"W{letter}"] = (head.upper(), "D", last.upper())
        steps = [f"U{letter}"] + ([f"A{letter}"] if model.qkv_bias else [])
        if is_value:
            steps[-1] = result
        lines.append(f"{steps[0]}[{index}] += XN[b,p,d] * W{letter}[{head},d,{last}]")
        if model.qkv_bias:
            vectors[f"B{letter}"] = (head.upper(), last.upper())
            lines.append(f"{steps[1]}[{index}] = {steps[0]}[{index}] + B{letter}[{head},{last}]")
        if not is_value:
            if model.qk_norm:
                vectors[f"G{letter}"] = ("E",)
                lines += norm_lines(f"N{letter}", steps[-1], index, f"G{letter}")
            lines.append(rotation_line(result, f"N{letter}" if model.qk_norm else steps[-1], index))
    return LayerText(
        name="projections",
        about="Norm, projections to queries, keys and values, rotation.",
        lines=tuple(lines),
        ranks={
            "H": part.heads,
            "G": part.kv_heads,
            "E": model.head_dim,
            "E2": "E / 2",
            "F": model.value_dim,
        },
        inputs={"X": ("B", "P", "D"), "TC": ("P", "E"), "TS": ("P", "E")},
        matrices=matrices,
        vectors=vectors,
        outputs={
            "Q": ("B", "H", "P", "E"),
            key: ("B", "G", "P", "E"),
            value: ("B", "G", "P", "F"),
        },
        words={name: word_of(model.kv_bits) for name in (key, value)},
    )


def latent_projections(
    model: Model, mla: LatentAttention, part: Shard, has_appended: bool
) -> LayerText:
    """Latents of keys and values (C and R numbers), CKVN and KRN if they are appended to a cache;
    and of queries (L), if they have one."""
    latent, shared = ("CKVN", "KRN") if has_appended else ("CKV", "KR")
    matrices: dict[str, Ranks] = {"WDKV": ("D", "C"), "WKR": ("D", "R")}
    vectors: dict[str, Ranks] = {"G1": ("D",), "NKV": ("C",)}
    lines = [*norm_lines("XN", "X", "b,p,d", "G1")]
    source, deep = ("XN", "d")
    if mla.query_rank:
        matrices["WDQ"], vectors["NQ"] = ("D", "L"), ("L",)
        lines.append("DQ[b,p,l] += XN[b,p,d] * WDQ[d,l]")
        lines += _biased(model, vectors, "DQ", "b,p,l")
        lines += norm_lines("CQ", _after_bias(model, "DQ"), "b,p,l", "NQ")
        source, deep = ("CQ", "l")
    matrices["WUQ"], matrices["WQR"] = ("H", deep.upper(), "E"), ("H", deep.upper(), "R")
    lines += [
        f"Q[b,h,p,e] += {source}[b,p,{deep}] * WUQ[h,{deep},e]",
        f"UQ[b,h,p,r] += {source}[b,p,{deep}] * WQR[h,{deep},r]",
        rotation_line("QR", "UQ", "b,h,p,r"),
        "DKV[b,p,c] += XN[b,p,d] * WDKV[d,c]",
        *_biased(model, vectors, "DKV", "b,p,c"),
        *norm_lines(latent, _after_bias(model, "DKV"), "b,p,c", "NKV"),
        "UK[b,p,r] += XN[b,p,d] * WKR[d,r]",
        *_biased(model, vectors, "UK", "b,p,r"),
        rotation_line(shared, _after_bias(model, "UK"), "b,p,r"),
    ]
    ranks = {"H": part.heads, "C": mla.kv_rank, "E": mla.nope_dim, "R": mla.rope_dim}
    return LayerText(
        name="projections",
        about="Norm, projections to queries and latents, their norms, rotation.",
        lines=tuple(lines),
        ranks=ranks | {"R2": "R / 2"} | ({"L": mla.query_rank} if mla.query_rank else {}),
        inputs={"X": ("B", "P", "D"), "TC": ("P", "R"), "TS": ("P", "R")},
        matrices=matrices,
        vectors=vectors,
        outputs={
            "Q": ("B", "H", "P", "E"),
            "QR": ("B", "H", "P", "R"),
            latent: ("B", "P", "C"),
            shared: ("B", "P", "R"),
        },
        words={name: word_of(model.kv_bits) for name in (latent, shared)},
    )


def _biased(model: Model, vectors: dict[str, Ranks], name: str, index: str) -> tuple[str, ...]:
    if not model.qkv_bias:
        return ()
    last = index.rpartition(",")[2]
    vectors[f"B{name}"] = (last.upper(),)
    return (f"A{name}[{index}] = {name}[{index}] + B{name}[{last}]",)


def _after_bias(model: Model, name: str) -> str:
    return f"A{name}" if model.qkv_bias else name
