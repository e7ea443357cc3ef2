"""`accelsim model`: how large a transformer is, and what of it fits on a machine."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Any

import typer

from accelsim.arch.load_gpu import load_gpu
from accelsim.base.errors import InputError
from accelsim.base.record import keys_of
from accelsim.base.units import format_bytes, format_count, read_count
from accelsim.cli.models import load_any_model
from accelsim.cli.options import Json, Settings, settings_by_input
from accelsim.cli.output import print_json, print_table
from accelsim.workload.capacity import Capacity, capacity
from accelsim.workload.model import Model
from accelsim.workload.model_size import (
    activation_bytes_per_token,
    active_parameters,
    embedding_parameters,
    kv_bytes_per_token,
    layer_parameters,
    layer_weight_bytes,
    parameters,
    sequence_kv_bytes,
    weight_bytes,
)

CONTEXTS = (1024, 4096, 8192, 32768, 131072)


def command(
    name: Annotated[
        str,
        typer.Argument(
            metavar="MODEL", help="A shipped model, a file, or a config.json.", show_default=False
        ),
    ],
    context: Annotated[
        list[str] | None,
        typer.Option(metavar="LENGTH", help="Tokens of a sequence, repeatable: 32K is 32768."),
    ] = None,
    machine: Annotated[
        str | None, typer.Option(metavar="GPU", help="How many sequences fit on it.")
    ] = None,
    tensor: Annotated[
        int, typer.Option(metavar="T", min=1, help="Devices that share the model.")
    ] = 1,
    *,
    settings: Settings,
    json: Json = False,
) -> None:
    """Parameters, weights and cache of a transformer, layer by layer, and the largest batch.

    MODEL is one of `accelsim list models` (llama3-70b), a YAML file like those, or a config.json of
    the transformers library: llama, mistral, qwen2, qwen3, mixtral, qwen3_moe, deepseek_v2,
    deepseek_v3. Bytes with --tensor are those of one device. The largest batch leaves a tenth of
    the memory free, and counts weights, activations, workspace and half-filled pages.

    Example: accelsim model llama3-70b --machine h100_sxm --tensor 4 --context 8K --set kv='8 bit'
    """
    known = {"model": keys_of(Model), "arch": ["memories"]}
    chosen = settings_by_input(settings, known)
    model = load_any_model(name, chosen["model"])
    lengths = tuple(read_count(length) for length in context or ()) or CONTEXTS
    fits = _capacity(model, machine, tensor, chosen["arch"])
    result = _result(model, tensor, fits, lengths)
    if json:
        print_json(result)
    else:
        _print(model, result, machine)


def _capacity(
    model: Model, machine: str | None, tensor: int, settings: dict[str, str]
) -> Capacity | None:
    if machine is None:
        if settings:
            remedy = "Name the machine with --machine"
            raise InputError(f"{', '.join(settings)} is of no machine", remedy=remedy)
        return None
    memory = load_gpu(machine, settings).hbm.capacity_bytes
    if memory is None:
        raise InputError(f"{machine} does not say how large its memory is")
    return capacity(model, memory, tensor)


def _result(
    model: Model, tensor: int, fits: Capacity | None, lengths: Sequence[int]
) -> dict[str, Any]:
    """What is printed, as JSON has it; bytes are those of one device."""
    found: dict[str, Any] = {
        "model": model.name,
        "tensor": tensor,
        "parameters": parameters(model),
        "active_parameters": active_parameters(model),
        "weight_bytes": weight_bytes(model, tensor),
        "kv_bytes_per_token": kv_bytes_per_token(model, tensor),
        "activation_bytes_per_token": activation_bytes_per_token(model, tensor),
        "layers": [_layer(model, layer, number, tensor) for layer, number in _kinds(model)],
        "embeddings": embedding_parameters(model),
    }
    contexts = [
        {"context": length, "sequence_bytes": sequence_kv_bytes(model, length, tensor)}
        for length in lengths
    ]
    if fits is not None:
        found["capacity"] = asdict(fits) | {"room_bytes": fits.room_bytes, "tokens": fits.tokens}
        contexts = [row | {"batch": fits.batch(row["context"])} for row in contexts]
    return found | {"contexts": contexts}


def _kinds(model: Model) -> list[tuple[int, int]]:
    """A layer of each kind, and how many are like it."""
    dense = model.layers - model.expert_layers
    kinds = [(0, dense), (model.layers - 1, model.expert_layers)]
    return [(layer, number) for layer, number in kinds if number]


def _layer(model: Model, layer: int, number: int, tensor: int) -> dict[str, Any]:
    of_all = asdict(layer_parameters(model, layer))
    kind = "experts" if model.has_experts(layer) else "dense"
    held = layer_weight_bytes(model, layer, tensor)
    return {"kind": kind, "number": number, **of_all, "weight_bytes": held}


# --- text ----------------------------------------------------------------------------------------


def _print(model: Model, result: dict[str, Any], machine: str | None) -> None:
    print(f"{model.name}: {model.about}" if model.about else model.name)
    for label, text in _facts(model, result):
        print(f"{label:<12}{text}")
    print()
    columns = ("layers", "kind", "attention", "network", "experts", "router", "norms", "weights")
    print_table(columns, [_layer_cells(each) for each in result["layers"]])
    print()
    headings = ("context", "cache of a sequence", *(("largest batch",) if machine else ()))
    print_table(headings, [_context_cells(each) for each in result["contexts"]])


def _facts(model: Model, result: dict[str, Any]) -> list[tuple[str, str]]:
    tensor = result["tensor"]
    where = f" on each of {tensor} devices" if tensor > 1 else ""
    active = result["active_parameters"]
    of_them = f", of which a token uses {active:,}" if model.experts else ""
    facts = [
        ("parameters", f"{result['parameters']:,}{of_them}"),
        ("weights", f"{format_bytes(result['weight_bytes'])} at {model.weight_bits:g} bit{where}"),
        ("cache", f"{result['kv_bytes_per_token']:,} B a token at {model.kv_bits:g} bit{where}"),
        ("activations", f"{result['activation_bytes_per_token']:,} B a token{where}"),
    ]
    fits = result.get("capacity")
    if fits:
        memory = f"{format_bytes(fits['usable_bytes'])} of {format_bytes(fits['memory_bytes'])}"
        room = f"{format_bytes(fits['room_bytes'])} for caches and activations"
        facts.append(("memory", f"{memory} used, {room}: {fits['tokens']:,} tokens"))
    return facts


def _layer_cells(each: dict[str, Any]) -> tuple[str, ...]:
    names = ("attention", "feed_forward", "experts", "router", "norms")
    numbers = (f"{each[name]:,}" for name in names)
    return str(each["number"]), each["kind"], *numbers, format_bytes(each["weight_bytes"])


def _context_cells(each: dict[str, Any]) -> tuple[str, ...]:
    batch = (f"{each['batch']:,}",) if "batch" in each else ()
    return format_count(each["context"]), format_bytes(each["sequence_bytes"]), *batch
