"""How long copies from one device's memory to the other's take.

A copy alone, by events around it; many, one after the other, started by Python ahead of time; and
from a CUDA graph: one after the other, to and fro, and both ways at once. The data lie in L2 if
they fit there, as what a layer has just computed does.
"""

from typing import Any

from accelsim.validation.gpu_timing import burst
from accelsim.validation.offload.cases import PeerCopy
from accelsim.validation.offload.devices import Pair, random_source
from accelsim.validation.offload.layer import send

MOST_IN_A_CHAIN = 20
FEWEST_IN_A_CHAIN = 4
CHAIN_BYTES = 2**28


def timed_copy(call: PeerCopy, pair: Pair) -> dict[str, Any]:
    """ms, min_ms, max_ms and runs of a copy alone; under `parts` the others, each per copy (of both
    ways at once: per two)."""
    home, far, home_back, far_back = (
        _bytes(call.bytes, device) for device in (pair.first, pair.second) * 2
    )
    many = copies_in_a_chain(call.bytes)
    # What was prepared is not on the streams of the pair.
    pair.wait()

    def chain() -> None:
        for _ in range(many):
            send(home, far)

    def to_and_fro() -> None:
        for _ in range(many):
            send(home, far)
            send(far, home)

    def both_ways() -> None:
        for _ in range(many):
            send(home, far)
        with pair.aside():
            for _ in range(many):
                send(far_back, home_back)

    recorded = pair.recorded(chain)
    alone = burst(pair.queued(lambda: send(home, far)), pair)
    parts = {
        "form": recorded.form,
        "peer_access": pair.peer_access,
        "back_to_back_ms": burst(pair.queued(chain), pair).ms / many,
        "chain_ms": burst(recorded.run, pair).ms / many,
        "half_round_trip_ms": burst(pair.recorded(to_and_fro).run, pair).ms / (2 * many),
        "both_ways_ms": burst(pair.recorded(both_ways).run, pair).ms / many,
    }
    return {**vars(alone), "parts": parts}


def copies_in_a_chain(size_bytes: int) -> int:
    """Many of little, few of much."""
    return max(FEWEST_IN_A_CHAIN, min(MOST_IN_A_CHAIN, CHAIN_BYTES // size_bytes))


def _bytes(size: int, device: str) -> Any:
    import torch

    made = torch.empty(size, dtype=torch.uint8, device=device)
    return made.random_(0, 256, generator=random_source(device))
