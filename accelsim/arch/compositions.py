"""Operations made of others, from a table that several machines share.

    compute:
    - name: Array1D
      operations_from: compositions                arch/parts/compositions.yaml, or a file
      operations:
        mac: {energy: 17.2 pJ}
        add: {energy: 8.3 pJ}
        exp: {as: {mac: 6}}
        div: {energy: 36.3 pJ}

The array takes from the table what it can make of its own operations and of those taken before
(silu of sigmoid, sigmoid of exp, add and div), in the table's order. What the machine says itself
goes before the table.
"""

from functools import lru_cache

from accelsim.base.catalogue import find
from accelsim.base.errors import ArchError, CatalogueError
from accelsim.base.node import Node
from accelsim.base.record import Positive, Record, read_record
from accelsim.base.yamlfile import parse_yaml, read_text


class Composition(Record):
    """An operation as a number of others, one after the other, and who says so."""

    as_: dict[str, Positive]
    source: str


class Compositions(Record):
    about: str
    source: str
    operations: dict[str, Composition]


def composed(machine: Node) -> Node:
    """The machine with the operations of its tables written out; again changes nothing."""
    compute = machine.get("compute")
    if compute is None or compute.kind != "sequence":
        return machine
    arrays = tuple(_composed_array(array) for array in compute.elements())
    return machine.with_child("compute", Node(compute.place, arrays))


def _composed_array(array: Node) -> Node:
    """As it is, if it names no table or is not what an array should be; reading it will tell."""
    table, own = (
        (array.get("operations_from"), array.get("operations"))
        if array.kind == "mapping"
        else (None, None)
    )
    if table is None or own is None or table.kind != "scalar" or own.kind != "mapping":
        return array
    for name, operation in _operations(table).items():
        if name not in own and all(other in own for other in operation["as"]):
            own = own.with_child(name, operation)
    return array.with_child("operations", own)


def _operations(table: Node) -> dict[str, Node]:
    try:
        file = find(table.text, "parts")
    except CatalogueError as error:
        raise ArchError(error.fact, at=table.place, remedy=error.remedy) from error
    return _operations_of(read_text(file), str(file))


@lru_cache(maxsize=16)
def _operations_of(text: str, file: str) -> dict[str, Node]:
    """Those of a table, which every machine that is loaded asks for."""
    node = parse_yaml(text, file)
    read_record(node, Compositions)
    return dict(node["operations"].items())
