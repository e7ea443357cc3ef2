"""A system: devices of several kinds, joined by links, and how a model is laid out over them.

    devices    so many equal machines each, with a role and a price
               model      everything but attention          attention   attention alone
               both       all of a layer                    prefill     prompts alone
    links      between two kinds of devices, among those of one kind, or to a switch
    parallel   one replica of the model: tensor x pipeline x context devices of the model's kind;
               what is left makes further replicas; experts are spread over `expert` of them
    offload    how attention travels to the attention workers, and what overlaps with what; a system
               has both, or neither
    memory     what of a device's memory requests may have
    serving    how requests become batches

A link joins every pair of devices that it names, each at its own port; two names are joined by one
link at most. A message of b bytes over ports of which each has `bandwidth` takes

    latency + message + b / bandwidth

and a `shared` link carries one byte of one message at a time, whoever sends it.
"""

from collections.abc import Iterator
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar, Literal, NamedTuple

from accelsim.arch.gpu import Gpu
from accelsim.arch.spatial import Spatial
from accelsim.base.errors import ArchError, did_you_mean
from accelsim.base.notebook import InNotebook
from accelsim.base.record import Count, NonNegative, Rate, Record, Share

if TYPE_CHECKING:
    import networkx as nx

Machine = Gpu | Spatial
Role = Literal["model", "attention", "both", "prefill"]
Kernels = Literal[
    "flash",
    "cudnn",
    "efficient",
    "math",
    "flash3",
    "flash_decoding",
    "lean",
    "trtllm",
    "flash_mla",
]
"""Libraries of attention kernels, as calls name them (`Backend` of `workload.calls`)."""


class Device(Record):
    """`count` machines of one kind. `attention` names the library whose kernels a GPU runs.

    `set` puts values into the machine's file, by their paths. A price is one machine's.
    """

    name: str
    machine: str
    count: Count = 1
    role: Role
    price_usd_per_hour: NonNegative = 0
    attention: Kernels = "flash"
    set: dict[str, str | int | float] = {}
    source: str = ""


class Link(Record):
    """Between two names: `[A, A]` joins devices of one kind. Bandwidth is one port's, one way."""

    name: str
    between: tuple[str, str]
    bandwidth: Rate
    latency_s: NonNegative
    message_s: NonNegative = 0
    energy_pj_per_bit: NonNegative = 0
    shared: bool = False
    source: str

    @property
    def bytes_per_s(self) -> float:
        return float(self.bandwidth.per_second(1))

    def seconds(self, size_bytes: float, messages: int = 1) -> float:
        """One port's time for so many messages, one after the other, and the first one's way."""
        return float(self.latency_s + messages * self.message_s + size_bytes / self.bytes_per_s)

    def energy_j(self, size_bytes: float) -> float:
        return float(size_bytes * 8 * self.energy_pj_per_bit * 1e-12)


class Parallel(Record):
    """Of one replica: devices that share each layer's matrices (`tensor`), that hold different
    layers (`pipeline`) or different tokens (`context`). Of the tensor x context devices that share
    a layer, `expert` hold different experts."""

    tensor: Count = 1
    pipeline: Count = 1
    context: Count = 1
    expert: Count = 1


class Offload(Record):
    """How attention is moved to the attention workers.

    split                 by key/value heads, or every request's keys over all workers (`sequence`)
    send_q_early          queries are projected first and travel at once
    attend_while_kv_travels   old keys are attended to meanwhile; the new one is merged at the end
    batches               so many batches take turns: rotational staggered pipelining over
                          `batches` - 1 replicas of the model; 1 is no pipelining
    """

    split: Literal["heads", "sequence"] = "heads"
    send_q_early: bool = True
    attend_while_kv_travels: bool = True
    batches: Count = 2


class MemoryRules(Record):
    """Of a device's memory: the share that may be used, what is kept free, tokens of a page."""

    usable: Share = 0.9
    reserve_bytes: NonNegative = 0
    page: Count = 16


