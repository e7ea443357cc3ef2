"""A model's graph as other tools trace it, in the few words that an ONNX file and an exported torch
program have in common.

    product     a [.., m, k] times b [.., k, n] (b [n, k] if `transposed`), plus a bias [n]
    attention   queries, keys and values [.., h, p, e], then masks, of each of which `masks` says
                "add", "keep" or "hide"; `scale`; a `band` of keys that are seen besides
    softmax     over the last axis
    scale       times a constant
    add         of two tensors
    choose      the second where the first is true, else the third
    view        the same numbers in another shape, in another `order` of ranks, or repeated, ranks
                as a whole or `each` element of one: nothing is computed
    part        some of the numbers
    join        several tensors end to end: keys of a cache and those of new tokens

Every other node keeps the name of its tool (`foreign`). Shapes are whole numbers.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import prod
from typing import Any

WORDS = frozenset(
    ("product", "attention", "softmax", "scale", "add", "choose", "view", "part", "join")
)


def foreign(op: str) -> str:
    """A tool's name of an operation that is not understood, where it is one of these words."""
    return f"other.{op}" if op in WORDS else op


@dataclass(frozen=True)
class Traced:
    """A tensor: its shape, and the bytes of an element."""

    shape: tuple[int, ...]
    word_bytes: float = 2

    @property
    def elements(self) -> int:
        return prod(self.shape)


@dataclass(frozen=True)
class Node:
    """An operation, by the names of what it reads and makes; `said` is what it is told besides."""

    op: str
    name: str
    reads: tuple[str, ...]
    makes: tuple[str, ...]
    said: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Graph:
    """Nodes in an order in which they can run; `weights` are parameters, which no node makes.

    `values` are the tensors that are known beforehand, as arrays, and `too_large` those that would
    be; `inputs` are given when it runs.
    """

    name: str
    tensors: Mapping[str, Traced]
    nodes: tuple[Node, ...]
    weights: frozenset[str]
    values: Mapping[str, Any] = field(default_factory=dict)
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    too_large: frozenset[str] = frozenset()

    @cached_property
    def makers(self) -> Mapping[str, Node]:
        """The node that makes a tensor."""
        return {name: node for node in self.nodes for name in node.makes}

    @cached_property
    def readers(self) -> Mapping[str, tuple[Node, ...]]:
        """The nodes that read a tensor."""
        found: dict[str, list[Node]] = {}
        for node in self.nodes:
            for name in dict.fromkeys(node.reads):
                found.setdefault(name, []).append(node)
        return {name: tuple(nodes) for name, nodes in found.items()}
