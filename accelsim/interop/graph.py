"""A model's graph as other tools trace it, in the few words that an ONNX file and an exported torch
program have in common.

    product     a [.., m, k] times b [.., k, n] (b [n, k] if `transposed`), plus a bias [n]
    attention   queries, keys and values [.., h, p, e]; `scale`, `causal`; `heads`, of
                queries and of keys, if they are packed, [b, p, h·e]; a mask is added
    softmax     over the last axis
    scale       times a constant
    add         of two tensors
    view        the same numbers in another shape: nothing is computed
    part        some of the numbers

Every other node keeps the name of its tool. Shapes are whole numbers.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod
from typing import Any

KNOWN = ("product", "attention", "softmax", "scale", "add", "view", "part")


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
    """Nodes in an order in which they can run; `weights` are parameters, which no node makes."""

    name: str
    tensors: Mapping[str, Traced]
    nodes: tuple[Node, ...]
    weights: frozenset[str]
