"""Messages over links, and the collectives that are made of them.

A path of several links has the sum of their latencies and the least of their bandwidths. Of t
devices, each with a port of its own, that hold b bytes:

    one message      latency + messages · overhead + b / bandwidth
    all-reduce       the faster of  each reads what all others have, at once: latency + (t-1) b / bw
                                    a ring: 2 (t-1) latency + 2 (t-1)/t · b / bw
    all-gather       of b / t each: latency + (t-1)/t · b / bw
    all-to-all       of b each, a t-th to everyone: latency + (t-1)/t · b / bw

Where `groups` of t devices do the same at once, they send so many times the bytes; on a shared link
all ports of all groups take turns. Ring: Patarasuk and Yuan, J. Parallel Distrib. Comput. 69(2),
2009; reading at once is what serving libraries do with the small messages of decoding.
"""

from dataclasses import dataclass

from accelsim.arch.system import Link, System


@dataclass(frozen=True)
class Path:
    """What a message meets between two devices."""

    links: tuple[Link, ...]
    users: int = 1
    """That do the same at once, as replicas of a model may: on a shared link they take turns."""

    @property
    def latency_s(self) -> float:
        return float(sum(link.latency_s for link in self.links))

    @property
    def message_s(self) -> float:
        """A message is put on its way once."""
        return float(max(link.message_s for link in self.links))

    @property
    def bytes_per_s(self) -> float:
        return min(link.bytes_per_s for link in self.links)

    @property
    def shared(self) -> bool:
        return any(link.shared for link in self.links)

    def port_s(self, port_bytes: float, ports: int, messages: int = 1) -> float:
        """The time for which a port is busy, where so many send as much at once."""
        turns = ports * self.users if self.shared else 1
        return turns * (messages * self.message_s + port_bytes / self.bytes_per_s)

    def seconds(self, port_bytes: float, ports: int = 1, messages: int = 1) -> float:
        """From the first byte's start to the last one's arrival."""
        return self.latency_s + self.port_s(port_bytes, ports, messages)

    def energy_j(self, size_bytes: float) -> float:
        """Of all bytes that are sent, over every link of the path."""
        return sum(link.energy_j(size_bytes) for link in self.links)


@dataclass(frozen=True)
class Sent:
    """What a transfer or a collective takes: seconds, those of a port, and bytes in all."""

    seconds: float
    port_s: float
    bytes: float

    def times(self, number: float) -> "Sent":
        """One after the other."""
        return Sent(self.seconds * number, self.port_s * number, self.bytes * number)


NOTHING = Sent(0.0, 0.0, 0.0)


def path_between(system: System, one: str, other: str) -> Path:
    return Path(system.route(one, other))


def path_within_replica(system: System) -> Path:
    """Among its devices, while all replicas do the same."""
    own = system.model_device.name
    return Path(system.route(own, own), users=system.replicas)


def all_reduce(path: Path, devices: int, size_bytes: float, groups: int = 1) -> Sent:
    """`size_bytes` on each of so many devices, added up for all of them."""
    if devices == 1:
        return NOTHING
    others = devices - 1
    ports, part_bytes = groups * devices, size_bytes / devices
    at_once = _sent(path, ports, others * size_bytes, others, rounds=1)
    ring = _sent(path, ports, 2 * others * part_bytes, 2 * others, rounds=2 * others)
    return min(at_once, ring, key=lambda sent: sent.seconds)


def all_gather(path: Path, devices: int, size_bytes: float, groups: int = 1) -> Sent:
    """Parts of `size_bytes` in all, put together on each device."""
    if devices == 1:
        return NOTHING
    others = devices - 1
    return _sent(path, groups * devices, others / devices * size_bytes, others, rounds=1)


def all_to_all(path: Path, devices: int, size_bytes: float, groups: int = 1) -> Sent:
    """`size_bytes` on each device, an equal part for every device."""
    return all_gather(path, devices, size_bytes, groups)


def _sent(path: Path, ports: int, port_bytes: float, messages: int, rounds: int) -> Sent:
    port_s = path.port_s(port_bytes, ports, messages)
    return Sent(rounds * path.latency_s + port_s, port_s, ports * port_bytes)
