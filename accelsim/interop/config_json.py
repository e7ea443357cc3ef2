"""A `config.json` as keys whose values know their lines."""

import json
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from accelsim.base.errors import InputError, Place, YamlError
from accelsim.base.node import Node
from accelsim.base.yamlfile import parse_yaml, read_text


def read_json(path: Path) -> Node:
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
class Config:
    """The keys of the file, of which `known` are read; a wrong value is an InputError at its
    line."""

    node: Node
    known: frozenset[str]

    def value(self, key: str, default: Any = None) -> Any:
        """A key that is missing while one that nobody knows is spelled almost so is an error."""
        child = self.node.get(key)
        if child is None:
            unknown = [each for each in self.node if each not in self.known]
            for each in get_close_matches(key, unknown, n=1, cutoff=0.9):
                fact = f"{each!r} is no key of a config.json"
                remedy = f"Did you mean {key!r}?"
                raise InputError(fact, at=self.node.key_place(each), remedy=remedy)
        return default if child is None else child.to_plain()

    def size(self, key: str, default: int | None = None) -> int:
        """A whole number above 0."""
        value = self.value(key, default)
        if key not in self.node and default is None:
            remedy = f"Add a line like '\"{key}\": 4096,'"
            raise InputError(f"{key!r} is missing", at=self.node.place, remedy=remedy)
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
