"""Attention that is one node of an ONNX graph.

    Attention (opset 23)                  queries, keys and values as [B, H, P, E], or [B, P, H·E]
                                          with the numbers of heads; a mask; a cache; `is_causal`
    MultiHeadAttention (com.microsoft)    also packed, [B, P, H, 3, E]; a cache; `unidirectional`
    GroupQueryAttention (com.microsoft)   causal, with a cache; `local_window_size`
    Attention (com.microsoft)             with the product that makes queries, keys and values

A cache is joined to the new keys. Queries see the keys up to their own place, which is behind
those of the cache.
"""

from collections.abc import Mapping
from typing import Any

from accelsim.base.errors import WorkloadError
from accelsim.interop.graph import Traced
from accelsim.interop.masks import Band
from accelsim.interop.writer import Reader, Writer, attribute

WORD_OF_BOOL = 1


def _input(node: Any, place: int) -> str:
    """Its name, or nothing if it is not given."""
    return node.input[place] if place < len(node.input) else ""


def _output(node: Any, place: int, else_: str) -> str:
    named = node.output[place] if place < len(node.output) else ""
    return named or else_


def _refuse(node: Any, reasons: Mapping[str, bool]) -> None:
    for what, is_there in reasons.items():
        if is_there:
            raise WorkloadError(f"{what} of {node.op_type} is not understood")


