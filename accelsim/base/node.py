"""A piece of YAML and the line it stands on: a scalar, a mapping or a sequence.

Trees of nodes never change; `base.setting` gives a new tree that shares what did not change.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from accelsim.base.errors import Place, YamlError, did_you_mean

Scalar = str | int | float | bool | None


@dataclass(frozen=True)
class Node:
    """A scalar, a mapping or a sequence, and its place; the wrong kind is a `YamlError`."""

    place: Place
    content: Scalar | Mapping[str, "Node"] | tuple["Node", ...]
    text: str = ""  # a scalar as written
    key_places: Mapping[str, Place] | None = None
    tag: str = ""  # of files of other tools, whose tags mean something

    @property
    def kind(self) -> str:
        if isinstance(self.content, Mapping):
            return "mapping"
        return "sequence" if isinstance(self.content, tuple) else "scalar"

    @property
    def value(self) -> Scalar:
        if isinstance(self.content, Mapping | tuple):
            raise YamlError(f"expected one value, found a {self.kind}", at=self.place)
        return self.content

    def items(self) -> list[tuple[str, "Node"]]:
        return list(self._mapping().items())

    def keys(self) -> list[str]:
        return list(self._mapping())

    def elements(self) -> list["Node"]:
        if not isinstance(self.content, tuple):
            raise YamlError(
                f"expected a list, found {self._seen()}",
                at=self.place,
                remedy="write it like '[a, b]' or as '- ' lines",
            )
        return list(self.content)

    def get(self, key: str) -> "Node | None":
        return self._mapping().get(key)

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def __contains__(self, key: object) -> bool:
        return key in self._mapping()

    def __getitem__(self, key: str) -> "Node":
        found = self.get(key)
        if found is None:
            raise YamlError(
                f"{key!r} is missing", at=self.place, remedy=did_you_mean(key, self.keys())
            )
        return found

    def nearest(self, path: Sequence[str | int]) -> "Node":
        """The node at the path, or the last one on the way to it that is written."""
        node = self
        for step in path:
            if isinstance(step, int):
                node = node.elements()[step]
            elif step in node:
                node = node[step]
        return node

    def key_place(self, key: str) -> Place:
        """Where the key stands; its value may begin on a later line."""
        return (self.key_places or {}).get(key, self.place)

    def with_child(self, key: str, child: "Node") -> "Node":
        """A mapping in which the key has this value; one that is new goes last."""
        places = {key: child.place, **(self.key_places or {})}
        return Node(self.place, {**self._mapping(), key: child}, key_places=places)

    def to_plain(self) -> Any:
        """The same as dicts, lists and Python scalars, without the places."""
        if isinstance(self.content, Mapping):
            return {key: node.to_plain() for key, node in self.content.items()}
        if isinstance(self.content, tuple):
            return [node.to_plain() for node in self.content]
        return self.content

    def _mapping(self) -> Mapping[str, "Node"]:
        if not isinstance(self.content, Mapping):
            raise YamlError(
                f"expected 'key: value' lines, found {self._seen()}",
                at=self.place,
                remedy="a space must follow the colon" if ":" in self.text else None,
            )
        return self.content

    def _seen(self) -> str:
        return (
            f"a {self.kind}"
            if self.kind != "scalar"
            else repr(self.text[:60])
            if self.text
            else "nothing"
        )