class Serving(Record):
    """How requests become batches.

    prefill   `here`: prompts in chunks, so that an iteration has at most `chunk` tokens, those that
              decode among them; `apart`: on the devices with the role `prefill`, whose keys and
              values then travel; `elsewhere`: they arrive done
    admit     a request when there is room for its `prompt`, or for all it will need (`whole`)
    overhead  of the host between two iterations
    """

    prefill: Literal["here", "apart", "elsewhere"] = "here"
    chunk: Count = 2048
    admit: Literal["prompt", "whole"] = "prompt"
    most_sequences: Count = 4096
    overhead_s: NonNegative = 0


class Worker(NamedTuple):
    """One device: `H20.3` is the fourth of its kind."""

    kind: str
    number: int

    def __str__(self) -> str:
        return f"{self.kind}.{self.number}"


class System(Record, InNotebook):
    html_by: ClassVar[str] = "accelsim.arch.html"

    about: str
    source: str
    notes: str = ""
    devices: tuple[Device, ...]
    switches: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()
    parallel: Parallel = Parallel()
    offload: Offload | None = None
    memory: MemoryRules = MemoryRules()
    serving: Serving = Serving()

    @property
    def usd_per_hour(self) -> float:
        return float(sum(each.count * each.price_usd_per_hour for each in self.devices))

    @property
    def model_device(self) -> Device:
        """The kind that holds the weights."""
        return next(each for each in self.devices if each.role in ("model", "both"))

    @property
    def attention_device(self) -> Device | None:
        """The kind that attends and holds keys and values; None where models do it themselves."""
        return self._of_role("attention")

    @property
    def prefill_device(self) -> Device | None:
        return self._of_role("prefill")

    @property
    def replicas(self) -> int:
        """Copies of the model."""
        return self.model_device.count // devices_of_a_replica(self.parallel)

    def device(self, name: str) -> Device:
        for each in self.devices:
            if each.name == name:
                return each
        known = [each.name for each in self.devices]
        raise ArchError(f"the system has no device {name!r}", remedy=did_you_mean(name, known))

    def workers(self) -> Iterator[Worker]:
        return (Worker(each.name, n) for each in self.devices for n in range(each.count))

    @cached_property
    def graph(self) -> "nx.Graph":
        """Kinds of devices and switches, joined by links (`link` of an edge); a kind that is
        linked with itself has a loop."""
        # networkx takes a while to load, and only systems need it.
        import networkx as nx

        graph = nx.Graph()
        graph.add_nodes_from([*(each.name for each in self.devices), *self.switches])
        for link in self.links:
            graph.add_edge(*link.between, link=link, latency=link.latency_s)
        return graph

    def route(self, one: str, other: str) -> tuple[Link, ...]:
        """The links that a message takes, of least latency; within a kind, its own, or else through
        a switch and back.

        Raises
        ------
        ArchError
            if the system has no device or switch of these names, or no chain of links joins them.
        """
        # Every iteration of a simulation asks for the same few.
        if (one, other) not in self._routes:
            self._routes[one, other] = self._found_route(one, other)
        return self._routes[one, other]

    @cached_property
    def _routes(self) -> dict[tuple[str, str], tuple[Link, ...]]:
        return {}

    def _found_route(self, one: str, other: str) -> tuple[Link, ...]:
        for name in (one, other):
            if name not in self.graph:
                remedy = did_you_mean(name, self.graph)
                raise ArchError(f"the system has no device or switch {name!r}", remedy=remedy)
        links = self.graph.edges
        if (one, other) in links and one == other:
            return (links[one, one]["link"],)
        if one == other:
            switch = next((each for each in self.switches if (one, each) in links), None)
            path = [one, switch, one] if switch else []
        else:
            path = _least_latency(self.graph, one, other)
        if path:
            return tuple(links[pair]["link"] for pair in pairwise(path))
        fact = f"no link joins {one} and {other}"
        raise ArchError(fact, remedy=f"Add one with between: [{one}, {other}]")

    def _of_role(self, role: Role) -> Device | None:
        return next((each for each in self.devices if each.role == role), None)


def devices_of_a_replica(parallel: Parallel) -> int:
    return parallel.tensor * parallel.pipeline * parallel.context


def _least_latency(graph: "nx.Graph", one: str, other: str) -> list[str]:
    """The names on the way; none if there is no way."""
    import networkx as nx

    try:
        return list(nx.shortest_path(graph, one, other, weight="latency"))
    except nx.NetworkXNoPath:
        return []
