"""YAML → nodes that remember the line they stand on.

Built from the parser's events, so that nothing is ever constructed from a tag and every limit is
checked while reading. Scalars follow YAML 1.2: `1e9` is a number, `12:30` and `yes` are text.
Keys are text as written. Refused: duplicate keys, tabs as indentation, tags, merge keys, several
documents, and what no honest input needs: more than 1 MB, 100,000 nodes after aliases are
expanded, 50 levels.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from accelsim.base.errors import Place, YamlError, did_you_mean
from accelsim.base.node import Node, Scalar

__all__ = ["Node", "Scalar", "parse_yaml", "read_head", "read_text", "read_yaml", "yaml_text"]

MOST_BYTES = 1_000_000
MOST_NODES = 100_000
MOST_LEVELS = 50

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_TAB = re.compile(r"^ *\t[ \t]*\S", re.MULTILINE)
_INTEGER = re.compile(r"[-+]?[0-9]{1,400}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_WORDS: Mapping[str, Scalar] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".inf", "+.inf", ".Inf"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf"), float("-inf")),
    **dict.fromkeys((".nan", ".NaN"), float("nan")),
}


def read_yaml(path: str | Path, tags: Collection[str] = ()) -> Node:
    """The file as a Node; every way it can be bad is one `YamlError`.

    `tags` are those that mean something to the caller (`!Memory`); they become the nodes' own. The
    file is read every time, and parsed only where its text is another than before: trees of nodes
    never change.
    """
    return _parsed(read_text(Path(path)), str(path), tuple(tags))


def parse_yaml(text: str, file: str = "<text>", tags: Collection[str] = ()) -> Node:
    tab = _TAB.search(text)
    if tab:
        line = text.count("\n", 0, tab.start()) + 1
        raise YamlError("a tab is used as indentation", at=Place(file, line), remedy="Use spaces")
    try:
        return _Builder(text, file, tags).document()
    except yaml.YAMLError as error:
        raise _syntax_error(error, file) from error


_parsed = lru_cache(maxsize=256)(parse_yaml)


def yaml_text(content: Mapping[str, Any]) -> str:
    """Plain data as YAML, in the order in which it is, short lists and mappings on one line."""
    style: dict[str, Any] = {"sort_keys": False, "default_flow_style": None, "width": 120}
    return str(yaml.dump(content, Dumper=_DUMPER, **style))


def read_head(path: str | Path, keys: tuple[str, ...]) -> dict[str, str]:
    """The text of some top-level scalar keys, read no further than needed; for catalogues."""
    found: dict[str, str] = {}
    try:
        for key, node in _Builder(read_text(Path(path)), str(path)).top_level():
            if key in keys:
                found[key] = node.text
            if len(found) == len(keys):
                break
    except yaml.YAMLError as error:
        raise _syntax_error(error, str(path)) from error
    return found


def read_text(path: Path) -> str:
    """All of a file of at most 1 MB; every way it can be bad is one `YamlError`."""
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise _unreadable(path, error) from error
    if len(data) > MOST_BYTES:
        raise YamlError("the file is larger than 1 MB", at=Place(str(path)), remedy=_TOO_LARGE)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise YamlError(
            "not UTF-8 text", at=Place(str(path), line), remedy="Save it as UTF-8"
        ) from error
    if not text.strip():
        raise YamlError("the file is empty", at=Place(str(path)))
    return text


_TOO_LARGE = "No input of accelsim is; is this the right file?"


def _unreadable(path: Path, error: OSError) -> YamlError:
    place = Place(str(path))
    if path.is_dir():
        return YamlError("is a folder, not a file", at=place, remedy="Name a YAML file in it")
    if isinstance(error, FileNotFoundError):
        if not path.parent.is_dir():
            return YamlError(f"no such file; there is no folder {str(path.parent)!r}", at=place)
        neighbours = [file.name for file in path.parent.iterdir() if file.is_file()]
        return YamlError("no such file", at=place, remedy=did_you_mean(path.name, neighbours))
    return YamlError(f"cannot be read: {error.strerror}", at=place)


def _syntax_error(error: yaml.YAMLError, file: str) -> YamlError:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    problem = getattr(error, "problem", None) or "a character that YAML does not allow"
    line = mark.line + 1 if mark else None
    return YamlError(f"not YAML: {problem}", at=Place(file, line), remedy=_HINTS.get(problem))


_HINTS = {
    "mapping values are not allowed in this context": 'Put text that contains ": " into quotes',
    "mapping values are not allowed here": 'Put text that contains ": " into quotes',
    "found undefined alias": "An alias (*name) needs its anchor (&name) above it",
}


class _Built(NamedTuple):
    """A node, how many nodes it is with its aliases expanded, and how deep."""

    node: Node
    nodes: int
    levels: int


class _Builder:
    """Reads one document: events in, nodes out; counts as it goes."""

    def __init__(self, text: str, file: str, tags: Collection[str] = ()) -> None:
        self.file = file
        self.tags = (None, "!", *tags)
        self.events: Iterator[Any] = iter(yaml.parse(text, Loader=_LOADER))
        self.anchors: dict[str, _Built] = {}
        self.nodes = 0

    def document(self) -> Node:
        event = self._first()
        built = self._build(event, 1)
        next(self.events)
        end = next(self.events)
        if not isinstance(end, yaml.StreamEndEvent):
            raise YamlError(
                "a second document begins", at=self._place(end), remedy="Keep one a file"
            )
        return built.node

    def top_level(self) -> Iterator[tuple[str, Node]]:
        if isinstance(self._first(), yaml.MappingStartEvent):
            while not isinstance(event := next(self.events), yaml.MappingEndEvent):
                key = self._build(event, 2).node
                yield key.text, self._build(next(self.events), 2).node

    def _first(self) -> Any:
        next(self.events)
        event = next(self.events)
        if isinstance(event, yaml.StreamEndEvent):
            raise YamlError("the file is empty", at=Place(self.file))
        return next(self.events)

    def _build(self, event: Any, level: int) -> _Built:
        place = self._place(event)
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, level)
        if event.tag not in self.tags:
            raise YamlError(f"the tag {event.tag!r} is not read", at=place, remedy="Remove it")
        self._count(1, level, place)
        built = _tagged(self._of_kind(event, place, level), event.tag)
        if event.anchor is not None:
            self.anchors[event.anchor] = built
        return built

    def _of_kind(self, event: Any, place: Place, level: int) -> _Built:
        if isinstance(event, yaml.ScalarEvent):
            quoted = event.style in ("'", '"', "|", ">")
            value = event.value if quoted else _resolved(event.value)
            return _Built(Node(place, value, event.value), 1, 1)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(place, level)
        return self._mapping(place, level)

    def _alias(self, event: Any, level: int) -> _Built:
        built = self.anchors.get(event.anchor)
        if built is None:
            raise YamlError(
                f"the alias *{event.anchor} has no anchor above it", at=self._place(event)
            )
        self._count(built.nodes, level + built.levels - 1, self._place(event))
        return built

    def _sequence(self, place: Place, level: int) -> _Built:
        entries: list[_Built] = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            entries.append(self._build(event, level + 1))
        return _measured(Node(place, tuple(entry.node for entry in entries)), entries)

    def _mapping(self, place: Place, level: int) -> _Built:
        values: dict[str, _Built] = {}
        places: dict[str, Place] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            key = self._key(event, level, places)
            places[key] = self._place(event)
            values[key] = self._build(next(self.events), level + 1)
        content = {key: built.node for key, built in values.items()}
        return _measured(Node(place, content, key_places=places), list(values.values()))

    def _key(self, event: Any, level: int, known: Mapping[str, Place]) -> str:
        place = self._place(event)
        key = self._build(event, level + 1).node
        if key.kind != "scalar":
            raise YamlError(f"a {key.kind} cannot be a key", at=place)
        if key.text == "<<":
            raise YamlError("merge keys ('<<') are not read", at=place, remedy="Write the keys out")
        if key.text in known:
            first = known[key.text].line
            raise YamlError(
                f"{key.text!r} is given twice, first on line {first}", at=place, remedy="Keep one"
            )
        return key.text

    def _count(self, nodes: int, level: int, place: Place) -> None:
        self.nodes += nodes
        if self.nodes > MOST_NODES:
            fact = f"more than {MOST_NODES:,} entries once aliases are expanded"
            raise YamlError(fact, at=place, remedy="No input of accelsim needs as many")
        if level > MOST_LEVELS:
            raise YamlError(f"nested deeper than {MOST_LEVELS} levels", at=place)

    def _place(self, event: Any) -> Place:
        return Place(self.file, event.start_mark.line + 1)


def _tagged(built: _Built, tag: str | None) -> _Built:
    return built._replace(node=replace(built.node, tag=tag)) if tag not in (None, "!") else built


def _measured(node: Node, parts: list[_Built]) -> _Built:
    nodes = 1 + sum(part.nodes for part in parts)
    return _Built(node, nodes, 1 + max((part.levels for part in parts), default=0))


def _resolved(text: str) -> Scalar:
    """The value of a plain (unquoted) scalar."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text
