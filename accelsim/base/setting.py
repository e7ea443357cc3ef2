"""Settings: a path and a value, put into the tree of nodes that a record is read from.

    memories.DRAM.bandwidth = 800 GB/s      a list entry by its name, or by number from 0
    memories.DRAM.capacity = 80 GiB         a key that the file leaves out but the record knows
    compute.Array2D.operations.tanh = {as: {mac: 4}}      a new name, where names are free

What may stand at a path is the record's to say, not the file's: a step is a key of a record, a name
in a mapping of names, or an entry of a list. Entries of a list must be there, and so must a name
with more below it, for it is the misspelt name of another.
"""

from collections.abc import Mapping
from types import UnionType
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin

from accelsim.base.errors import Place, YamlError, did_you_mean
from accelsim.base.node import Node
from accelsim.base.record import Record, fields_by_key
from accelsim.base.yamlfile import parse_yaml

Value = str | int | float


def with_settings(node: Node, model: type[Record], settings: Mapping[str, Value]) -> Node:
    """A new tree of the same record, in which every path holds its value."""
    for path, value in settings.items():
        node = with_setting(node, model, path, value)
    return node


def with_setting(node: Node, model: type[Record], path: str, value: Value) -> Node:
    """A new tree that shares with the old one what did not change."""
    steps = tuple(path.split("."))
    if not all(steps):
        raise YamlError(f"{path!r} is not a path", remedy="write it like 'memories.DRAM.bandwidth'")
    setting = _Setting(path, parse_setting(path, value))
    return _placed(_Slot(node, model), steps, setting, node.place)


def parse_setting(path: str, value: Value) -> Node:
    """What one setting says. Python code may give a number for its text, but not an array."""
    if getattr(value, "ndim", 0):
        fact = "an array is no setting; it takes the place of a number in what was loaded"
        raise YamlError(fact, at=Place(path), remedy="See accelsim.with_values")
    text = str(value)
    return parse_yaml(text, f"{path}={text[:60]}")


class _Setting(NamedTuple):
    path: str
    node: Node


class _Slot(NamedTuple):
    """What is written at a place, if anything, and the type of what may be written there."""

    node: Node | None
    type: Any


class _Below(NamedTuple):
    """The slots below one, by step; whether other names are free; what has them."""

    slots: Mapping[str, _Slot]
    free: bool
    owner: str


def _placed(slot: _Slot, steps: tuple[str, ...], setting: _Setting, place: Place) -> Node:
    if not steps:
        return setting.node
    place = slot.node.place if slot.node else place
    below, (step, *rest) = _below(slot), steps
    if step in below.slots:
        child = below.slots[step]
    elif below.free and not rest:
        child = _Slot(None, Any)
    else:
        raise _unknown(step, below, setting, place)
    here = slot.node if slot.node and slot.node.kind != "scalar" else Node(place, {})
    return _with_child(here, step, _placed(child, tuple(rest), setting, place))


def _with_child(node: Node, step: str, child: Node) -> Node:
    if not isinstance(node.content, tuple):
        return node.with_child(step, child)
    entries = _by_name(node.content).items()
    return Node(node.place, tuple(child if name == step else entry for name, entry in entries))


def _unknown(step: str, below: _Below, setting: _Setting, place: Place) -> YamlError:
    remedy = did_you_mean(step, below.slots) or f"It has {', '.join(below.slots) or 'nothing'}"
    fact = f"there is no {setting.path!r}: {below.owner} has no {step!r}"
    return YamlError(fact, at=place, remedy=remedy)


# --- what may stand below ------------------------------------------------------------------------


def _below(slot: _Slot) -> _Below:
    node, types = slot.node, _plain_types(slot.type)
    if node is not None and isinstance(node.content, tuple):
        of_entries = _argument(types, tuple, 0)
        entries = _by_name(node.content)
        return _Below({n: _Slot(e, of_entries) for n, e in entries.items()}, False, "this list")
    if node is not None and not isinstance(node.content, Mapping) and node.text:
        return _Below({}, False, repr(node.text[:60]))
    written = node.content if node is not None and isinstance(node.content, Mapping) else {}
    record = next((t for t in types if isinstance(t, type) and issubclass(t, Record)), None)
    if record is not None:
        return _Below(_of_record(record, written), False, record.__name__)
    of_names = _argument(types, dict, 1)
    slots = {name: _Slot(child, of_names) for name, child in written.items()}
    origins = [get_origin(each) for each in types]
    owner = (
        "this list" if tuple in origins else "this mapping" if slots or dict in origins else "it"
    )
    return _Below(slots, dict in origins, owner)


def _of_record(record: type[Record], written: Mapping[str, Node]) -> dict[str, _Slot]:
    return {
        key: _Slot(written.get(key), record.model_fields[field].annotation)
        for key, field in fields_by_key(record).items()
    }


def _plain_types(annotation: Any) -> tuple[Any, ...]:
    """The types that an annotation allows: both of `Rate | None`, the first of `Annotated`."""
    if get_origin(annotation) is Annotated:
        return _plain_types(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        return tuple(each for part in get_args(annotation) for each in _plain_types(part))
    return (annotation,)


def _argument(types: tuple[Any, ...], container: type, number: int) -> Any:
    """`Memory` of `tuple[Memory, ...]`; anything, where the types say nothing."""
    found = (get_args(t)[number] for t in types if get_origin(t) is container)
    return next(found, Any)


def _by_name(entries: tuple[Node, ...]) -> dict[str, Node]:
    return {_name(entry, number): entry for number, entry in enumerate(entries)}


def _name(entry: Node, number: int) -> str:
    name = entry.content.get("name") if isinstance(entry.content, Mapping) else None
    return name.text if name and name.text else str(number)