def _heads(writer: Writer, read: str, heads: int, made: str) -> str:
    """[B, P, H·E] as [B, H, P, E]; of four ranks it is so already."""
    shape = writer.shape(read)
    if len(shape) == 4:
        return read
    if not heads:
        raise WorkloadError("it does not say its number of heads")
    if len(shape) != 3 or shape[-1] % heads:
        raise WorkloadError(f"{shape} is no [batch, tokens, heads x width] of {heads} heads")
    batch, tokens, width = shape
    cut = writer.view(read, f"{made}_cut", (batch, tokens, heads, width // heads))
    turned = (batch, heads, tokens, width // heads)
    return writer.view(cut, made, turned, order=(0, 2, 1, 3))


def _with_cache(writer: Writer, past: str, new: str, made: str) -> str:
    after = writer.shape(new)
    if not past:
        return writer.view(new, made, after)
    before = writer.shape(past)
    if len(before) != 4 or before[:2] != after[:2] or before[3] != after[3]:
        raise WorkloadError(f"a cache of {before} does not fit keys or values of {after}")
    if not before[2]:
        return writer.view(new, made, after)
    return writer.join((past, new), made, (*after[:2], before[2] + after[2], after[3]))


def _attend(
    node: Any, name: str, writer: Writer, operands: tuple[str, str, str], scale: float, **said: Any
) -> None:
    """The node itself; what it makes is [B, H, P, F], or that turned and packed."""
    result = node.output[0]
    batch, heads, tokens, _ = writer.shape(operands[0])
    width = writer.shape(operands[2])[-1]
    masks = said.pop("named", ())
    words = writer.tensors[operands[0]].word_bytes
    whole = (batch, heads, tokens, width)
    known = writer.tensors.get(result)
    packed = known is None or len(known.shape) == 3
    made = f"{result}_heads" if packed else result
    writer.tensors[made] = Traced(whole, words)
    scale = scale or writer.shape(operands[0])[-1] ** -0.5
    writer.add("attention", name, (*operands, *masks), made, scale=scale, **said)
    if packed:
        turned = (batch, tokens, heads, width)
        order = writer.view(made, f"{result}_order", turned, order=(0, 2, 1, 3))
        writer.view(order, result, (batch, tokens, heads * width))


def _attention(node: Any, name: str, writer: Writer) -> None:
    own, shared = attribute(node, "q_num_heads", 0), attribute(node, "kv_num_heads", 0)
    _refuse(
        node,
        {
            "softcap": bool(attribute(node, "softcap", 0.0)),
            "nonpad_kv_seqlen": bool(_input(node, 6)),
            "the scores as an output": bool(_output(node, 3, "")),
        },
    )
    result = node.output[0]
    q = _heads(writer, node.input[0], own, f"{result}_q")
    k = _heads(writer, node.input[1], shared, f"{result}_k")
    v = _heads(writer, node.input[2], shared, f"{result}_v")
    past = _input(node, 4)
    before = writer.shape(past)[2] if past else 0
    k = _with_cache(writer, past, k, _output(node, 1, f"{result}_keys"))
    v = _with_cache(writer, _input(node, 5), v, _output(node, 2, f"{result}_values"))
    mask = _input(node, 3)
    named = (mask,) if mask else ()
    kinds = tuple(_mask_kind(writer, each) for each in named)
    seen = Band(ahead=before) if attribute(node, "is_causal", 0) else Band()
    scale = float(attribute(node, "scale", 0.0))
    _attend(node, name, writer, (q, k, v), scale, band=seen, masks=kinds, named=named)


def _mask_kind(writer: Writer, mask: str) -> str:
    return "keep" if writer.tensors[mask].word_bytes == WORD_OF_BOOL else "add"


def _multi_head(node: Any, name: str, writer: Writer) -> None:
    heads = attribute(node, "num_heads", 0)
    padding, bias, added = _input(node, 4), _input(node, 3), _input(node, 5)
    _refuse(node, {"past_sequence_length": bool(_input(node, 8))})
    result = node.output[0]
    q, k, v = _separate(node, writer, result)
    if bias:
        elements = sum(writer.tensors[each].elements for each in (q, k, v))
        writer.computed(f"{node.op_type}.bias", bias, f"{result}_biased", (elements,))
    q, k, v = (
        _heads(writer, each, heads, f"{result}_{n}")
        for n, each in zip("qkv", (q, k, v), strict=True)
    )
    before = writer.shape(_input(node, 6))[2] if _input(node, 6) else 0
    k = _with_cache(writer, _input(node, 6), k, _output(node, 1, f"{result}_keys"))
    v = _with_cache(writer, _input(node, 7), v, _output(node, 2, f"{result}_values"))
    seen = Band(ahead=before) if attribute(node, "unidirectional", 0) else Band()
    named = tuple(each for each in (padding, added) if each)
    kinds = tuple("keep" if each == padding else "add" for each in named)
    named = tuple(_padding(writer, each, result) if each == padding else each for each in named)
    scale = float(attribute(node, "scale", 0.0))
    _attend(node, name, writer, (q, k, v), scale, band=seen, masks=kinds, named=named)


def _separate(node: Any, writer: Writer, result: str) -> tuple[str, str, str]:
    """Queries, keys and values, also of what is packed as [B, P, H, 3, E] or keys with values as
    [B, M, H, 2, E]."""
    q, k, v = node.input[0], _input(node, 1), _input(node, 2)
    if len(writer.shape(q)) == 5:
        shape = writer.shape(q)
        first, second, third = (_of_packed(writer, q, shape, f"{result}_{n}part") for n in "qkv")
        return first, second, third
    if k and len(writer.shape(k)) == 5:
        shape = writer.shape(k)
        keys = _of_packed(writer, k, shape, f"{result}_kpart")
        return q, keys, _of_packed(writer, k, shape, f"{result}_vpart")
    if not k or not v:
        raise WorkloadError("it has no keys or no values")
    return q, k, v


def _of_packed(writer: Writer, read: str, shape: tuple[int, ...], made: str) -> str:
    batch, tokens, heads, _, width = shape
    part = writer.part(read, made, (batch, tokens, heads, width))
    return writer.view(part, f"{made}_heads", (batch, heads, tokens, width), order=(0, 2, 1, 3))


def _padding(writer: Writer, mask: str, result: str) -> str:
    """[B, M], 1 where there is a token; or another form of it, which must be known."""
    shape = writer.shape(mask)
    if len(shape) != 2:
        raise WorkloadError(f"a padding mask of {shape} is not understood")
    wider = (shape[0], 1, 1, shape[1])
    return writer.view(mask, f"{result}_padding", wider)


def _grouped(node: Any, name: str, writer: Writer) -> None:
    own, shared = attribute(node, "num_heads", 0), attribute(node, "kv_num_heads", 0)
    _refuse(
        node,
        {
            "softcap": bool(attribute(node, "softcap", 0.0)),
            "smooth_softmax": attribute(node, "smooth_softmax", 0) == 1,
            "attention_bias": bool(_input(node, 10)),
            "head_sink": bool(_input(node, 11)),
        },
    )
    if not own or not shared:
        raise WorkloadError("it does not say its numbers of heads")
    result = node.output[0]
    q, k, v = node.input[0], _input(node, 1), _input(node, 2)
    if not k:
        batch, tokens, width = writer.shape(q)
        one = width // (own + 2 * shared)
        packed = q
        q = writer.part(packed, f"{result}_qpart", (batch, tokens, own * one))
        k, v = (
            writer.part(packed, f"{result}_{n}part", (batch, tokens, shared * one)) for n in "kv"
        )
    if attribute(node, "do_rotary", 0):
        why = "the rotation of queries and keys"
        for n, each in (("q", q), ("k", k)):
            turned = f"{result}_{n}rotated"
            writer.computed(f"{node.op_type}.do_rotary", each, turned, writer.shape(each), why)
        q, k = f"{result}_qrotated", f"{result}_krotated"
    q = _heads(writer, q, own, f"{result}_q")
    k = _heads(writer, k, shared, f"{result}_k")
    v = _heads(writer, v, shared, f"{result}_v")
    total = writer.number(_input(node, 6)) if _input(node, 6) else None
    past_keys, past_values = _input(node, 3), _input(node, 4)
    new = writer.shape(q)[2]
    if total is not None and past_keys:
        past_keys = _filled(writer, past_keys, int(total) - new, f"{result}_pastkeys")
        past_values = _filled(writer, past_values, int(total) - new, f"{result}_pastvalues")
    before = writer.shape(past_keys)[2] if past_keys else 0
    k = _with_cache(writer, past_keys, k, _output(node, 1, f"{result}_keys"))
    v = _with_cache(writer, past_values, v, _output(node, 2, f"{result}_values"))
    window = attribute(node, "local_window_size", -1)
    seen = Band(ahead=before, behind=window - before if window > 0 else None)
    _attend(node, name, writer, (q, k, v), float(attribute(node, "scale", 0.0)), band=seen)


def _filled(writer: Writer, past: str, tokens: int, made: str) -> str:
    """Of a cache with room for more, the tokens that are there."""
    batch, heads, room, width = writer.shape(past)
    if not 0 <= tokens <= room:
        raise WorkloadError(f"a cache with room for {room} has no {tokens} tokens")
    if tokens == room:
        return past
    return writer.part(past, made, (batch, heads, tokens, width))


def _with_projection(node: Any, name: str, writer: Writer) -> None:
    heads = attribute(node, "num_heads", 0)
    _refuse(
        node,
        {
            "a cache": bool(_input(node, 4)),
            "attention_bias": bool(_input(node, 5)),
            "do_rotary": bool(attribute(node, "do_rotary", 0)),
        },
    )
    x, weight, bias = node.input[0], node.input[1], _input(node, 2)
    batch, tokens, _ = writer.shape(x)
    columns = writer.shape(weight)[-1]
    sizes = attribute(node, "qkv_hidden_sizes", None) or [columns // 3] * 3
    result = node.output[0]
    made = f"{result}_qkv"
    writer.tensors[made] = Traced((batch, tokens, columns), writer.tensors[x].word_bytes)
    writer.add("product", f"{name}_qkv", (x, weight, *((bias,) if bias else ())), made)
    parts = [
        writer.part(made, f"{result}_{n}part", (batch, tokens, size))
        for n, size in zip("qkv", sizes, strict=True)
    ]
    q, k, v = (
        _heads(writer, each, heads, f"{result}_{n}") for n, each in zip("qkv", parts, strict=True)
    )
    seen = Band(ahead=0) if attribute(node, "unidirectional", 0) else Band()
    mask = _input(node, 3)
    named = (_padding(writer, mask, result),) if mask else ()
    said = {"band": seen, "masks": ("keep",) * len(named), "named": named}
    _attend(node, name, writer, (q, k, v), float(attribute(node, "scale", 0.0)), **said)


FUSED: Mapping[str, Reader] = {
    "Attention": _attention,
    "com.microsoft.MultiHeadAttention": _multi_head,
    "com.microsoft.GroupQueryAttention": _grouped,
    "com.microsoft.Attention": _with_projection,
}
