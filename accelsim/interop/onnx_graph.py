"""An ONNX graph → linked cascades: its products, softmax and attention, as exporters write them.

    onnx_values.py     shapes and masks that are computed in the graph, evaluated where constant
    onnx_nodes.py      nodes in the words of graph.py
    onnx_attention.py  attention that is one node: of opset 23, and of com.microsoft
    steps.py           attention that is spelled out, and cascades

A size that the file leaves open is given by its name, and so may be the value of an input that is
one number everywhere, such as a padding mask of ones. The file is data: no operator of its own and
no function in it is run.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from accelsim.base.errors import InputError, Place, WorkloadError, did_you_mean
from accelsim.interop.graph import Graph
from accelsim.interop.onnx_constants import Constants
from accelsim.interop.onnx_nodes import VIEWS, write
from accelsim.interop.onnx_shapes import size_of
from accelsim.interop.onnx_values import Known, known_of
from accelsim.interop.steps import Steps, steps_of
from accelsim.interop.writer import Writer

MOST_BYTES = 2_000_000_000


def from_onnx(
    path: str | Path,
    sizes: Mapping[str, int] | None = None,
    values: Mapping[str, float] | None = None,
) -> Steps:
    """The cascades of an ONNX file; `sizes` are those that it leaves open, `{"batch": 1}`, and
    `values` inputs that are one number everywhere, `{"attention_mask": 1}`.

    Raises
    ------
    InputError
        if onnx is not installed, the file is no ONNX, a size is open, or there is no such size or
        input.
    WorkloadError
        if no node of it is understood.
    """
    place = Place(str(path))
    model = _read(Path(path), place)
    _refuse_unknown(model.graph, sizes or {}, values or {}, place)
    _fill(model.graph, sizes or {}, place)
    known = known_of(model, sizes or {}, values or {}, str(Path(path).parent))
    try:
        return steps_of(_graph(model.graph, known, Path(path).stem))
    except WorkloadError as error:
        raise WorkloadError(error.fact, at=place, remedy=error.remedy) from error


def _read(path: Path, place: Place) -> Any:
    try:
        import onnx
        import onnx.inliner
    except ImportError as error:
        raise InputError("onnx is not installed", remedy="pip install 'accelsim[onnx]'") from error
    if path.is_dir():
        raise InputError("is a folder, not a file", at=place, remedy="Name an ONNX file in it")
    if not path.is_file():
        neighbours = [each.name for each in path.parent.glob("*.onnx")]
        raise InputError("no such file", at=place, remedy=did_you_mean(path.name, neighbours))
    if path.stat().st_size > MOST_BYTES:
        remedy = "Save it with its weights in a file beside it, which is not read"
        raise InputError("the file is larger than 2 GB", at=place, remedy=remedy)
    try:
        model = onnx.load(str(path), load_external_data=False)
        model = onnx.inliner.inline_local_functions(model) if model.functions else model
    except Exception as error:  # protobuf raises what it likes
        raise InputError("this is no ONNX file", at=place) from error
    if any(isinstance(name, bytes) for name in _names(model.graph)):
        raise InputError("names in it are not UTF-8: it is damaged", at=place)
    if not model.graph.node:
        raise InputError("its graph has no nodes", at=place)
    return model


def _names(graph: Any) -> Iterator[Any]:
    """All that is used as one; protobuf gives bytes for what is no text."""
    yield graph.name
    for node in graph.node:
        yield from (node.name, node.op_type, node.domain, *node.input, *node.output)
        yield from (each.name for each in node.attribute)
    yield from (each.name for each in graph.initializer)
    for each in (*graph.input, *graph.output, *graph.value_info):
        yield each.name
        yield from (size.dim_param for size in each.type.tensor_type.shape.dim)


# --- open sizes -----------------------------------------------------------------------------------


def _open_sizes(graph: Any) -> Iterator[tuple[str, Any]]:
    """Sizes of inputs that are not said, by name; one without a name is `input.place`."""
    weights = {each.name for each in graph.initializer}
    for each in graph.input:
        if each.name in weights:
            continue
        for place, size in enumerate(each.type.tensor_type.shape.dim):
            if not size.HasField("dim_value"):
                yield size.dim_param or f"{each.name}.{place}", size


def _fill(graph: Any, sizes: Mapping[str, int], place: Place) -> None:
    missing: dict[str, None] = {}
    for name, size in _open_sizes(graph):
        number = size_of(name, sizes)
        if number is None:
            missing[name] = None
        else:
            size.dim_value = number
    if missing:
        asked = list(_asked(missing))
        remedy = f"Give them, like {' '.join(f'--size {each}=1' for each in asked)}"
        raise InputError(f"these sizes are open: {', '.join(missing)}", at=place, remedy=remedy)


def _asked(missing: Mapping[str, None]) -> Iterator[str]:
    """Without those that are sums of others."""
    given = dict.fromkeys(missing, 1)
    return (
        name
        for name in missing
        if size_of(name, {k: v for k, v in given.items() if k != name}) is None
    )


def _refuse_unknown(
    graph: Any, sizes: Mapping[str, int], values: Mapping[str, float], place: Place
) -> None:
    """Sizes and inputs that the file has not."""
    inputs = [each.name for each in graph.input]
    named = dict.fromkeys(name for name, _ in _open_sizes(graph))
    written = {
        size.dim_param
        for each in (*graph.input, *graph.output, *graph.value_info)
        for size in each.type.tensor_type.shape.dim
        if size.dim_param
    }
    known = {word for each in {*named, *written} for word in (each, *each.split())}
    for what, given, own, also in (
        ("open size", sizes, list(named), known),
        ("input", values, inputs, set(inputs)),
    ):
        for name in given:
            if name in also:
                continue
            there = f"It has {', '.join(own)}" if own else f"It has no {what}"
            remedy = did_you_mean(name, own) or there
            raise InputError(f"it has no {what} {name!r}", at=place, remedy=remedy)


# --- the graph ------------------------------------------------------------------------------------


def _graph(graph: Any, known: Known, name: str) -> Graph:
    constants = Constants(known.values)
    writer = Writer(known.traced(), constants, known.unfit)
    weights = {each.name for each in graph.initializer}
    names = _different(node.name or f"{node.op_type}_{n}" for n, node in enumerate(graph.node))
    kept = set(weights)
    for node, its in zip(graph.node, names, strict=True):
        made = [each for each in node.output if each]
        is_view = node.op_type in VIEWS and node.input and node.input[0] in kept
        known_all = all(each in known.values or each in known.too_large for each in made)
        if known_all and not is_view:
            continue
        kept.update(made if is_view else ())
        write(node, its, writer)
    found = Graph(
        graph.name or name,
        writer.tensors,
        tuple(writer.nodes),
        frozenset(weights),
        constants,
        tuple(each.name for each in graph.input if each.name not in weights),
        tuple(each.name for each in graph.output),
        frozenset(known.too_large),
    )
    computed = {
        r for node in writer.nodes for r in node.reads if r in constants or r in known.too_large
    }
    return replace(found, weights=frozenset(weights | computed - found.makers.keys()))


def _different(names: Iterator[str]) -> Iterator[str]:
    seen: dict[str, int] = {}
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        yield name if seen[name] == 1 else f"{name}_{seen[name]}"
