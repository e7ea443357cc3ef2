"""One iteration: every sequence of an engine gets its next token, and prompts go on by chunks.

seconds     between two tokens of a sequence
busy_s      in which each device of a kind computes
port_s      in which each port of a link carries something
joules      of a kind of device beyond waiting, and of links: of all of them together
way_s       of one batch: what it spends on the model, attention, network and host
drain_s     until the last of the batches that share a pipeline is out, too: the end of a prompt
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple


class Chunk(NamedTuple):
    """`tokens` of a prompt after `done` of its tokens."""

    tokens: int
    done: int


class Batch(NamedTuple):
    """Sequences that decode, keys that they attend to in all, and chunks of prompts beside them."""

    sequences: int
    keys: int
    chunks: tuple[Chunk, ...] = ()

    @property
    def tokens(self) -> int:
        """That go through the model."""
        return self.sequences + sum(chunk.tokens for chunk in self.chunks)


@dataclass(frozen=True)
class Iteration:
    seconds: float
    busy_s: Mapping[str, float]
    port_s: Mapping[str, float]
    link_bytes: Mapping[str, float]
    joules: Mapping[str, float]
    way_s: Mapping[str, float]
    bound: str
    drain_s: float = 0.0
